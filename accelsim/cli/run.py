"""``accelsim run``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.cli.arguments import add_config, add_strict, loaded_config

if TYPE_CHECKING:
    from accelsim.cli.arguments import Commands


def add_to(commands: Commands) -> None:
    """Add the command."""
    run = commands.add_parser("run", help="simulate a network on a machine", description=_run.__doc__)
    add_config(run)
    run.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="result folder (default: results/<configuration>)"
    )
    run.add_argument("--force", action="store_true", help="replace results that are there already")
    run.add_argument(
        "--variants",
        nargs="+",
        choices=("fused", "unfused"),
        help="with BN folded, without, or both (default)",
    )
    add_strict(run)
    run.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> None:
    """Simulate the network layer by layer, print the totals, and write a result folder."""
    config = loaded_config(options)
    folder = options.output or Path(config.run.output or Path("results") / config.path.stem)
    from accelsim.results.folder import check_target, write_results

    check_target(folder, force=options.force)
    from accelsim.report.terminal.console import console, print_lines, print_table
    from accelsim.report.terminal.tables import fusion_lines, layers_tables, totals_table, unmodelled_lines
    from accelsim.results.result import simulate

    result = simulate(config)
    write_results(result, folder, force=options.force)
    out = console()
    print_table(out, *layers_tables(result.layers))
    print_table(out, totals_table(result.summary))
    print_lines(out, fusion_lines(result.summary))
    print_lines(out, [f"results: {folder}"])
    print_lines(out, unmodelled_lines(result.summary.unmodelled))
