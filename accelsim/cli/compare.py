"""``accelsim compare``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.cli.arguments import VARIANTS

if TYPE_CHECKING:
    from accelsim.cli.arguments import Commands
    from accelsim.results.compare import Comparison


def add_to(commands: Commands) -> None:
    """Add the command."""
    compare = commands.add_parser("compare", help="hold two results against each other", description=_compare.__doc__)
    for which in ("a", "b"):
        compare.add_argument(
            f"results_{which}",
            type=Path,
            metavar=f"RESULTS_{which.upper()}",
            help="result folder that `accelsim run` has written",
        )
    compare.add_argument(
        "--variants",
        nargs=2,
        choices=VARIANTS,
        metavar=("OF_A", "OF_B"),
        help=f"compare this variant of A ({', '.join(VARIANTS)}) with this one of B (default: those that both have)",
    )
    compare.add_argument(
        "--all", dest="every", action="store_true", help="show every layer in order, not only those that changed most"
    )
    compare.add_argument(
        "--wide", action="store_true", help="show all columns that have a value, however wide the terminal is"
    )
    compare.add_argument("--json", action="store_true", help="print all that there is as JSON, and nothing else")
    compare.set_defaults(command=_compare)


def _compare(options: argparse.Namespace) -> None:
    """Show what two results were set to otherwise, and what came of it: totals, and layers of the same name."""
    from accelsim.results.compare import compare
    from accelsim.results.stored import load_results

    records = load_results(options.results_a), load_results(options.results_b)
    comparison = compare(*records, tuple(options.variants) if options.variants else None)
    if options.json:
        import json
        from dataclasses import asdict

        print(json.dumps(asdict(comparison), indent=2))  # noqa: T201
    else:
        _print_tables(comparison, options)


def _print_tables(comparison: Comparison, options: argparse.Namespace) -> None:
    from accelsim.report.terminal import compare as tables
    from accelsim.report.terminal.console import console, print_lines, print_table

    out = console(wide=options.wide)
    if comparison.identical:
        print_lines(out, [_identical_line(options)])
        return
    print_lines(out, tables.heading_lines(comparison, str(options.results_a), str(options.results_b)))
    if comparison.config:
        print_table(out, tables.config_table(comparison))
    print_lines(out, tables.network_lines(comparison.network))
    for saving in tables.saving_tables(comparison):
        print_table(out, saving)
    for variant in comparison.variants:
        print_table(out, tables.totals_table(variant))
        shown = tables.layers_shown(variant, every=options.every)
        if shown:
            print_table(out, *tables.layers_tables(shown, wide=options.wide))
        print_lines(out, tables.layers_lines(variant, len(shown)))


def _identical_line(options: argparse.Namespace) -> str:
    a, b = str(options.results_a), str(options.results_b)
    if options.variants:
        of_a, of_b = options.variants
        a, b = f"{of_a} of {a}", f"{of_b} of {b}"
    return f"{a} and {b} are identical, in configuration and figures"
