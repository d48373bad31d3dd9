"""What varies in the table of a sweep: its axes, as the table itself shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

SECTIONS = ("machine.", "run.")
"""What every key of a configuration begins with, and no other column of the table."""


class VariedAxis(NamedTuple):
    """Columns of which each says what is in the others: keys that change together."""

    columns: tuple[str, ...]
    name: str
    """The end of its first column's key, long enough to be that of no other: ``lanes``, or ``bn.lanes``."""

    @property
    def key(self) -> str:
        """The column that stands for all."""
        return self.columns[0]


def varied_axes(table: pd.DataFrame) -> list[VariedAxis]:
    """Return the axes of a sweep that have more than one value, in the order of the table.

    Parameters
    ----------
    table
        The table of a sweep.
    """
    axes = table[[column for column in table.columns if column.startswith(SECTIONS)]]
    varied = [column for column in axes.columns if _levels(axes, [column]) > 1]
    groups: list[list[str]] = []
    for column in varied:
        for group in groups:
            if _change_together(axes, group[0], column):
                group.append(column)
                break
        else:
            groups.append([column])
    return [VariedAxis(tuple(group), _short_name(group[0], varied)) for group in groups]


def _levels(axes: pd.DataFrame, columns: Sequence[str]) -> int:
    return len(axes[[*columns]].drop_duplicates())


def _change_together(axes: pd.DataFrame, one: str, other: str) -> bool:
    return _levels(axes, [one]) == _levels(axes, [other]) == _levels(axes, [one, other])


def _short_name(column: str, columns: Sequence[str]) -> str:
    words = column.split(".")
    ends = (".".join(words[-count:]) for count in range(1, len(words)))
    others = [f".{other}" for other in columns if other != column]
    return next((end for end in ends if not any(other.endswith(f".{end}") for other in others)), column)
