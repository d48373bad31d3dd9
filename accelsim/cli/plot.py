"""``accelsim plot``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.cli.arguments import add_results, add_selection
from accelsim.errors import InputError
from accelsim.report.figures.kinds import KINDS

if TYPE_CHECKING:
    from accelsim.cli.arguments import Commands
    from accelsim.report.figures.kinds import Kind
    from accelsim.results.records import Records


def add_to(commands: Commands) -> None:
    """Add the command."""
    plot = commands.add_parser("plot", help="figures of a result: SVG, PNG or PDF", description=_plot.__doc__)
    add_results(plot)
    plot.add_argument("--kind", choices=KINDS, help="what to draw (default: all of them)")
    add_selection(plot)
    plot.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="where to, with --kind (default: <kind>.svg in the result folder); .svg, .png and .pdf say the format",
    )
    plot.add_argument("--force", action="store_true", help="replace files that are there already")
    plot.set_defaults(command=_plot)


def _plot(options: argparse.Namespace) -> None:
    """Draw a result for a paper: fused and unfused in one figure, a column or a page wide.

    --cycles narrows down the timeline and the bandwidth; the other kinds are of whole layers.
    """
    if options.output and not options.kind:
        raise InputError("one file holds one figure: say with --kind which", key="-o")
    if options.kind and options.window and not KINDS[options.kind].over_time:
        over_time = " and ".join(kind.name for kind in KINDS.values() if kind.over_time)
        raise InputError(f"'{options.kind}' is of whole layers; {over_time} show a part of time", key="--cycles")
    from accelsim.documents.new_file import check_new_file, write_new_file
    from accelsim.report.figures.image import image_bytes, image_format
    from accelsim.report.terminal.console import console, print_lines
    from accelsim.results.stored import load_results

    records = load_results(options.results)
    kinds = [KINDS[options.kind]] if options.kind else _possible(records, over_time=options.window is not None)
    paths = {kind: options.output or options.results / f"{kind.name}.svg" for kind in kinds}
    formats = {kind: image_format(path) for kind, path in paths.items()}
    for path in paths.values():
        check_new_file(path, force=options.force)
    images = {kind: image_bytes(kind.draw(records, options.layers, options.window), formats[kind]) for kind in kinds}
    for kind, image in images.items():
        write_new_file(paths[kind], image, force=options.force)
    print_lines(console(), [f"{kind.name}: {paths[kind]}" for kind in kinds])
    if not options.kind and records.summary.saving is None:
        needing = ", ".join(kind.name for kind in KINDS.values() if kind.both_variants)
        print_lines(console(), [f"{needing}: not drawn, since fused and unfused did not both run"])


def _possible(records: Records, *, over_time: bool) -> list[Kind]:
    """Return the kinds that can be drawn of a result, or of a window of it."""
    both = records.summary.saving is not None
    return [kind for kind in KINDS.values() if (both or not kind.both_variants) and (kind.over_time or not over_time)]
