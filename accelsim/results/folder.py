"""The result folder: written whole or not at all, and never over anything that was not asked for."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.config import resolved_yaml
from accelsim.documents.json_text import json_text
from accelsim.energy.table import energy_table_yaml
from accelsim.errors import InputError
from accelsim.results.columns import COLUMNS
from accelsim.workload.yaml_writer import workload_yaml

if TYPE_CHECKING:
    import pandas as pd

    from accelsim.results.result import Result

SUMMARY = "summary.json"
"""By this file a folder is known as a result folder."""

NETWORK = "network.yaml"

ENERGY = "energy.yaml"
"""The table of energies, if there was one."""

_OWN_FILES = frozenset({SUMMARY, "config.yaml", NETWORK, ENERGY, *(f"{name}.csv" for name in COLUMNS)})

_DERIVED = frozenset({".svg", ".png", ".pdf", ".html", ".json", ".gz", ".vcd", ".gtkw"})
"""Files that reports are: made from results, they go when the results are replaced."""


def check_target(folder: Path, *, force: bool) -> None:
    """Refuse a folder that must not be written; meant to be asked before the work is done.

    Raises
    ------
    InputError
        If there is something and ``force`` is not given, or it is not a result folder.
    """
    try:
        if not folder.exists():
            return
        if not folder.is_dir():
            raise InputError("the result folder is to go here, but this is a file", path=folder)
        if not any(folder.iterdir()):
            return
        is_results = (folder / SUMMARY).exists()
    except OSError as error:
        raise InputError(f"the results cannot go here: {error.strerror or error}", path=folder) from None
    if not is_results:
        raise InputError("this folder holds something else than results, so it is not overwritten", path=folder)
    foreign = sorted(
        path.name for path in folder.iterdir() if path.name not in _OWN_FILES and path.suffix not in _DERIVED
    )
    if foreign:
        raise InputError(f"'{foreign[0]}' is here as well and would be lost; move it away", path=folder)
    if not force:
        raise InputError(
            "results are here already; give --force to replace them, or another folder with -o", path=folder
        )


def write_results(result: Result, folder: str | Path, *, force: bool = False) -> None:
    """Write a result folder: a hidden one beside it first, which takes its name when it is complete.

    Raises
    ------
    InputError
        As :func:`check_target`, or if the place cannot be written.
    """
    folder = Path(folder)
    check_target(folder, force=force)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name[:50]}-", dir=folder.parent) as scratch:
            fresh = Path(scratch) / "new"
            fresh.mkdir()
            _write_files(result, fresh)
            _put_in_place(fresh, folder)
    except OSError as error:
        raise InputError(f"the results cannot be written: {error.strerror or error}", path=folder) from None


def _put_in_place(fresh: Path, folder: Path) -> None:
    """Give the fresh folder its name; the one that has it is deleted only when that is done, or gets it back."""
    if not folder.exists():
        fresh.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name[:50]}-", dir=folder.parent)) / "old"
    try:
        folder.rename(old)
        fresh.rename(folder)
    except BaseException:
        if old.exists():
            old.rename(folder)
        old.parent.rmdir()
        raise
    shutil.rmtree(old.parent)


def _write_files(result: Result, folder: Path) -> None:
    (folder / NETWORK).write_text(workload_yaml(result.plan.graph), encoding="utf-8")
    if result.energy_table:
        (folder / ENERGY).write_text(energy_table_yaml(result.energy_table), encoding="utf-8")
    config = resolved_yaml(result.config.config, workload=NETWORK, energy=ENERGY)
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    (folder / SUMMARY).write_text(json_text(result.summary, indent=2) + "\n", encoding="utf-8")
    for name in COLUMNS:
        frame: pd.DataFrame = getattr(result, name)
        frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
