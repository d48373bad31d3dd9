"""The folder of a sweep: what it is of, its journal, and in the end its table."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from accelsim.documents.files import fault_of_file, read_text
from accelsim.documents.json_text import json_text
from accelsim.documents.new_file import write_new_file
from accelsim.energy.table import energy_table_yaml
from accelsim.errors import InputError
from accelsim.results.folder import ENERGY
from accelsim.results.summary import network_hash
from accelsim.sweep.definition import SCHEMA_VERSION, Definition, Sweep
from accelsim.sweep.journal import JOURNAL, has_points
from accelsim.workload.yaml_frontend import read_workload
from accelsim.workload.yaml_writer import write_workload

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFINITION = "sweep.json"
"""By this file a folder is known as that of a sweep."""

PARQUET = "results.parquet"

CSV = "results.csv"

NETWORKS = "networks"

_LOCK = ".lock"

MAX_DEFINITION_BYTES = 2**28


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make the folder, and keep other sweeps out of it.

    Raises
    ------
    InputError
        If one is at work in it, or it cannot be made.
    """
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK)
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError("another sweep is at work in this folder", path=folder) from None
    except OSError as error:
        raise InputError(f"the sweep cannot go here: {error.strerror or error}", path=folder) from None
    try:
        yield
    finally:
        lock.release()


def check_place(folder: Path) -> None:
    """Refuse a place where no sweep must be written; meant to be asked first.

    Raises
    ------
    InputError
        If there is something else than a sweep.
    """
    try:
        if not folder.exists():
            return
        if not folder.is_dir():
            raise InputError("the sweep is to go into a folder, but this is a file", path=folder)
        names = {file.name for file in folder.iterdir()} - {_LOCK}
    except OSError as error:
        raise InputError(f"the sweep cannot go here: {error.strerror or error}", path=folder) from None
    if names and DEFINITION not in names:
        raise InputError("this folder holds something else than a sweep, so it is not touched", path=folder)


def begin(folder: Path, sweep: Sweep, *, resume: bool, force: bool) -> None:
    """Write down what the sweep is of; or, to resume it, check that it still is. The folder must be locked.

    Parameters
    ----------
    folder
        The folder.
    sweep
        The sweep.
    resume
        Whether to go on with what is there.
    force
        Whether to replace it.

    Raises
    ------
    InputError
        If there is a sweep and it is neither to be resumed nor replaced, or the one to be resumed is another; if the
        folder cannot be written, or a network does not go into a YAML file.
    """
    is_there = (folder / DEFINITION).exists()
    if is_there and resume:
        _check_same(folder, stored_definition(folder), sweep.definition)
    elif has_points(folder / JOURNAL) and not force:
        raise InputError(
            "there is a sweep here already; give --resume to go on with it, --force to replace it, or another folder "
            "with -o",
            path=folder,
        )
    elif is_there:
        _remove_results(folder)
    text = json_text(sweep.definition, indent=2) + "\n"
    write_new_file(folder / DEFINITION, text.encode(), force=True)
    if sweep.definition.energy_table:
        write_new_file(energy_file(folder), energy_table_yaml(sweep.definition.energy_table).encode(), force=True)
    for network, graph in zip(sweep.definition.networks, sweep.networks, strict=True):
        write_workload(graph, network_file(folder, network.name), force=True)


def network_file(folder: Path, name: str) -> Path:
    """Where a network of a sweep lies."""
    return folder / NETWORKS / f"{name}.yaml"


def energy_file(folder: Path) -> Path:
    """Where the table of energies of a sweep lies, if it has one."""
    return folder / ENERGY


def stored_definition(folder: Path) -> Definition:
    """Read what the sweep in a folder is of.

    Raises
    ------
    InputError
        If there is none, or one of another version.
    """
    path = folder / DEFINITION
    fault = fault_of_file(path)
    if fault:
        raise InputError(f"is no folder of a sweep: {DEFINITION}: {fault}", path=folder)
    try:
        definition = Definition.model_validate_json(read_text(path, MAX_DEFINITION_BYTES))
    except ValidationError as invalid:
        fault_found = invalid.errors(include_url=False)[0]
        key = ".".join(map(str, fault_found["loc"]))
        raise InputError(fault_found["msg"], path=path, key=key) from None
    if definition.schema_version != SCHEMA_VERSION:
        raise InputError(
            f"must be {SCHEMA_VERSION}, not {definition.schema_version}; sweep anew", path=path, key="schema_version"
        )
    return definition


def stored_sweep(folder: Path) -> Sweep:
    """Read the sweep in a folder, with its networks.

    Raises
    ------
    InputError
        As :func:`stored_definition`, or if a network is not what it was.
    """
    definition = stored_definition(folder)
    graphs = []
    for network in definition.networks:
        path = network_file(folder, network.name)
        graph = read_workload(path)
        if network_hash(graph) != network.sha256:
            raise InputError("this is not the network that the sweep was begun with", path=path)
        graphs.append(graph)
    return Sweep(definition, tuple(graphs))


def _check_same(folder: Path, stored: Definition, asked: Definition) -> None:
    changed = [
        field
        for field in Definition.model_fields
        if json_text(stored, include={field}) != json_text(asked, include={field})
    ]
    if changed:
        raise InputError(
            f"the sweep here is another one: it differs in {', '.join(changed)}; give --force to replace it, or "
            "another folder with -o",
            path=folder,
        )


def _remove_results(folder: Path) -> None:
    try:
        for name in (JOURNAL, PARQUET, CSV, ENERGY):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"cannot be replaced: {error.strerror or error}", path=folder) from None
