"""``accelsim report``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.cli.arguments import add_results, add_selection
from accelsim.cli.report_files import PAGE, write_page
from accelsim.errors import InputError
from accelsim.optional import require

if TYPE_CHECKING:
    from accelsim.cli.arguments import Commands

ENDINGS = (".html", ".htm")
"""How the name ends of what a browser opens as a page."""


def add_to(commands: Commands) -> None:
    """Add the command."""
    report = commands.add_parser(
        "report", help="one HTML page of a result: timeline, tables, figures", description=_report.__doc__
    )
    add_results(report)
    add_selection(report)
    report.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help=f"where to (default: {PAGE} in the result folder)",
    )
    report.add_argument("--force", action="store_true", help="replace a file that is there already")
    report.set_defaults(command=_report)


def _report(options: argparse.Namespace) -> None:
    """Write a result as one page of HTML, which a browser shows without a network.

    --layer and --cycles choose what its timeline shows; everything else on the page is of the whole run.
    """
    path = options.output or options.results / PAGE
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"a page ends in {' or '.join(ENDINGS)}", path=path)
    require("bokeh", extra="report")
    from accelsim.report.terminal.console import console, print_lines
    from accelsim.results.stored import load_results

    write_page(load_results(options.results), path, options.layers, options.window, force=options.force)
    print_lines(console(), [f"report: {path}"])
