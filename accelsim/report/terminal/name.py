"""Names in tables, which may be shortened where numbers may not."""

from __future__ import annotations

from itertools import accumulate

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

SHORTEST = 12
"""Columns that are left of a longer name, however little room there is."""


class Name:
    """A name in a table, which gives way where a terminal is too narrow for the whole of it.

    It loses its middle: names of layers begin with their block, and differ at the end.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Say how narrow the column may become, and how wide it would like to be."""
        whole = cell_len(self.name)
        return Measurement(min(whole, SHORTEST), whole)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Show as much as there is room for."""
        yield Text(_without_middle(self.name, options.max_width), no_wrap=True, overflow="ellipsis")


def _without_middle(name: str, room: int) -> str:
    if cell_len(name) <= room:
        return name
    head = _beginning(name, (room - 1) // 2)
    tail = _beginning(name[::-1], room - 1 - cell_len(head))[::-1]
    return f"{head}…{tail}"


def _beginning(text: str, room: int) -> str:
    """Return as many characters as there is room for: some are two columns wide."""
    return text[: sum(width <= room for width in accumulate(map(cell_len, text)))]
