"""When a buffer half is filled and when it is given back (docs/microarchitecture.md, §2, tokens)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple


class Use(NamedTuple):
    """How one operation uses a buffer half: as the first or last to do so, and which filling of the buffer it is."""

    first: bool
    last: bool
    filling: int


class Fillings:
    """The fillings of one buffer over a sequence of operations.

    Parameters
    ----------
    keys
        For every operation the tile it needs; a half is filled anew wherever this changes.
    """

    def __init__(self, keys: Sequence[Hashable]) -> None:
        self.uses: list[Use] = []
        self.first_use: list[int] = []
        """For every filling, the first operation that uses it."""
        self.last_use: list[int] = []
        """For every filling, the last operation that uses it."""
        for position, key in enumerate(keys):
            first = position == 0 or keys[position - 1] != key
            last = position == len(keys) - 1 or keys[position + 1] != key
            if first:
                self.first_use.append(position)
            if last:
                self.last_use.append(position)
            self.uses.append(Use(first, last, len(self.first_use) - 1))
