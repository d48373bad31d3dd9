"""Where tables are printed, and how they fit in there."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from io import TextIOWrapper
from typing import TYPE_CHECKING

from rich.console import Console
from rich.segment import Segment, Segments

if TYPE_CHECKING:
    from rich.table import Column, Table

UNBOUNDED = 2**16
"""Columns where the output is no terminal: more than any table takes."""


def console(*, wide: bool = False) -> Console:
    """Return a console on standard output; a file or a pipe has room for everything, and no colour.

    Parameters
    ----------
    wide
        Whether a terminal, too, is to be treated as if it had room for everything.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # names may hold characters that the output's encoding has not
    return Console(width=None if sys.stdout.isatty() and not wide else UNBOUNDED, highlight=False)


def print_lines(out: Console, lines: Iterable[str]) -> None:
    """Print lines as they are, without breaking them."""
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)


def print_table(out: Console, fullest: Table, *sparer: Table) -> None:
    """Print the first of some tables that fits, with its names shortened if need be.

    Numbers are never cut: where nothing fits, the last table is printed with lines longer than the terminal is wide.
    """
    for table in (fullest, *sparer):
        least = _least_width(out, table)
        if least <= out.width:
            break
    segments = out.render(table, out.options.update_width(max(out.width, least)))
    for line in Segment.split_lines(segments):
        out.print(Segments([*_without_blanks_at_end(line), Segment.line()]), crop=False)


def _least_width(out: Console, table: Table) -> int:
    """Hold the columns of a table at what they need, and return what that makes."""
    for column in table.columns:
        column.min_width = _needed_width(out, column)
    return out.measure(table, options=out.options.update_width(UNBOUNDED)).minimum


def _needed_width(out: Console, column: Column) -> int:
    options = out.options.update_width(UNBOUNDED)
    cells = [out.measure(cell, options=options) for cell in (column.header, *column.cells)]
    return max(cell.maximum if column.no_wrap else cell.minimum for cell in cells)


def _without_blanks_at_end(line: list[Segment]) -> list[Segment]:
    while line and not line[-1].text.strip():
        line = line[:-1]
    return [*line[:-1], Segment(line[-1].text.rstrip(), line[-1].style)] if line else line
