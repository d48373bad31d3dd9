"""``accelsim claims``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accelsim.cli.arguments import Commands


def add_to(commands: Commands) -> None:
    """Add the command."""
    claims = commands.add_parser("claims", help="measure what the source document claims", description=_claims.__doc__)
    claims.add_argument(
        "--configs",
        type=Path,
        default=Path("configs"),
        metavar="DIR",
        help="folder with the shipped configurations (default: configs)",
    )
    claims.add_argument("--markdown", action="store_true", help="print the table as Markdown, for documents")
    claims.set_defaults(command=_claims)


def _claims(options: argparse.Namespace) -> None:
    """Measure each claim on the document's machine, and on three networks on a 32x32 array in three BN placements."""
    from accelsim.claims.measure import measure_claims
    from accelsim.report.terminal.claims import claims_markdown, claims_table
    from accelsim.report.terminal.console import console, print_lines, print_table

    measurements = measure_claims(options.configs)
    out = console()
    if options.markdown:
        print_lines(out, claims_markdown(measurements).splitlines())
    else:
        print_table(out, claims_table(measurements))
