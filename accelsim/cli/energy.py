"""``accelsim energy``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.cli.arguments import add_results

if TYPE_CHECKING:
    from accelsim.cli.arguments import Commands
    from accelsim.results.records import Records

ACTION_COUNTS = "action_counts.yaml"
"""The name by which Accelergy's documentation knows this file."""


def add_to(commands: Commands) -> None:
    """Add the command."""
    energy = commands.add_parser(
        "energy", help="energy of a result by component, and its actions for Accelergy", description=_energy.__doc__
    )
    add_results(energy)
    energy.add_argument(
        "--accelergy",
        type=Path,
        metavar="DIR",
        help=f"write the actions of each variant into DIR/<variant>/{ACTION_COUNTS}",
    )
    energy.add_argument("--force", action="store_true", help="replace files that are there already")
    energy.set_defaults(command=_energy)


def _energy(options: argparse.Namespace) -> None:
    """Print what every unit and memory took, fused beside unfused; and write their actions, which need no energies."""
    from accelsim.report.terminal.console import console, print_lines, print_table
    from accelsim.report.terminal.energy import energy_table
    from accelsim.results.stored import load_results

    records = load_results(options.results)
    files = _write_action_counts(records, options.accelergy, force=options.force) if options.accelergy else []
    out = console()
    if any(variant.energy_pj is not None for variant in records.summary.variants.values()):
        print_table(out, energy_table(records.summary))
    else:
        print_lines(out, ["no energies: the configuration names no table of them (run.energy)"])
    print_lines(out, [f"actions: {file}" for file in files])


def _write_action_counts(records: Records, folder: Path, *, force: bool) -> list[Path]:
    from accelsim.documents.new_file import check_new_file, write_new_file
    from accelsim.energy.accelergy import action_counts_yaml
    from accelsim.results.energy import actions_of

    files = {variant: folder / variant / ACTION_COUNTS for variant in records.summary.variants}
    for file in files.values():
        check_new_file(file, force=force, elsewhere="another folder with --accelergy")
    layers = actions_of(records.actions)
    for variant, file in files.items():
        actions = (action for layer in layers if layer.variant == variant for action in layer.actions)
        write_new_file(file, action_counts_yaml(actions).encode(), force=force)
    return list(files.values())
