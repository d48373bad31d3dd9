"""Names of operations, ``load ifmap g0 m3 k1``, taken apart: what is done, and to which tile."""

from __future__ import annotations

from typing import NamedTuple


class OperationName(NamedTuple):
    """What an operation does (``load ifmap``), and the tile that it does it to (``g0 m3 k1``, or nothing)."""

    kind: str
    tile: str

    @classmethod
    def read(cls, operation: str) -> OperationName:
        """Take a name apart: the indices of a tile end in digits, and nothing else does."""
        words = operation.split()
        indices = [word for word in words if word[-1].isdigit()]
        return cls(" ".join(words[: len(words) - len(indices)]), " ".join(indices))
