"""An ONNX file, read and checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import google.protobuf.message
import onnx
import onnx.inliner
from onnx import external_data_helper

from accelsim.documents.files import fault_of_file
from accelsim.documents.wording import shortened
from accelsim.errors import InputError
from accelsim.workload.shapes import MAX_ELEMENTS

OLDEST_OPSET = 7

SMALL_ELEMENTS = 1024
"""Tensors of up to this many elements are left where shapes are inferred: they may say what shape something has."""

MAX_MESSAGE_CHARACTERS = 300

_VALUE_FIELDS = frozenset(
    {"raw_data", "float_data", "double_data", "int32_data", "int64_data", "uint64_data", "string_data"}
)


def load_model(path: Path, *, weights: bool = False) -> onnx.ModelProto:
    """Read a model, and check that it is one.

    Parameters
    ----------
    path
        The file.
    weights
        Whether to read weights that lie in other files, too.

    Raises
    ------
    InputError
        If the file cannot be read, is no ONNX model that holds together, or needs a file that is not there.
    """
    model = _parsed(path)
    if model.functions:
        model = _inlined(model, path)
    _check_opset(model, path)
    for tensor in model.graph.initializer:
        _check_tensor(tensor, path)
    try:
        onnx.checker.check_model(skeleton(model))
    except (onnx.checker.ValidationError, ValueError) as error:
        raise InputError(f"not a valid ONNX model: {_in_a_line(error)}", path=path) from None
    if weights:
        _load_external(model, path)
    return model


def _parsed(path: Path) -> onnx.ModelProto:
    fault = fault_of_file(path)
    if fault:
        raise InputError(fault, path=path)
    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path=path) from None
    except google.protobuf.message.DecodeError:
        raise InputError("not an ONNX model, or not the whole of one", path=path) from None
    if not model.graph.node or not model.opset_import:
        raise InputError("not an ONNX model: it has no operators", path=path)
    return model


def _inlined(model: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    try:
        return onnx.inliner.inline_local_functions(model)
    except (onnx.checker.ValidationError, RuntimeError, ValueError) as error:
        raise InputError(f"its functions cannot be put in place: {_first_line(error)}", path=path) from None


def _check_opset(model: onnx.ModelProto, path: Path) -> None:
    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    newest = onnx.defs.onnx_opset_version()
    if not versions:
        raise InputError("it uses none of ONNX's own operators", path=path)
    if not OLDEST_OPSET <= versions[0] <= newest:
        raise InputError(
            f"its opset is {versions[0]}; opsets {OLDEST_OPSET} to {newest} are read (onnx {onnx.__version__})",
            path=path,
        )


def _check_tensor(tensor: onnx.TensorProto, path: Path) -> None:
    if tensor.data_type not in onnx.TensorProto.DataType.values():
        raise InputError(f"tensor '{tensor.name}' has elements of the unknown type {tensor.data_type}", path=path)
    elements = 1
    for side in tensor.dims:
        if side < 0:
            raise InputError(f"tensor '{tensor.name}' has a side of {side}", path=path)
        elements *= side
    if elements > MAX_ELEMENTS:
        raise InputError(f"tensor '{tensor.name}' has more than {MAX_ELEMENTS} elements", path=path)


def _load_external(model: onnx.ModelProto, path: Path) -> None:
    for tensor in _external_tensors(model):
        try:
            _load_tensor(tensor, path)
        except (OSError, ValueError, onnx.checker.ValidationError) as error:
            reason = error.strerror if isinstance(error, OSError) else _first_line(error)
            raise InputError(f"tensor '{tensor.name}' cannot be read from its file: {reason}", path=path) from None


def _load_tensor(tensor: onnx.TensorProto, path: Path) -> None:
    location = external_data_helper.ExternalDataInfo(tensor).location
    file = (path.parent / location).resolve()
    if not file.is_relative_to(path.parent.resolve()):
        raise InputError(f"tensor '{tensor.name}' lies in '{location}', outside the model's folder", path=path)
    if not file.is_file():
        raise InputError(f"tensor '{tensor.name}' lies in '{location}', which is not there", path=path)
    external_data_helper.load_external_data_for_tensor(tensor, str(path.parent))
    tensor.data_location = onnx.TensorProto.DEFAULT
    del tensor.external_data[:]
    onnx.checker.check_tensor(tensor)


def _external_tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    constants = (attribute.t for node in model.graph.node for attribute in node.attribute if attribute.HasField("t"))
    for tensor in (*model.graph.initializer, *constants):
        if external_data_helper.uses_external_data(tensor):
            yield tensor


def skeleton(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with its larger weights, and those in other files, turned into inputs of the same shape."""
    bare = onnx.ModelProto(
        ir_version=max(model.ir_version, 4),  # before version 4, every initializer was an input too
        opset_import=model.opset_import,
        graph=onnx.GraphProto(name=model.graph.name or "graph", node=model.graph.node, output=model.graph.output),
    )
    for output in bare.graph.output:
        if output.type.HasField("tensor_type"):
            output.type.tensor_type.shape.SetInParent()  # the checker wants one, though it can be inferred
    initialised = {tensor.name for tensor in model.graph.initializer}
    bare.graph.input.extend(value for value in model.graph.input if value.name not in initialised)
    for tensor in model.graph.initializer:
        if is_small(tensor):
            bare.graph.initializer.append(tensor)
        else:
            bare.graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    return bare


def is_small(tensor: onnx.TensorProto) -> bool:
    """Whether a tensor's values are at hand, and few."""
    if external_data_helper.uses_external_data(tensor) or _product(tensor.dims) > SMALL_ELEMENTS:
        return False
    return 0 in tensor.dims or any(field.name in _VALUE_FIELDS for field, _ in tensor.ListFields())


def _product(sides: Iterable[int]) -> int:
    product = 1
    for side in sides:
        product *= side
    return product


def _in_a_line(error: Exception) -> str:
    """Return the checker's message, which breaks lines in the middle of sentences, without the context it adds."""
    message = str(error).split("==> Context:")[0]
    return shortened(" ".join(message.split()), MAX_MESSAGE_CHARACTERS)


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
