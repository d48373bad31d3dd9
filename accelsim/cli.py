"""The command line. Imports are made where they are needed, so that ``--help`` answers at once."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.errors import AccelsimError, InputError
from accelsim.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accelsim.config import LoadedConfig

EXIT_FAILURE = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130

STANDARD_OUTPUT = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 1 if the simulation failed, 2 if the input is at fault."""
    options = _parser().parse_args(arguments)
    if sys.stdout is None:  # the shell has closed it (`>&-`)
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    try:
        options.command(options)
        sys.stdout.flush()
    except AccelsimError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return EXIT_BAD_INPUT if isinstance(error, InputError) else EXIT_FAILURE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except OSError as error:
        # Commands name the files they cannot use, so this is standard output: full, or closed by its reader
        # (`accelsim explain ... | head`). Point it elsewhere, or Python complains again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), STANDARD_OUTPUT)
        if not isinstance(error, BrokenPipeError):
            print(f"error: cannot print: {error.strerror or error}", file=sys.stderr)  # noqa: T201
        return EXIT_FAILURE
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="accelsim",
        description="Cycle-accurate simulation of CNN accelerators, with and without fused BatchNorm.",
    )
    parser.add_argument("--version", action="version", version=f"accelsim {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="simulate a network on a machine", description=_run.__doc__)
    _add_config(run)
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
    run.set_defaults(command=_run)

    explain = commands.add_parser(
        "explain", help="show a layer's tiles, program and closed forms", description=_explain.__doc__
    )
    _add_config(explain)
    explain.add_argument("--layer", required=True, metavar="NAME", help="a layer, by its name or that of a node in it")
    explain.add_argument(
        "--operations",
        type=_count,
        default=12,
        metavar="N",
        help="operations to show of each variant (default: 12)",
    )
    explain.set_defaults(command=_explain)

    schema = commands.add_parser("schema", help="print the JSON Schema of configurations", description=_schema.__doc__)
    schema.set_defaults(command=_schema)
    return parser


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=Path, help="configuration file (YAML)")
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a key of the configuration, e.g. machine.array.rows=64; may be repeated",
    )


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text[:20]}' is no number of operations")
    return int(text[:9])


def _run(options: argparse.Namespace) -> None:
    """Simulate the network layer by layer, print the totals, and write a result folder."""
    config = _loaded(options)
    folder = options.output or Path(config.run.output or Path("results") / config.path.stem)
    from accelsim.results.folder import check_target, write_results

    check_target(folder, force=options.force)
    from accelsim.report.console import console
    from accelsim.report.tables import fusion_lines, layers_table, totals_table
    from accelsim.results.result import simulate

    result = simulate(config)
    write_results(result, folder, force=options.force)
    out = console()
    out.print(layers_table(result.layers))
    out.print(totals_table(result.summary))
    for line in fusion_lines(result.summary):
        out.print(line, markup=False)
    out.print(f"results: {folder}", markup=False)


def _explain(options: argparse.Namespace) -> None:
    """Show how one layer runs: its matrix product, its tiles, the closed forms with their numbers, its program."""
    config = _loaded(options)
    from accelsim.report.console import console
    from accelsim.report.explain import explanation

    out = console()
    for part in explanation(config, options.layer, options.operations):
        out.print(part)


def _schema(_: argparse.Namespace) -> None:
    """Print the JSON Schema of configuration files, for editors that complete and check YAML by it."""
    from accelsim.config import config_schema

    print(json.dumps(config_schema(), indent=2))  # noqa: T201


def _loaded(options: argparse.Namespace) -> LoadedConfig:
    from accelsim.config import load_config

    variants = getattr(options, "variants", None)
    chosen = [f"run.variants=[{', '.join(dict.fromkeys(variants))}]"] if variants else []
    return load_config(options.config, [*options.overrides, *chosen])
