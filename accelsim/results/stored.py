"""A result folder, read back."""

from __future__ import annotations

import json
from functools import cached_property
from math import fsum, isclose
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from accelsim.config import LoadedConfig, load_config
from accelsim.documents.files import fault_of_file, read_text
from accelsim.errors import InputError
from accelsim.results.columns import COLUMNS, TEXT_COLUMNS
from accelsim.results.folder import SUMMARY
from accelsim.results.summary import SCHEMA_VERSION, Summary

if TYPE_CHECKING:
    import pandas as pd

MAX_SUMMARY_BYTES = 2**28

SUMS_DIFFER = 1e-12
"""Sums that differ by more are not equal: what a CSV says of an energy may be off by its last digit."""


class StoredResult:
    """A result as it lies in a folder; its files are read when they are asked for.

    Parameters
    ----------
    folder
        The folder.
    summary
        Its totals, read already.
    """

    def __repr__(self) -> str:
        return f"<Result of {self.summary.network} on {self.summary.machine}, from {self.folder}>"

    def __init__(self, folder: Path, summary: Summary) -> None:
        self.folder = folder
        self.summary = summary

    @cached_property
    def config(self) -> LoadedConfig:
        """What was simulated."""
        return load_config(self.folder / "config.yaml")

    @cached_property
    def layers(self) -> pd.DataFrame:
        """One row per variant and layer."""
        layers = _read_frame(self.folder, "layers")
        self._check_sums("layers", layers.groupby("variant")["cycles"].sum(), self._totals("cycles"))
        return layers

    @cached_property
    def units(self) -> pd.DataFrame:
        """One row per variant, layer and unit."""
        return _read_frame(self.folder, "units")

    @cached_property
    def events(self) -> pd.DataFrame:
        """One row per operation."""
        events = _read_frame(self.folder, "events")
        busy = {
            (variant, unit): cycles
            for variant, units in self._totals("busy_cycles").items()
            for unit, cycles in units.items()
            if cycles
        }
        self._check_sums("events", events.groupby(["variant", "unit"])["busy_cycles"].sum(), busy)
        return events

    @cached_property
    def stalls(self) -> pd.DataFrame:
        """One row per wait."""
        return _read_frame(self.folder, "stalls")

    @cached_property
    def buffers(self) -> pd.DataFrame:
        """One row per change of the halves of a buffer that are in use."""
        return _read_frame(self.folder, "buffers")

    @cached_property
    def actions(self) -> pd.DataFrame:
        """One row per kind of action that a layer did."""
        return _read_frame(self.folder, "actions")

    @cached_property
    def energy(self) -> pd.DataFrame:
        """One row per component that took energy in a layer; none without a table of energies."""
        energy = _read_frame(self.folder, "energy")
        taken = {variant: pj for variant, pj in self._totals("energy_pj").items() if pj is not None}
        self._check_sums("energy", energy.groupby("variant")["energy_pj"].agg(fsum), taken)
        return energy

    def _totals(self, figure: str) -> dict[str, Any]:
        return {variant: getattr(totals, figure) for variant, totals in self.summary.variants.items()}

    def _check_sums(self, name: str, sums: pd.Series[Any], expected: dict[Any, Any]) -> None:
        found = sums.to_dict()
        same = found.keys() == expected.keys()
        if not same or not all(isclose(found[key], expected[key], rel_tol=SUMS_DIFFER) for key in found):
            raise InputError(
                f"does not add up to what {SUMMARY} says: it was cut off or changed", path=self.folder / f"{name}.csv"
            )


def load_results(folder: str | Path) -> StoredResult:
    """Read a result folder that ``accelsim run`` or :func:`accelsim.write_results` wrote.

    Raises
    ------
    InputError
        If this is no result folder, or one of another version; and later, if a file in it is missing or broken.
    """
    folder = Path(folder)
    path = folder / SUMMARY
    if not folder.is_dir():
        what = "this is a file; name the folder it is in" if folder.exists() else "no such result folder"
        raise InputError(what, path=folder)
    if not path.exists():
        raise InputError(f"is no result folder: there is no {SUMMARY} in it", path=folder)
    data = _read_json(path)
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA_VERSION:
        raise InputError(
            f"must be {SCHEMA_VERSION}, not {json.dumps(version)}; simulate {folder / 'config.yaml'} anew",
            path=path,
            key="schema_version",
        )
    try:
        return StoredResult(folder, Summary.model_validate(data))
    except ValidationError as invalid:
        fault = invalid.errors(include_url=False)[0]
        raise InputError(fault["msg"], path=path, key=".".join(map(str, fault["loc"]))) from None


def _read_json(path: Path) -> Any:
    try:
        return json.loads(read_text(path, MAX_SUMMARY_BYTES))
    except json.JSONDecodeError as error:
        raise InputError(f"is not valid JSON: {error.msg}", path=path, line=error.lineno) from None
    except RecursionError:
        raise InputError("is nested too deeply", path=path) from None


def _read_frame(folder: Path, name: str) -> pd.DataFrame:
    import pandas as pd

    path = folder / f"{name}.csv"
    fault = fault_of_file(path)
    if fault:
        raise InputError(fault, path=path)
    try:
        columns = pd.read_csv(path, nrows=0).columns
        numbers = [column for column in columns if column not in TEXT_COLUMNS]
        texts = [column for column in columns if column in TEXT_COLUMNS]
        # An empty field is a number that is not there; everything else may be the name of a layer.
        empty = {column: [""] for column in numbers}
        frame = pd.read_csv(path, dtype=dict.fromkeys(texts, str), keep_default_na=False, na_values=empty)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", path=path) from None
    if frame.empty:
        frame = frame.astype(dict.fromkeys(numbers, float))  # pandas cannot tell what nothing is
    missing = [column for column in COLUMNS[name] if column not in columns]
    if missing:
        raise InputError(f"has no column '{missing[0]}'", path=path)
    wrong = [column for column in numbers if not pd.api.types.is_numeric_dtype(frame[column])]
    if wrong:
        raise InputError(f"the column '{wrong[0]}' must hold numbers only", path=path)
    return frame
