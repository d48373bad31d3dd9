"""The table of a sweep: a row for every point and variant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelsim.documents.files import fault_of_file
from accelsim.documents.new_file import write_new_file
from accelsim.errors import InputError
from accelsim.optional import require
from accelsim.sweep.columns import FIGURES, OUTCOME_COLUMNS, POINT_COLUMNS
from accelsim.sweep.definition import SCHEMA_VERSION
from accelsim.sweep.folder import CSV, DEFINITION, PARQUET
from accelsim.sweep.space import Space

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

    from accelsim.sweep.definition import Definition
    from accelsim.sweep.evaluation import Evaluation

DONE = "done"

INFEASIBLE = "infeasible"
"""Status of a point whose machine cannot exist, or that the network does not fit."""

_VERSION = "schema_version"
"""In the attributes of the table, which pandas keeps in the metadata of a Parquet file."""


def sweep_frame(definition: Definition, evaluations: Iterable[Evaluation]) -> pd.DataFrame:
    """Return the table.

    Parameters
    ----------
    definition
        The sweep.
    evaluations
        Its points, in any order.

    Returns
    -------
    pandas.DataFrame
        One row per point and variant, in order of points. docs/sweeps.md describes the columns.
    """
    import pandas as pd

    space = Space(definition)
    axes = {column: _type_of(values) for column, values in _axis_columns(definition)}
    types = {**POINT_COLUMNS, **axes, **OUTCOME_COLUMNS, **FIGURES}
    in_order = sorted(evaluations, key=lambda evaluation: evaluation.point.number)
    rows = [row for evaluation in in_order for row in _rows(definition, space, evaluation)]
    columns: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else ((),) * len(types)
    frame = pd.DataFrame(
        {
            name: pd.Series(_as_type(values, kind), dtype=kind)
            for (name, kind), values in zip(types.items(), columns, strict=True)
        }
    )
    frame.attrs[_VERSION] = SCHEMA_VERSION
    return frame


def write_tables(folder: Path, frame: pd.DataFrame) -> None:
    """Write ``results.parquet`` and ``results.csv``, each whole.

    Raises
    ------
    InputError
        If one cannot be written.
    """
    write_new_file(folder / PARQUET, lambda path: frame.to_parquet(path, engine="pyarrow", index=False), force=True)
    write_new_file(folder / CSV, lambda path: frame.to_csv(path, index=False, lineterminator="\n"), force=True)


def load_sweep(folder: str | Path) -> pd.DataFrame:
    """Read the table of a sweep.

    Parameters
    ----------
    folder
        The folder that ``accelsim sweep`` wrote.

    Returns
    -------
    pandas.DataFrame
        One row per point and variant. docs/sweeps.md describes the columns.

    Raises
    ------
    InputError
        If there is no sweep in the folder, it has no table yet, or one of another version.
    """
    require("pyarrow", extra="sweep")
    import pandas as pd

    folder = Path(folder)
    path = folder / PARQUET
    if (folder / DEFINITION).exists() and not path.exists():
        message = f"is not finished; `accelsim sweep export {folder}` makes a table of what there is"
        raise InputError(message, path=folder)
    fault = fault_of_file(path)
    if fault:
        raise InputError(f"is no folder of a sweep: {PARQUET}: {fault}", path=folder)
    try:
        frame = pd.read_parquet(path, engine="pyarrow")
    except (OSError, ValueError) as error:  # pyarrow's own faults are ValueErrors
        raise InputError(f"cannot be read: {error}", path=path) from None
    version = frame.attrs.get(_VERSION)
    if version != SCHEMA_VERSION:
        raise InputError(f"must be {SCHEMA_VERSION}, not {version}; sweep anew", path=path, key=_VERSION)
    return frame


def _axis_columns(definition: Definition) -> Iterator[tuple[str, list[Any]]]:
    for axis in definition.axes:
        for column, name in enumerate(axis.columns):
            yield name, [together[column] for together in axis.levels]


def _type_of(values: Sequence[Any]) -> str:
    """Return the type of a column that holds these values."""
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "Int64"
    return "float64" if kinds <= {int, float} else "string"


def _as_type(values: Sequence[Any], kind: str) -> list[Any]:
    return [_text(value) for value in values] if kind == "string" else list(values)


def _text(value: Any) -> str | None:
    """Return a text as it is, and anything else as JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _rows(definition: Definition, space: Space, evaluation: Evaluation) -> Iterator[list[Any]]:
    workload, *chosen = space.named(evaluation.point.choice).values()
    for variant in definition.variants:
        yield [
            evaluation.point.number,
            evaluation.config_sha256,
            workload,
            *chosen,
            variant,
            INFEASIBLE if evaluation.reason else DONE,
            evaluation.reason,
            *evaluation.figures.get(variant, [None] * len(FIGURES)),
        ]
