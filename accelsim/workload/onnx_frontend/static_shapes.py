"""The shape of every tensor of a model, for one shape of its inputs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx

from accelsim.errors import InputError
from accelsim.workload.onnx_frontend.constants import Array, ValuesAbsentError, evaluate, feature_inputs, tensor_values
from accelsim.workload.onnx_frontend.model import SMALL_ELEMENTS, is_small, skeleton
from accelsim.workload.shapes import MAX_ELEMENTS

_SHAPE_ARITHMETIC = frozenset(
    {"Constant", "Shape", "Size", "Gather", "Slice", "Concat", "Cast", "Squeeze", "Unsqueeze", "Reshape", "Transpose"}
    | {"Identity", "ConstantOfShape", "Range", "Expand", "Add", "Sub", "Mul", "Div", "Mod", "Neg", "Floor", "Ceil"}
    | {"Min", "Max", "Equal", "Less", "Greater", "Not", "And", "Or", "Where", "ReduceProd"}
)
"""Operators that exporters compute shapes with."""


class StaticShapes(NamedTuple):
    """Shapes by tensor, and values of the small tensors that shapes were computed with.

    ``batch`` is the first side of the model's first input.
    """

    shapes: dict[str, tuple[int, ...]]
    values: dict[str, Array]
    batch: int


def static_shapes(
    model: onnx.ModelProto,
    path: Path,
    input_shape: tuple[int, int, int] | None = None,
    open_side: int | None = None,
) -> StaticShapes:
    """Infer all shapes, with a batch of 1 where the file leaves it open.

    Parameters
    ----------
    model
        The model.
    path
        Its file, for errors.
    input_shape
        The sides of an image that the file leaves open, in the order in which it has them; see
        :func:`accelsim.workload.onnx_frontend.frontend.read_onnx`.
    open_side
        What to take for sides that are open all the same.

    Raises
    ------
    InputError
        If the file leaves sides open and they are not given, or gives others, or a tensor is empty or absurdly large.
    """
    bare = skeleton(model)
    batch = _fix_inputs(bare, set(feature_inputs(model)), path, input_shape, open_side)
    bare.graph.value_info.extend(_of_other_domains(model, batch))
    for output in bare.graph.output:
        output.type.tensor_type.ClearField("shape")
    values: dict[str, Array] = {}
    for tensor in bare.graph.initializer:
        with suppress(ValuesAbsentError):
            values[tensor.name] = tensor_values(tensor)
    while True:
        shapes = _inferred(bare, path)
        found = _computed(bare, shapes, values)
        if not found:
            break
        values |= found
        _replace_by_initializers(bare, found)
    _add_known_to_the_file(model, shapes)
    for name, sides in shapes.items():
        if min(sides, default=1) < 0 or _elements(sides) > MAX_ELEMENTS:
            raise InputError(f"tensor '{name}' has the absurd shape {list(sides)}", path=path)
    return StaticShapes(shapes, values, batch)


def _fix_inputs(
    bare: onnx.ModelProto,
    features: set[str],
    path: Path,
    input_shape: tuple[int, int, int] | None,
    open_side: int | None,
) -> int:
    batch = None
    for value in bare.graph.input:
        if value.name not in features:
            continue
        if not value.type.HasField("tensor_type"):
            raise InputError(f"its input '{value.name}' is no tensor", path=path)
        shape = value.type.tensor_type.shape
        sides = [side.dim_value if side.HasField("dim_value") else 0 for side in shape.dim]
        if sides and sides[0] <= 0:
            sides[0] = batch or 1
        if input_shape is not None and batch is None:
            sides[1:] = _given(sides[1:], input_shape, value.name, path)
        is_empty = any(side.HasField("dim_value") and side.dim_value == 0 for side in shape.dim)
        if open_side is not None and not is_empty:
            sides = [side if side > 0 else open_side for side in sides]
        _refuse_open(value, sides, path)
        for side, size in zip(shape.dim, sides, strict=True):
            side.dim_value = size
        batch = batch or (sides[0] if sides else 1)
    return batch or 1


def _given(sides: list[int], input_shape: tuple[int, int, int], name: str, path: Path) -> list[int]:
    """Fill in what the file leaves open; sides that it does not have must be 1."""
    given = [side for side in input_shape if side > 1] if len(sides) < len(input_shape) else list(input_shape)
    given += [1] * (len(sides) - len(given))
    fits = len(given) == len(sides) and all(side in (0, -1, new) for side, new in zip(sides, given, strict=True))
    if not fits:
        written = ", ".join(str(side) if side > 0 else "?" for side in sides)
        raise InputError(
            f"its input '{name}' has images of [{written}], so they cannot be {list(input_shape)}", path=path
        )
    return given


def _refuse_open(value: onnx.ValueInfoProto, sides: list[int], path: Path) -> None:
    if all(side > 0 for side in sides):
        if _elements(sides) > MAX_ELEMENTS:
            raise InputError(f"its input '{value.name}' has the absurd shape {sides}", path=path)
        return
    dimensions = value.type.tensor_type.shape.dim
    names = [side.dim_param or (str(side.dim_value) if side.HasField("dim_value") else "?") for side in dimensions]
    if any(side.HasField("dim_value") and side.dim_value == 0 for side in dimensions):
        raise InputError(f"its input '{value.name}' of shape [{', '.join(names)}] is empty", path=path)
    raise InputError(
        f"its input '{value.name}' of shape [{', '.join(names)}] leaves sides open: say how large an image is "
        "(run.input_shape in a configuration, --input-shape on the command line)",
        path=path,
    )


def _of_other_domains(model: onnx.ModelProto, batch: int) -> Iterator[onnx.ValueInfoProto]:
    """What the file says of results of operators that are not ONNX's own; the batch, where it is open, filled in."""
    made = {name for node in model.graph.node if node.domain not in ("", "ai.onnx") for name in node.output}
    for value in model.graph.value_info:
        if value.name in made and value.type.HasField("tensor_type"):
            declared = onnx.ValueInfoProto()
            declared.CopyFrom(value)
            for side in declared.type.tensor_type.shape.dim[:1]:
                if not side.HasField("dim_value"):
                    side.dim_value = batch
            yield declared


