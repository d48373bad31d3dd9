"""``accelsim run``."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.cli.arguments import VARIANTS, add_config, add_strict, loaded_config, quoted
from accelsim.cli.report_files import PAGE, TRACE, WAVES, write_page, write_trace_file, write_waves
from accelsim.errors import InputError, did_you_mean
from accelsim.optional import require
from accelsim.report.terminal.layer_columns import LAYER_COLUMNS

if TYPE_CHECKING:
    from accelsim.cli.arguments import Commands
    from accelsim.results.result import Result


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
        choices=VARIANTS,
        help="with BN folded and without (default), or with its scale in the multipliers of machine.requantization",
    )
    add_strict(run)
    run.add_argument("--trace", action="store_true", help=f"write {TRACE} as well, for ui.perfetto.dev")
    run.add_argument("--vcd", action="store_true", help=f"write {WAVES} as well, for GTKWave")
    run.add_argument("--report", action="store_true", help=f"write {PAGE} as well, for a browser")
    printed = run.add_mutually_exclusive_group()
    printed.add_argument(
        "--columns",
        type=_columns,
        metavar="NAME,...",
        help=f"show these columns of the layers, in this order: {', '.join(LAYER_COLUMNS)}",
    )
    printed.add_argument(
        "--wide", action="store_true", help="show all columns that have a value, however wide the terminal is"
    )
    printed.add_argument("--json", action="store_true", help="print summary.json, and nothing else")
    printed.add_argument("--quiet", action="store_true", help="print nothing but errors")
    run.set_defaults(command=_run)


def _columns(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in LAYER_COLUMNS:
            hint = did_you_mean(name, LAYER_COLUMNS) or f"; there are {', '.join(LAYER_COLUMNS)}"
            raise argparse.ArgumentTypeError(f"there is no column '{quoted(name)}'{hint}")
    return list(dict.fromkeys(names))


def _run(options: argparse.Namespace) -> None:
    """Simulate the network layer by layer, print the totals, and write a result folder."""
    config = loaded_config(options)
    if "energy" in (options.columns or ()) and config.energy_path is None:
        raise InputError("no 'energy': the configuration names no table of energies (run.energy)", key="--columns")
    folder = options.output or Path(config.run.output or Path("results") / config.path.stem)
    from accelsim.results.folder import SUMMARY, check_target, write_results

    check_target(folder, force=options.force)
    if options.vcd or options.report:
        require(*["vcd"] * options.vcd, *["bokeh"] * options.report, extra="report")
    from accelsim.report.terminal.progress import run_bar
    from accelsim.results.result import simulate

    with nullcontext() if options.quiet else run_bar() as bar:
        result = simulate(config, bar.layers_done) if bar else simulate(config)
        if bar:
            bar.writing()
        write_results(result, folder, force=options.force)
        _write_report_files(result, folder, options)
    if options.json:
        sys.stdout.buffer.write((folder / SUMMARY).read_bytes())
    elif not options.quiet:
        _print_tables(result, folder, options)


def _write_report_files(result: Result, folder: Path, options: argparse.Namespace) -> None:
    from accelsim.report.selection import select

    if options.trace:
        write_trace_file(result, select(result), folder / TRACE)
    if options.vcd:
        write_waves(result, select(result), folder / WAVES)
    if options.report:
        write_page(result, folder / PAGE)


def _print_tables(result: Result, folder: Path, options: argparse.Namespace) -> None:
    from accelsim.report.terminal.console import console, print_lines, print_table
    from accelsim.report.terminal.energy import energy_table
    from accelsim.report.terminal.side_by_side import columns_with_values
    from accelsim.report.terminal.tables import (
        fusion_lines,
        layers_tables,
        sparsity_lines,
        totals_table,
        unmodelled_lines,
    )

    columns = columns_with_values(result.layers.to_dict("records")) if options.wide else options.columns
    out = console(wide=options.wide)
    print_table(out, *layers_tables(result.layers, columns))
    if result.energy_table:
        print_table(out, energy_table(result.summary))
    print_table(out, totals_table(result.summary))
    print_lines(out, fusion_lines(result.summary))
    print_lines(out, sparsity_lines(result.config.machine.array))
    print_lines(out, [f"results: {folder}"])
    print_lines(out, unmodelled_lines(result.summary.unmodelled))
