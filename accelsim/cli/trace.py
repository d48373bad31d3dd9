"""``accelsim trace``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.cli.arguments import add_results, add_selection
from accelsim.cli.report_files import TRACE, WAVES, write_trace_file, write_waves
from accelsim.errors import InputError
from accelsim.optional import require

if TYPE_CHECKING:
    from accelsim.cli.arguments import Commands

ENDINGS = {"json": (".json", ".json.gz"), "vcd": (".vcd",)}
"""How the names of files of a format end."""

DEFAULT_NAMES = {"json": TRACE, "vcd": WAVES}


def add_to(commands: Commands) -> None:
    """Add the command."""
    trace = commands.add_parser(
        "trace", help="what every unit did, for Perfetto, chrome://tracing or GTKWave", description=_trace.__doc__
    )
    add_results(trace)
    trace.add_argument(
        "--format", choices=tuple(ENDINGS), help="Trace Event JSON, or VCD (default: by the file's name, else json)"
    )
    add_selection(trace)
    trace.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="where to (default: trace.json or waves.vcd in the result folder); .json.gz is compressed",
    )
    trace.add_argument("--force", action="store_true", help="replace a file that is there already")
    trace.set_defaults(command=_trace)


def _trace(options: argparse.Namespace) -> None:
    """Write a result as Trace Event JSON (ui.perfetto.dev, chrome://tracing) or as VCD (GTKWave).

    A VCD gets a save file of GTKWave beside it, .gtkw. docs/traces.md says what is in them.
    """
    form = options.format or _form_of(options.output)
    path = options.output or options.results / DEFAULT_NAMES[form]
    if not path.name.endswith(ENDINGS[form]):
        raise InputError(f"a file of --format {form} ends in {' or '.join(ENDINGS[form])}", path=path)
    if form == "vcd":
        require("vcd", extra="report")
    from accelsim.report.selection import select
    from accelsim.report.terminal.console import console, print_lines
    from accelsim.results.stored import load_results

    records = load_results(options.results)
    activity = select(records, options.layers, options.window)
    write = {"json": write_trace_file, "vcd": write_waves}[form]
    written = write(records, activity, path, force=options.force)
    print_lines(console(), [f"{form.upper()}: {', '.join(map(str, written))}"])


def _form_of(output: Path | None) -> str:
    if output is None:
        return "json"
    forms = [form for form, endings in ENDINGS.items() if output.name.endswith(endings)]
    if not forms:
        every = [ending for endings in ENDINGS.values() for ending in endings]
        raise InputError(f"must end in {', '.join(every[:-1])} or {every[-1]}", path=output)
    return forms[0]
