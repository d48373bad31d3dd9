"""What can go wrong, in words for the person who can mend it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class AccelsimError(Exception):
    """Base of all errors that accelsim raises on purpose."""


class ToolError(AccelsimError):
    """A program that RTL needs is missing, or fails."""


class InputError(AccelsimError):
    """Something in a file or on the command line is wrong.

    Parameters
    ----------
    message
        What was found, what is allowed, and the nearest right name where there is one.
    path
        The file, if the fault is in one.
    line
        The 1-based line in that file.
    key
        The dotted key path, e.g. ``machine.array.rows``.
    """

    def __init__(
        self, message: str, *, path: Path | None = None, line: int | None = None, key: str | None = None
    ) -> None:
        self.message = message
        self.path = path
        self.line = line
        self.key = key
        super().__init__(str(self))

    def __str__(self) -> str:
        where = str(self.path) if self.path else ""
        if where and self.line is not None:
            where += f":{self.line}"
        return ": ".join(part for part in (where, self.key, self.message) if part)


class MappingError(InputError):
    """A layer cannot be placed on the machine: no tile fits its buffers."""


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest known name, or an empty string."""
    nearest = get_close_matches(wrong, list(known), n=1, cutoff=0.6)
    return f"; did you mean '{nearest[0]}'?" if nearest else ""
