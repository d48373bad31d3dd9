"""What each ONNX operator is to the simulator."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
import onnx

from accelsim.workload.nodes import Activation, Add, BatchNorm, Concat, Flatten, GraphError, Pool, View
from accelsim.workload.onnx_frontend.activations import ACTIVATIONS
from accelsim.workload.onnx_frontend.affine import ARITHMETIC, affine_of, attributes, is_by_channel, why_unfoldable
from accelsim.workload.onnx_frontend.constants import ValuesAbsentError
from accelsim.workload.onnx_frontend.reading import Reading
from accelsim.workload.onnx_frontend.unmodelled import unmodelled
from accelsim.workload.onnx_frontend.weighted import conv, gemm, matmul
from accelsim.workload.onnx_frontend.windows import Padding, pads_whole_windows, window_of
from accelsim.workload.shapes import Shape

_FLOATS = frozenset(
    {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16, onnx.TensorProto.DOUBLE}
)


def translate(reading: Reading, index: int) -> None:
    """Append what an operator of the model is to the graph, unless it is part of another."""
    node = reading.wiring.nodes[index]
    if index in reading.done:
        return
    if index in reading.written_out:
        group = reading.written_out[index]
        activation = Activation(name=reading.name_of(index), inputs=reading.reads(group.reads), kind=group.kind)
        reading.deliver(node.output[0], activation, *group.nodes)
        return
    translation = _TRANSLATIONS.get(node.op_type) if node.domain in ("", "ai.onnx") else None
    if translation is None or _is_irregular(reading, index) or not translation(reading, index):
        unmodelled(reading, index)


def _is_irregular(reading: Reading, index: int) -> bool:
    """Whether an operator does not make one result of features, but another of constants or further ones."""
    node = reading.wiring.nodes[index]
    of_constant = node.input[0] in reading.constants and node.op_type not in (*ARITHMETIC, "Sum", "Concat")
    return of_constant or _has_further_results(reading, index)


def _has_further_results(reading: Reading, index: int) -> bool:
    """Whether something reads what an operator delivers besides its first result, as the indices of maxima."""
    node = reading.wiring.nodes[index]
    wiring = reading.wiring
    return node.op_type != "Split" and any(name in wiring.readers or name in wiring.outputs for name in node.output[1:])


# Each of what follows returns whether it has a model for the operator as it is here.


def _activation(reading: Reading, index: int) -> bool:
    node = reading.wiring.nodes[index]
    kind = ACTIVATIONS[node.op_type]
    if kind == "clip":
        kind = _kind_of_clip(reading, index)
    activation = Activation(name=reading.name_of(index), inputs=reading.reads(node.input[0]), kind=kind)
    reading.deliver(node.output[0], activation, index)
    return True


def _kind_of_clip(reading: Reading, index: int) -> Literal["relu", "relu6", "clip"]:
    node, options = reading.wiring.nodes[index], attributes(reading.wiring.nodes[index])
    bounds = [options.get("min", -np.inf), options.get("max", np.inf)]
    for position, name in enumerate(node.input[1:3]):
        if name:
            bound = reading.constants.values_at_hand(name)
            if bound is None:
                return "clip"
            bounds[position] = float(bound.reshape(()))
    largest_float = float(np.finfo(np.float32).max)
    if bounds[0] == 0 and bounds[1] >= largest_float:
        return "relu"
    return "relu6" if bounds == [0, 6] else "clip"


def _batchnorm(reading: Reading, index: int) -> bool:
    """Append a BatchNormalization, or arithmetic by channel, with the arithmetic by channel behind it."""
    node = reading.wiring.nodes[index]
    tensor = reading.moving(index)[0]
    channels = reading.image(tensor).channels
    if len(reading.sides(tensor)) < 2 or reading.sides(tensor)[1] != channels:
        return False
    origin = [index]
    following = reading.wiring.sole_reader(node.output[0])
    while following is not None and _is_scale(reading, following):
        origin.append(following)
        reading.done.add(following)
        following = reading.wiring.sole_reader(reading.wiring.nodes[following].output[0])
    batchnorm = BatchNorm(
        name=reading.name_of(index),
        inputs=reading.reads(tensor),
        unfoldable=_why_unfoldable(reading, origin, channels),
    )
    reading.deliver(reading.wiring.nodes[origin[-1]].output[0], batchnorm, *origin)
    return True


def _is_scale(reading: Reading, index: int) -> bool:
    node = reading.wiring.nodes[index]
    return not reading.is_part_of_another(index) and is_by_channel(node, reading.shapes, reading.constants, axis=1)


def _why_unfoldable(reading: Reading, origin: list[int], channels: int) -> str:
    nodes = [reading.wiring.nodes[index] for index in origin]
    reason = ""
    if nodes[0].op_type == "BatchNormalization":
        reason = why_unfoldable(nodes[0], reading.shapes, reading.constants, channels)
    try:
        for node in nodes if not reason else []:
            affine_of(node, reading.constants, channels)
    except ValuesAbsentError:
        return ""  # in a file without weights it counts as one that can be folded
    except ValueError as error:
        return str(error)
    return reason


def _arithmetic(reading: Reading, index: int) -> bool:
    node = reading.wiring.nodes[index]
    if _is_scale(reading, index):
        return _batchnorm(reading, index)
    moving = reading.moving(index)
    same = len({tuple(reading.sides(name)) for name in (*moving, node.output[0])}) == 1
    if node.op_type not in ("Add", "Sum") or len(moving) != len(node.input) or not same:
        return False
    name = reading.name_of(index)
    total = reading.reads(moving[0])[0]
    if len(moving) == 1:
        reading.pass_on(node.output[0], moving[0])
    for number, tensor in enumerate(moving[1:], start=1):
        is_last = number == len(moving) - 1
        add = Add(name=name if is_last else reading.unique(f"{name}.{number}"), inputs=(total, *reading.reads(tensor)))
        reading.deliver(node.output[0], add, index)
        total = add.name
    return True


def _pool(reading: Reading, index: int) -> bool:
    node, options = reading.wiring.nodes[index], attributes(reading.wiring.nodes[index])
    source, result = reading.sides(node.input[0]), reading.sides(node.output[0])
    if len(source) not in (3, 4) or not reading.has_batch(node.input[0]):
        return False
    window = window_of(options, options["kernel_shape"], source[2:], result[2:])
    if pads_whole_windows(window):
        return False
    kind: Literal["max", "avg"] = "max" if node.op_type == "MaxPool" else "avg"
    pool = Pool(name=reading.name_of(index), inputs=reading.reads(node.input[0]), kind=kind, window=window)
    reading.deliver(node.output[0], pool, index)
    return True


def _global_pool(reading: Reading, index: int) -> bool:
    node = reading.wiring.nodes[index]
    if len(reading.sides(node.input[0])) not in (3, 4) or not reading.has_batch(node.input[0]):
        return False
    kind: Literal["max", "avg"] = "max" if node.op_type in ("GlobalMaxPool", "ReduceMax") else "avg"
    pool = Pool(name=reading.name_of(index), inputs=reading.reads(node.input[0]), kind=kind, window=None)
    reading.deliver(node.output[0], pool, index)
    return True


def _reduction(reading: Reading, index: int) -> bool:
    """A mean or maximum over all positions is global pooling."""
    node = reading.wiring.nodes[index]
    axes = attributes(node).get("axes")
    if axes is None and len(node.input) > 1:
        axes = reading.constants.values_at_hand(node.input[1])
    rank = len(reading.sides(node.input[0]))
    over_positions = axes is not None and sorted(int(axis) % rank for axis in axes) == list(range(2, rank))
    return over_positions and _global_pool(reading, index)


def _concat(reading: Reading, index: int) -> bool:
    node = reading.wiring.nodes[index]
    rank = len(reading.sides(node.output[0]))
    axes: dict[int, tuple[Literal["channels", "height", "width"] | None, ...]] = {
        2: (None, "channels"),
        3: (None, "channels", "width"),
        4: (None, "channels", "height", "width"),
    }
    moving = reading.moving(index)
    axis = axes[rank][attributes(node)["axis"] % rank] if rank in axes else None
    if len(moving) == len(node.input) == 1:
        reading.pass_on(node.output[0], moving[0])
        return True
    if axis is None or len(moving) != len(node.input) or not all(reading.has_batch(tensor) for tensor in moving):
        return False
    concat = Concat(name=reading.name_of(index), inputs=reading.reads(*moving), axis=axis)
    reading.deliver(node.output[0], concat, index)
    return True


def _pass_on(reading: Reading, index: int) -> bool:
    node = reading.wiring.nodes[index]
    reading.pass_on(node.output[0], node.input[0])
    return True


def _cast(reading: Reading, index: int) -> bool:
    """From one type of floats to another costs nothing; integers are another matter, since they round."""
    node = reading.wiring.nodes[index]
    return attributes(node)["to"] in _FLOATS and _pass_on(reading, index)


def _dropout(reading: Reading, index: int) -> bool:
    node = reading.wiring.nodes[index]
    if len(node.input) > 2 and node.input[2]:
        training = reading.constants.values_at_hand(node.input[2])
        if training is None or training.any():
            return False
    return _pass_on(reading, index)


def _reshape(reading: Reading, index: int) -> bool:
    """The same elements in the same order: nothing at all, a vector, or a view."""
    node = reading.wiring.nodes[index]
    before, after = reading.sides(node.input[0]), reading.sides(node.output[0])
    if math.prod(before) != math.prod(after):
        raise GraphError(reading.name_of(index), f"cannot make {list(after)} of {list(before)}")
    source, result = reading.image(node.input[0]), reading.image(node.output[0])
    if result == source:
        return _pass_on(reading, index)
    if result == Shape(source.elements, 1, 1):
        flatten = Flatten(name=reading.name_of(index), inputs=reading.reads(node.input[0]))
        reading.deliver(node.output[0], flatten, index)
        return True
    return _view(reading, index)


def _view(reading: Reading, index: int) -> bool:
    """Other order, or a part: each result is a view of the first input."""
    node = reading.wiring.nodes[index]
    if reading.moving(index) != [node.input[0]]:
        return False
    name = reading.name_of(index)
    tensors = [tensor for tensor in node.output if tensor]
    source = reading.image(node.input[0])
    if any(reading.image(tensor).elements > source.elements for tensor in tensors):
        return False
    for number, tensor in enumerate(tensors):
        view = View(
            name=name if number == 0 else reading.unique(f"{name}.{number}"),
            inputs=reading.reads(node.input[0]),
            shape=reading.image(tensor),
        )
        reading.deliver(tensor, view, index)
    return True


def _pad(reading: Reading, index: int) -> bool:
    """Zeros around a feature map that only a convolution reads are the convolution's padding."""
    node, options = reading.wiring.nodes[index], attributes(reading.wiring.nodes[index])
    following = reading.wiring.sole_reader(node.output[0])
    reader = reading.wiring.nodes[following] if following is not None else None
    if reader is None or reader.op_type != "Conv" or reader.input[0] != node.output[0]:
        return False
    value = options.get("value", 0.0)
    if len(node.input) > 2 and node.input[2]:
        value = reading.constants.values_at_hand(node.input[2])
    zeros = _zeros_around(reading, index)
    if options.get("mode", b"constant") != b"constant" or value != 0 or zeros is None:
        return False
    reading.padded[node.output[0]] = zeros
    return _pass_on(reading, index)


