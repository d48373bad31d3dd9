"""``accelsim validate rtl``."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from accelsim.cli.arguments import add_overrides, loaded_config, whole_number
from accelsim.cli.exit_codes import EXIT_FAILURE
from accelsim.errors import InputError
from accelsim.optional import require

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from accelsim.cli.arguments import Commands
    from accelsim.rtl.case import RtlCase
    from accelsim.rtl.validate import Comparison

DEFAULT_CASES = 50

MAX_NAME_CHARACTERS = 60
"""Of a case's name in that of its folder; with the number it stays far below the 255 of most file systems."""


def add_to(against: Commands) -> None:
    """Add the command."""
    rtl = against.add_parser(
        "rtl", help="compare every cycle and number with RTL of the machine", description=_validate_rtl.__doc__
    )
    rtl.add_argument("config", type=Path, nargs="?", help="configuration file (YAML); left out: random cases")
    add_overrides(rtl)
    rtl.add_argument("--cases", type=whole_number, metavar="N", help=f"random cases (default: {DEFAULT_CASES})")
    rtl.add_argument(
        "--seed", type=whole_number, default=1, metavar="N", help="of random cases and numbers (default: 1)"
    )
    rtl.add_argument(
        "--vcd",
        type=Path,
        metavar="DIR",
        help="write waveforms of every case to a new folder: the model's beside RTL's, and RTL's signals",
    )
    rtl.set_defaults(command=_validate_rtl)


def _validate_rtl(options: argparse.Namespace) -> int:
    """Run layers on the model and on RTL, which Verilator simulates, and compare.

    Equal must be the cycles, what every unit was busy with and stalled on, the bytes moved, and all results. The
    layers are random ones on random machines, or those of a configuration, cut to a size that RTL can run. The exit
    code is 1 if something differs, 3 if Verilator or a C++ compiler is missing.
    """
    from accelsim.report.terminal.console import console, print_lines, print_table
    from accelsim.report.terminal.rtl import cases_table, difference_lines, equality_line
    from accelsim.rtl.validate import validate

    folder = options.vcd
    if folder:
        _check_new_folder(folder)
        require("vcd", extra="report")
    cases = _cases(options)
    comparisons = list(_with_waveforms(cases, folder) if folder else validate(cases))
    out = console()
    print_table(out, cases_table(comparisons))
    print_lines(out, difference_lines(comparisons))
    print_lines(out, [equality_line(comparisons), *([f"waveforms: {folder}"] if folder else [])])
    return EXIT_FAILURE if any(comparison.differences for comparison in comparisons) else 0


def _cases(options: argparse.Namespace) -> Iterable[RtlCase]:
    if options.config is None:
        if options.overrides:
            raise InputError("overrides a configuration, but none is given", key="--set")
        from accelsim.rtl.random_cases import random_cases

        if options.cases == 0:
            raise InputError("no case would show nothing", key="--cases")
        return random_cases(options.seed, options.cases or DEFAULT_CASES)
    if options.cases is not None:
        raise InputError("is for random cases; a configuration has its layers", key="--cases")
    from accelsim.rtl.config_cases import config_cases

    return config_cases(loaded_config(options), options.seed)


def _check_new_folder(folder: Path) -> None:
    try:
        is_new = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    except OSError as error:
        raise InputError(f"no waveforms can be written here: {error.strerror or error}", path=folder) from None
    if not is_new:
        raise InputError("waveforms go to a new folder, or an empty one", path=folder)


def _with_waveforms(cases: Iterable[RtlCase], folder: Path) -> Iterator[Comparison]:
    """Compare cases, and write the waveforms of each to a folder of its own."""
    from accelsim.documents.new_file import write_new_file
    from accelsim.report.traces.comparison import write_comparison
    from accelsim.rtl.validate import compare
    from accelsim.rtl.waveform import read_waveform

    for number, case in enumerate(cases, 1):
        place = folder / folder_name(number, case.name)
        with TemporaryDirectory() as scratch:
            waveform = Path(scratch) / "rtl.vcd"
            comparison = compare(case, waveform)
            write_new_file(place / "rtl.vcd", waveform.read_bytes())
            write_comparison(comparison, read_waveform(waveform, comparison.rtl_cycles), place)
        yield comparison


def folder_name(number: int, case: str) -> str:
    """Return a name that any file system takes; the number tells cases apart that are called nearly the same."""
    return f"{number:03}-{re.sub(r'[^A-Za-z0-9._]+', '-', case)[:MAX_NAME_CHARACTERS]}"
