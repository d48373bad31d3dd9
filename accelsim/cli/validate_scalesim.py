"""``accelsim validate scalesim``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.cli.exit_codes import EXIT_FAILURE

if TYPE_CHECKING:
    from accelsim.cli.arguments import Commands


def add_to(against: Commands) -> None:
    """Add the command."""
    scalesim = against.add_parser(
        "scalesim", help="compare compute cycles with a report of SCALE-Sim", description=_validate_scalesim.__doc__
    )
    scalesim.add_argument("--topology", type=Path, required=True, metavar="FILE", help="topology (CSV)")
    scalesim.add_argument("--report", type=Path, required=True, metavar="FILE", help="its COMPUTE_REPORT.csv")
    scalesim.add_argument("--rows", type=int, required=True, metavar="R", help="rows of the array")
    scalesim.add_argument("--cols", type=int, required=True, metavar="C", help="columns of the array")
    scalesim.add_argument("--dataflow", choices=("ws", "is", "os"), required=True, help="what stays in the array")
    scalesim.set_defaults(command=_validate_scalesim)


def _validate_scalesim(options: argparse.Namespace) -> int:
    """Compare the cycles that the array computes for each layer with those in SCALE-Sim's report of the same run.

    Cycles in which SCALE-Sim waits for memory do not count. The exit code is 1 if a layer differs.
    """
    from accelsim.report.terminal.console import console, print_table
    from accelsim.report.terminal.validation import comparison_table, equality_line
    from accelsim.validation.scalesim import compare_with_scalesim

    comparisons = compare_with_scalesim(options.topology, options.report, options.rows, options.cols, options.dataflow)
    out = console()
    print_table(out, comparison_table(comparisons))
    out.print(equality_line(comparisons))
    return EXIT_FAILURE if any(comparison.difference for comparison in comparisons) else 0
