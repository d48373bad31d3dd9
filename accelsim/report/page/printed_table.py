"""Tables that were made for the terminal, as cells of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rich.table import Table


class PrintedTable(NamedTuple):
    """The text of a table: its headings, and its rows in the sections that a rule parts."""

    headings: list[str]
    sections: list[list[list[str]]]


def printed_table(table: Table) -> PrintedTable:
    """Take the text out of a table, whose headings and cells are to be text."""
    sections: list[list[list[str]]] = [[]]
    cells = zip(*(column.cells for column in table.columns), strict=True)
    for row, texts in zip(table.rows, cells, strict=True):
        sections[-1].append([str(text) for text in texts])
        if row.end_section:
            sections.append([])
    return PrintedTable([str(column.header) for column in table.columns], [section for section in sections if section])