def _inferred(bare: onnx.ModelProto, path: Path) -> dict[str, tuple[int, ...]]:
    graph = _with_shapes(bare, path).graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        shape = _shape_of(value)
        if shape is not None:
            shapes[value.name] = shape
    return shapes


def _with_shapes(bare: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    try:
        return onnx.shape_inference.infer_shapes(bare, strict_mode=True)
    except (onnx.shape_inference.InferenceError, RuntimeError, ValueError) as error:
        raise InputError(f"its shapes do not fit together: {_without_codes(error)}", path=path) from None


def _without_codes(error: Exception) -> str:
    """Return what is wrong with the first operator at fault, of a message on them all."""
    lines = [line for line in str(error).splitlines() if "(op_type:" in line] or str(error).splitlines()
    return re.sub(r"\[\w+Error\] ?|Inference error\(s\): ?", "", lines[0] if lines else type(error).__name__)


def _shape_of(value: onnx.ValueInfoProto) -> tuple[int, ...] | None:
    tensor = value.type.tensor_type
    if not tensor.HasField("shape") or not all(side.HasField("dim_value") for side in tensor.shape.dim):
        return None
    return tuple(side.dim_value for side in tensor.shape.dim)


def _computed(
    bare: onnx.ModelProto, shapes: Mapping[str, tuple[int, ...]], values: Mapping[str, Array]
) -> dict[str, Array]:
    """Execute what computes shapes, as far as its inputs are known."""
    found: dict[str, Array] = {}
    for node in bare.graph.node:
        if node.op_type not in _SHAPE_ARITHMETIC or node.domain not in ("", "ai.onnx"):
            continue
        if node.op_type == "Shape" and node.input[0] in shapes:
            first, last = (_integer(node, key, default) for key, default in (("start", 0), ("end", None)))
            found[node.output[0]] = np.array(shapes[node.input[0]][first:last], dtype=np.int64)
            continue
        inputs = {name: found.get(name, values.get(name)) for name in node.input if name}
        known = {name: array for name, array in inputs.items() if array is not None}
        if len(known) < len(inputs) or _is_large_constant(node):
            continue
        results = evaluate(node, known, bare.opset_import, SMALL_ELEMENTS)
        if results is not None and all(array.size <= SMALL_ELEMENTS for array in results.values()):
            found |= results
    return found


def _is_large_constant(node: onnx.NodeProto) -> bool:
    return not all(is_small(attribute.t) for attribute in node.attribute if attribute.HasField("t"))


def _integer(node: onnx.NodeProto, key: str, default: int | None) -> int | None:
    return next((attribute.i for attribute in node.attribute if attribute.name == key), default)


def _replace_by_initializers(bare: onnx.ModelProto, found: Mapping[str, Array]) -> None:
    left = [node for node in bare.graph.node if not any(name in found for name in node.output)]
    del bare.graph.node[:]
    bare.graph.node.extend(left)
    bare.graph.initializer.extend(onnx.numpy_helper.from_array(array, name) for name, array in found.items())


def _add_known_to_the_file(model: onnx.ModelProto, shapes: dict[str, tuple[int, ...]]) -> None:
    """Take shapes that cannot be inferred, as those behind operators of other domains, from the file."""
    for value in (*model.graph.value_info, *model.graph.output):
        if value.name not in shapes:
            shape = _shape_of(value)
            if shape is not None:
                shapes[value.name] = shape


def _elements(sides: tuple[int, ...] | list[int]) -> int:
    elements = 1
    for side in sides:
        elements *= side
    return elements
