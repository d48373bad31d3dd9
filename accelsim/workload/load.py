"""One door for all workload formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelsim.errors import InputError
from accelsim.workload.yaml_frontend import read_workload

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from accelsim.workload.graph import Graph

_FRONTENDS: dict[str, Callable[[Path], Graph]] = {".yaml": read_workload, ".yml": read_workload}


def read_network(path: Path) -> Graph:
    """Read a network in the format that the file's suffix names.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    InputError
        If no frontend reads files with this suffix, or the file is at fault.
    """
    frontend = _FRONTENDS.get(path.suffix.lower())
    if frontend is None:
        what = f"'{path.suffix}' files" if path.suffix else "files without a suffix"
        raise InputError(f"no network is read from {what}; supported: {', '.join(_FRONTENDS)}", path=path)
    return frontend(path)
