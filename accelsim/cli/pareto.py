"""``accelsim pareto``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, cast

from accelsim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from accelsim.cli.arguments import Commands
    from accelsim.sweep.definition import Definition
    from accelsim.sweep.findings import Findings

NAME = "pareto"


def add_to(commands: Commands) -> None:
    """Add the command."""
    pareto = commands.add_parser(
        NAME, help="the best designs of a sweep, and which of its axes matter", description=_pareto.__doc__
    )
    pareto.add_argument("sweep", type=Path, metavar="RESULTS", help="folder that `accelsim sweep` has written")
    pareto.add_argument(
        "--x", metavar="COLUMN", help="a figure of the table (default: area_um2; multipliers, if most points have none)"
    )
    pareto.add_argument("--y", default="cycles", metavar="COLUMN", help="another one (default: cycles)")
    pareto.add_argument("--workload", metavar="NAME", help="only this network (default: each of them)")
    pareto.add_argument("--all", dest="every", action="store_true", help="show all designs of each front")
    pareto.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="where the figure goes (default: pareto.svg in RESULTS); .svg, .png and .pdf say the format",
    )
    pareto.add_argument("--force", action="store_true", help="replace a figure that is there already")
    pareto.set_defaults(command=_pareto)


def _pareto(options: argparse.Namespace) -> None:
    """Show the designs of a sweep that no other beats in both of two figures, fused and unfused, and draw them.

    Also: which axes matter, and where fusing saves most and least: cycles, or energy if --y is one.
    """
    from accelsim.documents.new_file import check_new_file, write_new_file
    from accelsim.report.figures.image import image_bytes, image_format
    from accelsim.report.figures.pareto import plot_pareto
    from accelsim.report.terminal.console import console, print_lines
    from accelsim.sweep.findings import findings
    from accelsim.sweep.folder import DEFINITION, stored_definition
    from accelsim.sweep.table import load_sweep
    from accelsim.sweep.trade_off import networks_of, trade_off

    table = load_sweep(options.sweep)
    # a table that was copied without it still says all but what the areas leave out
    definition = stored_definition(options.sweep) if (options.sweep / DEFINITION).exists() else None
    networks = [options.workload] if options.workload else networks_of(table)
    all_found = [findings(trade_off(table, options.x, options.y, network)) for network in networks]
    paths = _paths(options, networks)
    formats = [image_format(path) for path in paths]
    for path in paths:
        check_new_file(path, force=options.force)
    figures = [
        cast("Figure", plot_pareto(table, x=options.x, y=options.y, network=network).figure) for network in networks
    ]
    images = [image_bytes(figure, form) for figure, form in zip(figures, formats, strict=True)]
    for path, image in zip(paths, images, strict=True):
        write_new_file(path, image, force=options.force)
    for found in all_found:
        _print(found, definition, every=options.every)
    print_lines(console(), [f"{NAME}: {path}" for path in paths])


def _paths(options: argparse.Namespace, networks: Sequence[str]) -> list[Path]:
    """Return where the figure of each network goes."""
    if len(networks) == 1:
        return [options.output or options.sweep / f"{NAME}.svg"]
    if options.output:
        raise InputError("one file holds one network: say with --workload which", key="-o")
    return [options.sweep / f"{NAME}_{network}.svg" for network in networks]


def _print(found: Findings, definition: Definition | None, *, every: bool) -> None:
    from accelsim.report.terminal import pareto as report
    from accelsim.report.terminal.console import console, print_lines, print_table

    out = console()
    print_lines(out, report.heading_lines(found))
    if definition:
        print_lines(out, report.sparsity_lines(found, definition))
    for variant in found.fronts:
        print_table(out, *report.front_tables(found, variant, every=every))
    if found.saving:
        print_table(out, *report.saving_tables(found))
    print_lines(out, report.tie_lines(found))
    if found.axes:
        print_table(out, report.importance_table(found))
        print_lines(out, report.importance_lines(found))
