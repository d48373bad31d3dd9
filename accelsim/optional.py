"""Libraries that the core does without, and the extra that they come with."""

from __future__ import annotations

from importlib.util import find_spec

from accelsim.errors import InputError


def require(*libraries: str, extra: str) -> None:
    """Refuse to go on without libraries; to be called before they are imported.

    Raises
    ------
    InputError
        If one of them is not installed, with the command that installs it.
    """
    missing = [library for library in libraries if find_spec(library) is None]
    if missing:
        raise InputError(f"this needs {' and '.join(missing)}: pip install 'accelsim[{extra}]'")
