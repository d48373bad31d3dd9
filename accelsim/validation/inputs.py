"""What models are fed when they are compared: random inputs, or the user's own."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx

from accelsim.errors import InputError, did_you_mean
from accelsim.workload.onnx_frontend.constants import Array, feature_inputs
from accelsim.workload.onnx_frontend.static_shapes import static_shapes

Inputs = dict[str, Array]
"""Arrays by the names of the model's inputs."""

MAX_INPUT_ELEMENTS = 2**28
"""Larger inputs are taken for a typing error."""

INTEGERS_BELOW = 4
"""Random integers are small: they may be indices."""


_KINDS = {number: name for name, number in onnx.TensorProto.DataType.items()}
_WIDTHS = (8, 16, 32, 64)
_NUMBERS = {"FLOAT16", "FLOAT", "DOUBLE", "BOOL", *(f"{kind}{bits}" for kind in ("INT", "UINT") for bits in _WIDTHS)}
"""Types of elements that numpy has too."""


class ModelInput(NamedTuple):
    """An input of a model as its file declares it; ``None`` stands for a side that it leaves open."""

    name: str
    dtype: np.dtype[Any]
    sides: tuple[int | None, ...]


def model_inputs(model: onnx.ModelProto, path: Path) -> list[ModelInput]:
    """Return the inputs that a user feeds, in order.

    Parameters
    ----------
    model
        The model.
    path
        Its file, for errors.

    Raises
    ------
    InputError
        If an input holds no numbers.
    """
    declared = {value.name: value for value in model.graph.input}
    return [_declared(declared[name], path) for name in feature_inputs(model)]


def _declared(value: onnx.ValueInfoProto, path: Path) -> ModelInput:
    tensor = value.type.tensor_type
    if not value.type.HasField("tensor_type"):
        raise InputError(f"its input '{value.name}' is no tensor", path=path)
    kind = _KINDS.get(tensor.elem_type, "UNKNOWN")
    if kind not in _NUMBERS:
        message = f"its input '{value.name}' holds elements of type {kind.lower()}; only numbers can be fed"
        raise InputError(message, path=path)
    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    return ModelInput(
        value.name, dtype, tuple(side.dim_value if side.dim_value > 0 else None for side in tensor.shape.dim)
    )


def random_inputs(
    model: onnx.ModelProto,
    path: Path,
    seed: int,
    *,
    batch: int | None = None,
    input_shape: tuple[int, int, int] | None = None,
) -> Inputs:
    """Make inputs: standard normal floats, small integers.

    Parameters
    ----------
    model
        The model.
    path
        Its file, for errors.
    seed
        Of numpy's default generator.
    batch
        Images, where the file leaves that open; default: 1.
    input_shape
        The sides of an image that the file leaves open, as :func:`static_shapes` takes them.

    Raises
    ------
    InputError
        If a side stays open, or the file says another, or an input is absurdly large.
    """
    wanted = model_inputs(model, path)
    if batch == 0:
        raise InputError("a batch of 0 is empty", path=path)
    shapes = static_shapes(model, path, input_shape).shapes
    if batch is not None and wanted and wanted[0].sides[:1] not in ((None,), (batch,)):
        raise InputError(f"its input '{wanted[0].name}' has no open batch, so that it cannot be {batch}", path=path)
    generator = np.random.default_rng(seed)
    inputs = {}
    for one in wanted:
        shape = shapes[one.name]
        if one.sides[:1] == (None,):
            shape = (batch or shape[0], *shape[1:])
        if math.prod(shape) > MAX_INPUT_ELEMENTS:
            raise InputError(f"its input '{one.name}' would have the absurd shape {list(shape)}", path=path)
        inputs[one.name] = _random(one.dtype, shape, generator)
    return inputs


def _random(dtype: np.dtype[Any], shape: tuple[int, ...], generator: np.random.Generator) -> Array:
    if dtype.kind == "f":
        return generator.standard_normal(shape).astype(dtype)
    return generator.integers(0, INTEGERS_BELOW, shape).astype(dtype)


def image_shape(inputs: Inputs) -> tuple[int, int, int] | None:
    """Return the sides of what is fed first, without the batch, if there are as many as images have."""
    first = next(iter(inputs.values()), np.empty(0))
    if not (first.ndim == 4 or (first.ndim in (2, 3) and min(first.shape[1:]) > 1)):
        return None  # with fewer sides than three, those of 1 would be taken for absent
    channels, height, width = (*first.shape[1:], 1, 1)[:3]
    return channels, height, width


def read_inputs(path: Path, model: onnx.ModelProto, model_path: Path) -> Inputs:
    """Read the arrays to feed from an ``.npz`` file, each under the name of its input.

    Parameters
    ----------
    path
        The file.
    model
        The model.
    model_path
        Its file, for errors.

    Raises
    ------
    InputError
        If the file holds anything else than an array of finite numbers, of the declared type and shape, for every
        input.
    """
    wanted = model_inputs(model, model_path)
    arrays = _read_npz(path)
    _check_names(path, list(arrays), [one.name for one in wanted])
    for one in wanted:
        _check_array(path, arrays[one.name], one)
    return {one.name: arrays[one.name] for one in wanted}


def _read_npz(path: Path) -> Inputs:
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise InputError("is no .npz file, as numpy.savez writes them", path=path)
            file.seek(0)
            with np.load(file, allow_pickle=False) as archive:
                return {name: _member(path, name, archive[name]) for name in archive.files}
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path=path) from None
    # zipfile raises RuntimeErrors: on what is encrypted, and on a compression that it does not know
    except (ValueError, EOFError, MemoryError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"cannot be read as arrays of numbers: {error}", path=path) from None


def _member(path: Path, name: str, member: object) -> Array:
    if not isinstance(member, np.ndarray):
        raise InputError(f"'{name}' in it is no array", path=path)
    return member


def _check_names(path: Path, found: Sequence[str], wanted: Sequence[str]) -> None:
    for name in found:
        if name not in wanted:
            hint = did_you_mean(name, wanted)
            raise InputError(f"the model has no input '{name}'{hint} (its inputs: {', '.join(wanted)})", path=path)
    for name in wanted:
        if name not in found:
            raise InputError(f"has no array '{name}', which is an input of the model", path=path)


def _check_array(path: Path, array: Array, wanted: ModelInput) -> None:
    if array.dtype != wanted.dtype:
        raise InputError(f"'{wanted.name}' must be of type {wanted.dtype}, not {array.dtype}", path=path)
    fits = array.ndim == len(wanted.sides) and all(
        side is None or side == found for side, found in zip(wanted.sides, array.shape, strict=True)
    )
    if not fits:
        sides = ", ".join("?" if side is None else str(side) for side in wanted.sides)
        raise InputError(f"'{wanted.name}' must be of shape [{sides}], not {list(array.shape)}", path=path)
    if not array.size:
        raise InputError(f"'{wanted.name}' of shape {list(array.shape)} is empty", path=path)
    if not np.isfinite(array).all():
        raise InputError(f"'{wanted.name}' holds NaN or infinity", path=path)
