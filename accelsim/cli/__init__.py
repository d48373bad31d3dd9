"""The command line. Imports are made where they are needed, so that ``--help`` answers at once."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from accelsim.cli import (
    area,
    claims,
    compare,
    energy,
    explain,
    export,
    fuse,
    importing,
    pareto,
    plot,
    report,
    run,
    schema,
    sweep,
    trace,
    validate_numerics,
    validate_rtl,
    validate_scalesim,
)
from accelsim.cli.exit_codes import EXIT_BAD_INPUT, EXIT_FAILURE, EXIT_INTERRUPTED, EXIT_NO_TOOL
from accelsim.errors import AccelsimError, InputError, ToolError
from accelsim.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

STANDARD_OUTPUT = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 1 if it failed, 2 if the input is at fault, 3 without a tool."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(sweep.with_action(given))
    if sys.stdout is None:  # the shell has closed it (`>&-`)
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    try:
        exit_code: int | None = options.command(options)
        sys.stdout.flush()
    except AccelsimError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return _exit_code(error)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except OSError as error:
        # Commands name the files they cannot use, so this is standard output: full, or closed by its reader
        # (`accelsim explain ... | head`). Point it elsewhere, or Python complains again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), STANDARD_OUTPUT)
        if not isinstance(error, BrokenPipeError):
            print(f"error: cannot print: {error.strerror or error}", file=sys.stderr)  # noqa: T201
        return EXIT_FAILURE
    return exit_code or 0


def _exit_code(error: AccelsimError) -> int:
    if isinstance(error, InputError):
        return EXIT_BAD_INPUT
    return EXIT_NO_TOOL if isinstance(error, ToolError) else EXIT_FAILURE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="accelsim",
        description="Cycle-accurate simulation of CNN accelerators, with and without fused BatchNorm.",
    )
    parser.add_argument("--version", action="version", version=f"accelsim {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (
        run,
        compare,
        sweep,
        pareto,
        explain,
        area,
        energy,
        plot,
        report,
        trace,
        importing,
        export,
        fuse,
        claims,
    ):
        command.add_to(commands)
    validate = commands.add_parser(
        "validate", help="hold accelsim against other programs, and networks against themselves"
    )
    against = validate.add_subparsers(required=True, metavar="AGAINST")
    for oracle in (validate_numerics, validate_rtl, validate_scalesim):
        oracle.add_to(against)
    schema.add_to(commands)
    return parser
