"""A file that is written whole or not at all, and never over anything that was not asked for."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from accelsim.errors import InputError


def check_new_file(path: Path, *, force: bool, elsewhere: str = "another file with -o") -> None:
    """Refuse a place where no file must be written; meant to be asked before the work is done.

    Parameters
    ----------
    path
        Where the file is to go.
    force
        Whether a file that is there may be replaced.
    elsewhere
        What else can be given, and how.

    Raises
    ------
    InputError
        If there is a file and ``force`` is not given, or something that is no file.
    """
    try:
        if not path.exists():
            return
        is_file = path.is_file()
    except OSError as error:
        raise InputError(f"no file can be written here: {error.strerror or error}", path=path) from None
    if not is_file:
        raise InputError("a file is to go here, but this is none", path=path)
    if not force:
        raise InputError(f"is there already; give --force to replace it, or {elsewhere}", path=path)


def write_new_file(path: Path, write: Callable[[Path], None] | bytes, *, force: bool = False) -> None:
    """Write a file: one of the same name in a hidden folder beside it first, which is moved when it is complete.

    Parameters
    ----------
    path
        Where the file is to go; folders on the way to it are made.
    write
        Its content, or what writes it to the path that it is given.
    force
        Whether a file that is there is replaced.

    Raises
    ------
    InputError
        As :func:`check_new_file`, or if the place cannot be written.
    """
    check_new_file(path, force=force)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name[:50]}-", dir=path.parent) as scratch:
            fresh = Path(scratch) / path.name
            if isinstance(write, bytes):
                fresh.write_bytes(write)
            else:
                write(fresh)
            fresh.replace(path)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", path=path) from None
