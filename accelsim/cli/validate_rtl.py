"""``accelsim validate rtl``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.cli.arguments import add_overrides, loaded_config, whole_number
from accelsim.cli.exit_codes import EXIT_FAILURE
from accelsim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accelsim.cli.arguments import Commands
    from accelsim.rtl.case import RtlCase

DEFAULT_CASES = 50


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

    comparisons = list(validate(_cases(options)))
    out = console()
    print_table(out, cases_table(comparisons))
    print_lines(out, difference_lines(comparisons))
    print_lines(out, [equality_line(comparisons)])
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
