"""Names that nothing in a model has yet."""

from __future__ import annotations

from collections.abc import Iterable


class UniqueNames:
    """Gives names out, each once.

    Parameters
    ----------
    taken
        Names that there are already.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def new(self, wanted: str) -> str:
        """Return this name, or with the first number from 2 on with which it is new."""
        name, number = wanted, 2
        while name in self._taken:
            name = f"{wanted}_{number}"
            number += 1
        self._taken.add(name)
        return name
