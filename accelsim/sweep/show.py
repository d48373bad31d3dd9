"""The configuration of one point, as a file of its own."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING

from accelsim.config import resolved_yaml
from accelsim.errors import InputError
from accelsim.sweep.evaluate import loaded_config
from accelsim.sweep.folder import energy_file, network_file, stored_sweep
from accelsim.sweep.journal import JOURNAL, read_journal
from accelsim.sweep.space import Space

if TYPE_CHECKING:
    from pathlib import Path

    from accelsim.sweep.definition import Definition
    from accelsim.sweep.space import Choice


def point_yaml(folder: Path, number: int, beside: Path) -> str:
    """Write the configuration of a point, every default explicit.

    Parameters
    ----------
    folder
        The folder of the sweep.
    number
        The point, as in the column ``point``.
    beside
        The folder in which the file is to lie, which names network and table of energies by their paths from there.

    Raises
    ------
    InputError
        If there is no such sweep or point, or no machine can be as this point asks.
    """
    definition = stored_sweep(folder).definition
    choice = _choice(folder, definition, number)
    try:
        config = loaded_config(Space(definition).settings(choice)).config
    except InputError as error:
        raise InputError(f"point {number} has no configuration: {error.key}: {error.message}", path=folder) from None
    network = network_file(folder, definition.networks[choice[0]].name)
    return resolved_yaml(
        config, workload=os.path.relpath(network, beside), energy=os.path.relpath(energy_file(folder), beside)
    )


def _choice(folder: Path, definition: Definition, number: int) -> Choice:
    """Find a point; those of a search have no order but that of the journal."""
    if definition.search is None:
        choice = next(islice(Space(definition).choices(), number, None), None)
    else:
        evaluations = read_journal(folder / JOURNAL, definition.sha256).evaluations
        choice = next((point.choice for point, *_ in evaluations if point.number == number), None)
    if choice is None:
        raise InputError(f"there is no point {number} in this sweep", path=folder)
    return choice
