"""The table of layers, which a click on a heading sorts."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from typing import TYPE_CHECKING, NamedTuple

from bokeh.models import ColumnDataSource
from bokeh.models.widgets.tables import DataTable, NumberFormatter, StringFormatter, TableColumn

from accelsim.report.figures.layers import layer_order
from accelsim.report.terminal.layer_columns import LAYER_COLUMNS, NOTHING, Row
from accelsim.report.terminal.side_by_side import columns_with_values
from accelsim.report.terminal.tables import SAVED_TITLES
from accelsim.results.saved import saved_percent

if TYPE_CHECKING:
    import pandas as pd
    from bokeh.models.sources import DataDict

ROW_PIXELS = 26

HEADINGS_PIXELS = 34
"""Height of the headings, and of what lies between them and the rows."""

MAX_ROWS_SHOWN = 100
"""A longer table scrolls; up to here it is printed whole."""


class _Look(NamedTuple):
    """How wide a column is, and how its numbers are written, if it has numbers."""

    pixels: int
    number_format: str = ""


_NAME, _SAVED = _Look(150), _Look(70, "0.00")

_LOOKS = {
    "kind": _Look(60),
    "cycles": _Look(100, "0,0"),
    "stalled": _Look(100, "0,0"),
    "dram": _Look(125, "0,0.0"),
    "energy": _Look(130, "0,0.00"),
    "array": _Look(105, "0.0"),
    "tiling": _Look(520),
}
"""The columns that are shown, by their names in ``LAYER_COLUMNS``, as far as some layer has a value."""

_Rows = Mapping[str, Row]
"""The layers of a variant, by name."""


def layers_table(layers: pd.DataFrame) -> DataTable:
    """Return a row per layer, with its figures in each variant, and what fusing saved of its cycles.

    Parameters
    ----------
    layers
        The layers of a result. A layer that only one variant has stands where it is executed.
    """
    names = layer_order(layers)
    variants: dict[str, _Rows] = {
        str(variant): {row["layer"]: row for row in of_variant.to_dict("records")}
        for variant, of_variant in layers.groupby("variant", sort=False)
    }
    cells: DataDict = {"layer": names}
    columns = [_column("layer", "layer", _NAME)]
    shown = columns_with_values(layers.to_dict("records"))
    for name, look in ((name, look) for name, look in _LOOKS.items() if name in shown):
        title = LAYER_COLUMNS[name].title
        if LAYER_COLUMNS[name].is_text:
            cells[name] = [_text(name, layer, variants) for layer in names]
            columns.append(_column(name, title, look))
            continue
        for variant, rows in variants.items():
            field = f"{name} {variant}"
            cells[field] = [_number(name, rows.get(layer)) for layer in names]
            columns.append(_column(field, f"{title} {variant}", look))
        if name == "cycles" and "unfused" in variants:
            for folded in (variant for variant in SAVED_TITLES if variant in variants):
                title, rows, before = SAVED_TITLES[folded], variants[folded], variants["unfused"]
                cells[title] = [_saved_percent(rows.get(layer), before.get(layer)) for layer in names]
                columns.append(_column(title, f"{title} %", _SAVED))
    return DataTable(
        name="layers",
        source=ColumnDataSource(cells),
        columns=columns,
        index_position=None,
        frozen_columns=1,
        autosize_mode="none",
        reorderable=False,
        selectable=False,
        row_height=ROW_PIXELS,
        width=sum(column.width for column in columns),
        height=ROW_PIXELS * min(len(names), MAX_ROWS_SHOWN) + HEADINGS_PIXELS,
    )


def _text(name: str, layer: str, variants: Mapping[str, _Rows]) -> str:
    texts = [LAYER_COLUMNS[name].text(rows[layer]) for rows in variants.values() if layer in rows]
    return " / ".join(dict.fromkeys(texts))


def _number(name: str, row: Row | None) -> float:
    value = LAYER_COLUMNS[name].value(row) if row else None
    return nan if value is None else float(value)


def _saved_percent(fused: Row | None, unfused: Row | None) -> float:
    """A layer that is gone has saved all of its cycles; one that is new had none to save."""
    if unfused is None:
        return nan
    return float(saved_percent(fused["cycles"] if fused else 0, unfused["cycles"]))


def _column(field: str, title: str, look: _Look) -> TableColumn:
    formatter = StringFormatter()
    if look.number_format:
        formatter = NumberFormatter(format=look.number_format, text_align="right", nan_format=NOTHING)
    return TableColumn(field=field, title=title, width=look.pixels, formatter=formatter)
