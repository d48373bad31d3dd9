"""Where tables are printed."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich.console import Console

PIPED_WIDTH = 110
"""Columns where the output is no terminal."""


def console() -> Console:
    """Return a console on standard output; a file or a pipe gets a fixed width and no colour."""
    return Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False)


def print_lines(out: Console, lines: Iterable[str]) -> None:
    """Print lines as they are, without breaking them."""
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)