def _zeros_around(reading: Reading, index: int) -> Padding | None:
    """Return what a Pad adds, unless it is not known, or also to batch or channels, or takes something away."""
    node, rank = reading.wiring.nodes[index], len(reading.sides(reading.wiring.nodes[index].input[0]))
    pads: list[int] | None = attributes(node).get("pads")
    axes = list(range(rank))
    if len(node.input) > 1:
        given = reading.constants.values_at_hand(node.input[1])
        pads = None if given is None else given.tolist()
    if len(node.input) > 3 and node.input[3]:
        some = reading.constants.values_at_hand(node.input[3])
        axes = [] if some is None else [int(axis) % rank for axis in some]
    if pads is None or len(pads) != 2 * len(axes) or min(pads, default=0) < 0:
        return None
    before, after = dict(zip(axes, pads, strict=False)), dict(zip(axes, pads[len(axes) :], strict=True))
    if any(padding.get(axis) for padding in (before, after) for axis in (0, 1)):
        return None
    return Padding(*(tuple(padding.get(axis, 0) for axis in range(2, rank)) for padding in (before, after)))


_TRANSLATIONS: dict[str, Callable[[Reading, int], bool]] = {
    "Conv": conv,
    "Gemm": gemm,
    "MatMul": matmul,
    "BatchNormalization": _batchnorm,
    **dict.fromkeys(ACTIVATIONS, _activation),
    **dict.fromkeys((*ARITHMETIC, "Sum"), _arithmetic),
    **dict.fromkeys(("MaxPool", "AveragePool"), _pool),
    **dict.fromkeys(("GlobalMaxPool", "GlobalAveragePool"), _global_pool),
    **dict.fromkeys(("ReduceMean", "ReduceMax"), _reduction),
    "Concat": _concat,
    "Pad": _pad,
    "Identity": _pass_on,
    "Cast": _cast,
    "Dropout": _dropout,
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), _reshape),
    **dict.fromkeys(("Transpose", "DepthToSpace", "SpaceToDepth", "Slice", "Split", "Gather"), _view),
}
