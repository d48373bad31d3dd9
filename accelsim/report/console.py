"""Where tables are printed."""

from __future__ import annotations

import sys

from rich.console import Console

PIPED_WIDTH = 110
"""Columns where the output is no terminal."""


def console() -> Console:
    """Return a console on standard output; a file or a pipe gets a fixed width and no colour."""
    return Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False)
