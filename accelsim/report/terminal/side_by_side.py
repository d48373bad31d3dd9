"""A table of layers: one line each, and in every column the sides that are held against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rich import box
from rich.table import Table

from accelsim.report.terminal.layer_columns import (
    DEFAULT_COLUMNS,
    DISPENSABLE_COLUMNS,
    LAYER_COLUMNS,
    NOTHING,
    Row,
)
from accelsim.report.terminal.name import Name


class Difference(NamedTuple):
    """What a further column says of the difference between the sides: its title, and a text for a line."""

    title: str
    text: Callable[[Sequence[Row | None]], str]


def side_by_side(
    names: Iterable[str],
    sides: Mapping[str, Mapping[str, Row]],
    columns: Sequence[str],
    differences: Mapping[str, Difference],
) -> Table:
    """One line per layer, and one column per figure and side.

    Parameters
    ----------
    names
        The layers, in the order of the lines.
    sides
        By the title of a side, its layers by their names; a layer that a side does not have is shown as such.
    columns
        Names in ``LAYER_COLUMNS``.
    differences
        Differences by the name of the column that they come behind.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("layer")
    for name in columns:
        column = LAYER_COLUMNS[name]
        if column.is_text:
            table.add_column(column.title, no_wrap=True)
            continue
        for side in sides:
            table.add_column(f"{column.title}\n{side}", justify="right", no_wrap=True)
        if name in differences:
            table.add_column(differences[name].title, justify="right", no_wrap=True)
    for layer in names:
        rows = [side.get(layer) for side in sides.values()]
        table.add_row(Name(layer), *(cell for name in columns for cell in _cells(name, rows, differences.get(name))))
    return table


def column_choices(columns: Sequence[str] | None, rows: Sequence[Row]) -> Iterator[Sequence[str]]:
    """Yield what columns a table can have: those that were asked for; or the usual ones, and then ever fewer.

    Parameters
    ----------
    columns
        Names in ``LAYER_COLUMNS`` where just these are to be shown.
    rows
        The layers; of the usual columns those are left out in which none has a value.
    """
    if columns is not None:
        yield columns
        return
    usual = [name for name in DEFAULT_COLUMNS if name in columns_with_values(rows)]
    dispensable = [name for name in DISPENSABLE_COLUMNS if name in usual]
    for count in range(len(dispensable) + 1):
        yield [name for name in usual if name not in dispensable[:count]]


def columns_with_values(rows: Sequence[Row]) -> list[str]:
    """All columns in which some layer has a value: a machine does not have every unit."""
    return [name for name, column in LAYER_COLUMNS.items() if any(column.text(row) != NOTHING for row in rows)]


def _cells(name: str, rows: Sequence[Row | None], difference: Difference | None) -> Iterator[Name | str]:
    column = LAYER_COLUMNS[name]
    if column.is_text:
        yield Name(" / ".join(dict.fromkeys(column.text(row) for row in rows if row)))
        return
    yield from (column.text(row) for row in rows)
    if difference:
        yield difference.text(rows)
