"""``accelsim sweep``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.cli.arguments import whole_number, yaml_file
from accelsim.cli.exit_codes import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accelsim.cli.arguments import Commands
    from accelsim.sweep.search_options import SearchOptions

NAME = "sweep"

_ACTIONS = ("run", "export", "show")


def with_action(arguments: Sequence[str]) -> list[str]:
    """Let ``sweep FILE`` mean ``sweep run FILE``."""
    if arguments[:1] != [NAME] or len(arguments) == 1 or arguments[1] in (*_ACTIONS, "-h", "--help"):
        return list(arguments)
    return [NAME, "run", *arguments[1:]]


def add_to(commands: Commands) -> None:
    """Add the command."""
    sweep = commands.add_parser(
        NAME,
        help="evaluate many configurations, in parallel",
        description="Evaluate many configurations, in parallel: `accelsim sweep FILE` is `accelsim sweep run FILE`.",
    )
    actions = sweep.add_subparsers(required=True, metavar="ACTION")
    _add_run(actions)
    export = actions.add_parser("export", help="write the table as far as the sweep is", description=_export.__doc__)
    _add_folder(export)
    export.set_defaults(command=_export)
    show = actions.add_parser("show", help="write the configuration of a point", description=_show.__doc__)
    _add_folder(show)
    show.add_argument("point", type=whole_number, metavar="ROW", help="the point, as in the column `point`")
    show.add_argument(
        "-o", "--output", type=yaml_file, metavar="FILE", help="YAML file to write (*.yaml); default: print it"
    )
    show.add_argument("--force", action="store_true", help="replace a file that is there already")
    show.set_defaults(command=_show)


def _add_run(actions: Commands) -> None:
    run = actions.add_parser("run", help="evaluate the points of a sweep", description=_run.__doc__)
    run.add_argument("sweep", type=Path, metavar="FILE", help="what varies, and how (YAML; see docs/sweeps.md)")
    run.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="folder of the sweep (default: results/sweeps/<name of FILE>)"
    )
    again = run.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on where the sweep in the folder was interrupted")
    again.add_argument("--force", action="store_true", help="replace a sweep that is there already")
    run.add_argument(
        "--dry-run", action="store_true", help="check everything and say how many points there are, but evaluate none"
    )
    run.add_argument(
        "--max-points", type=_positive, metavar="N", help="refuse a sweep of more points (default: 1,000,000)"
    )
    where = run.add_argument_group("where it is evaluated").add_mutually_exclusive_group()
    where.add_argument("--workers", type=_positive, metavar="N", help="processes (default: one for each core)")
    where.add_argument("--dask", metavar="ADDRESS", help="a Dask scheduler, such as tcp://host:8786")
    search = run.add_argument_group("search, instead of evaluating all points")
    search.add_argument("--sampler", choices=("nsga2", "tpe", "random"), help="what proposes points")
    search.add_argument("--trials", type=_positive, metavar="N", help="proposals in all (default: 500)")
    search.add_argument("--seed", type=whole_number, metavar="N", help="the same seed, the same points (default: 0)")
    search.add_argument(
        "--storage",
        metavar="URL",
        help="database that holds --study, such as sqlite:///study.db; chance then decides who proposes what",
    )
    search.add_argument("--study", metavar="NAME", help="search together with other machines that name the same study")
    run.set_defaults(command=_run)


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder that `accelsim sweep` has written")


def _positive(text: str) -> int:
    number = whole_number(text)
    if number == 0:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _run(options: argparse.Namespace) -> int | None:
    """Evaluate all points of a sweep, or the best that a search finds, and write a table of them.

    Interrupted, it has lost nothing that was done: --resume goes on.
    """
    from accelsim.report.terminal.console import console, print_lines, print_table
    from accelsim.report.terminal.sweep import ProgressBar, axes_table, count_line, front_table, outcome_line
    from accelsim.sweep.folder import stored_definition
    from accelsim.sweep.run import MAX_POINTS, checked_sweep, default_folder, run_sweep

    out, search, max_points = console(), _search(options), options.max_points or MAX_POINTS
    if options.dry_run:
        definition = checked_sweep(options.sweep, search, max_points).definition
        print_table(out, axes_table(definition))
        print_lines(out, [count_line(definition)])
        return None
    folder = options.output or default_folder(options.sweep)
    try:
        with ProgressBar() as bar:
            frame = run_sweep(
                options.sweep,
                folder,
                workers=options.workers,
                scheduler=options.dask,
                resume=options.resume,
                force=options.force,
                max_points=max_points,
                search=search,
                watch=bar,
            )
    except KeyboardInterrupt:
        print(f"interrupted: {bar.progress}; --resume goes on from there", file=sys.stderr)  # noqa: T201
        return EXIT_INTERRUPTED
    if search:
        print_table(out, front_table(frame, stored_definition(folder)))
    print_lines(out, [outcome_line(frame, search), f"results: {folder}"])
    return None


def _search(options: argparse.Namespace) -> SearchOptions | None:
    """Return how to search, or ``None`` if all points are to be evaluated."""
    from accelsim.errors import InputError
    from accelsim.sweep.search_options import DEFAULT_TRIALS, SearchOptions, shared_study

    if options.sampler is None:
        for name in ("trials", "seed", "storage", "study"):
            if getattr(options, name) is not None:
                raise InputError("is for a search; give --sampler, too", key=f"--{name}")
        return None
    shared = shared_study(options.storage, options.study)
    return SearchOptions(options.sampler, options.trials or DEFAULT_TRIALS, options.seed, shared)


def _export(options: argparse.Namespace) -> None:
    """Write results.parquet and results.csv from the journal of a sweep that is not finished."""
    from accelsim.report.terminal.console import console, print_lines
    from accelsim.report.terminal.sweep import broken_lines_warning, outcome_line
    from accelsim.sweep.run import export_sweep

    frame, broken_lines = export_sweep(options.folder)
    if broken_lines:
        print(broken_lines_warning(broken_lines), file=sys.stderr)  # noqa: T201
    print_lines(console(), [outcome_line(frame), f"results: {options.folder}"])


def _show(options: argparse.Namespace) -> None:
    """Write the configuration of a point in full, as a file that `accelsim run` takes."""
    from accelsim.documents.new_file import write_new_file
    from accelsim.sweep.show import point_yaml

    beside = options.output.parent if options.output else Path()
    text = point_yaml(options.folder, options.point, beside)
    if options.output:
        write_new_file(options.output, text.encode(), force=options.force)
    else:
        sys.stdout.write(text)
