"""One door for all workload formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelsim.errors import InputError
from accelsim.optional import require
from accelsim.workload.scalesim_frontend import read_topology
from accelsim.workload.yaml_frontend import read_workload

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from accelsim.workload.graph import Graph


def _onnx(path: Path, input_shape: tuple[int, int, int] | None) -> Graph:
    require("onnx", extra="onnx")
    from accelsim.workload.onnx_frontend.frontend import read_onnx

    return read_onnx(path, input_shape)


_OF_FIXED_SHAPE: dict[str, Callable[[Path], Graph]] = {
    ".yaml": read_workload,
    ".yml": read_workload,
    ".csv": read_topology,
}
_SUPPORTED = (*_OF_FIXED_SHAPE, ".onnx")


def read_network(path: Path, input_shape: tuple[int, int, int] | None = None) -> Graph:
    """Read a network in the format that the file's suffix names.

    Parameters
    ----------
    path
        The file.
    input_shape
        Channels, height and width of an image, for files that leave them open.

    Raises
    ------
    InputError
        If no frontend reads files with this suffix, or the file is at fault.
    """
    suffix = path.suffix.lower()
    if suffix == ".onnx":
        return _onnx(path, input_shape)
    if suffix not in _OF_FIXED_SHAPE:
        what = f"'{path.suffix}' files" if path.suffix else "files without a suffix"
        raise InputError(f"no network is read from {what}; supported: {', '.join(_SUPPORTED)}", path=path)
    if input_shape is not None:
        raise InputError("this file says what shape its input has; an input shape is for ONNX models", path=path)
    return _OF_FIXED_SHAPE[suffix](path)
