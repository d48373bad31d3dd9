"""``accelsim explain``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from accelsim.cli.arguments import add_config, add_strict, loaded_config, whole_number

if TYPE_CHECKING:
    from accelsim.cli.arguments import Commands


def add_to(commands: Commands) -> None:
    """Add the command."""
    explain = commands.add_parser(
        "explain", help="show a layer's tiles, program and closed forms", description=_explain.__doc__
    )
    add_config(explain)
    explain.add_argument("--layer", required=True, metavar="NAME", help="a layer, by its name or that of a node in it")
    explain.add_argument(
        "--operations",
        type=whole_number,
        default=12,
        metavar="N",
        help="operations to show of each variant (default: 12)",
    )
    add_strict(explain)
    explain.set_defaults(command=_explain)


def _explain(options: argparse.Namespace) -> None:
    """Show how one layer runs: its matrix product, its tiles, the closed forms with their numbers, its program."""
    config = loaded_config(options)
    from rich.table import Table

    from accelsim.report.terminal.console import console, print_table
    from accelsim.report.terminal.explain import explanation

    out = console()
    for part in explanation(config, options.layer, options.operations):
        if isinstance(part, Table):
            print_table(out, part)
        else:
            out.print(part)
