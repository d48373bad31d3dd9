"""Numbers as the RTL takes them: 32-bit fields of a packed struct, the last field in the lowest bits."""

from __future__ import annotations

from collections.abc import Sequence

Words = tuple[int, ...]
"""32-bit words, the lowest first."""

_MASK = 2**32 - 1


def field_words(fields: Sequence[int]) -> Words:
    """Return the words of a struct of 32-bit fields, which are given in the order of its declaration."""
    return tuple(field & _MASK for field in reversed(fields))
