"""Files, opened with care: there may be none, or no text in them, or no end to them."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from accelsim.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from pathlib import Path


def fault_of_file(path: Path) -> str | None:
    """Say in a few words why there is no file to read at ``path``; None if there is one."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return f"no such file{did_you_mean(path.name, _names_beside(path))}"
    except (OSError, ValueError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    return "is a folder, not a file" if stat.S_ISDIR(mode) else None


def _names_beside(path: Path) -> list[str]:
    try:
        return sorted(file.name for file in path.parent.iterdir())
    except OSError:
        return []


def read_text(path: Path, max_bytes: int) -> str:
    """Read a file of at most ``max_bytes`` bytes of UTF-8, with or without a byte order mark.

    Raises
    ------
    InputError
        If it cannot be read, is larger, or is no text; then with the line.
    """
    fault = fault_of_file(path)
    if fault:
        raise InputError(fault, path=path)
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    if len(content) > max_bytes:
        raise InputError(f"is larger than {max_bytes} bytes", path=path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError("is not UTF-8 text", path=path, line=line) from None
