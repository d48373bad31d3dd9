"""The table of layers."""

from __future__ import annotations

from math import isnan
from typing import Any

import pandas as pd
import pytest
from bokeh.models import ColumnDataSource

from accelsim.report.figures.layers import layer_order
from accelsim.report.page.layers_table import layers_table
from tests.report.figures.runs import without_energies
from tests.report.page.hostile import LAYERS, hostile_result
from tests.results.runs import CASES, result_of


def cells(layers: pd.DataFrame) -> dict[str, Any]:
    source = layers_table(layers).source
    assert isinstance(source, ColumnDataSource)
    return dict(source.data)


def test_a_row() -> None:
    # Of 688 cycles 670 are left. 424 and 432 bytes; 9,216 MACs on 64 multipliers are 144 cycles.
    row = {name: value for name, (value,) in cells(result_of("alpha5").layers).items()}
    texts = [row.pop(name) for name in ("layer", "kind", "tiling")]
    assert texts == ["conv", "conv", "1 x 4x4 pixels, 1 x 8 output channels, 8 input channels, reuse weight"]
    assert row == pytest.approx(
        {
            "cycles fused": 670,
            "cycles unfused": 688,
            "saved": 100 * 18 / 688,
            "stalled fused": 100,
            "stalled unfused": 102,
            "dram fused": 424 / 1024,
            "dram unfused": 432 / 1024,
            # 72,905.7 and 74,376.7 pJ
            "energy fused": 0.07290569,
            "energy unfused": 0.07437669,
            "array fused": 100 * 144 / 670,
            "array unfused": 100 * 144 / 688,
        }
    )


@pytest.mark.parametrize("case", CASES)
def test_a_row_for_every_layer_and_a_cell_in_every_column(case: str) -> None:
    layers = result_of(case).layers
    data = cells(layers)
    assert {column.field for column in layers_table(layers).columns} == set(data)
    assert list(data["layer"]) == layer_order(layers)
    assert {len(values) for values in data.values()} == {layers["layer"].nunique()}


def test_a_layer_that_is_gone_has_saved_everything() -> None:
    layers = hostile_result().layers
    gone = layers[(layers["variant"] == "unfused") | (layers["layer"] != LAYERS[1])]
    data = cells(gone)
    row = list(data["layer"]).index(LAYERS[1])
    assert isnan(data["cycles fused"][row])
    assert data["saved"][row] == 100
    assert data["tiling"][row] != ""


def test_a_layer_that_is_new_has_saved_nothing() -> None:
    layers = hostile_result().layers
    new = layers[(layers["variant"] == "fused") | (layers["layer"] != LAYERS[1])]
    data = cells(new)
    row = list(data["layer"]).index(LAYERS[1])
    assert isnan(data["cycles unfused"][row])
    assert isnan(data["saved"][row])


def test_a_single_variant_has_no_saving() -> None:
    layers = result_of("alpha5").layers
    headings = [column.title for column in layers_table(layers[layers["variant"] == "fused"]).columns]
    of_fused = [f"{title} fused" for title in ("cycles", "stalled", "DRAM KiB", "energy µJ", "array %")]
    assert headings == ["layer", "kind", *of_fused, "tiling"]


def test_without_energies_there_is_no_column_of_them() -> None:
    fields = [column.field for column in layers_table(without_energies().layers).columns]
    assert "cycles fused" in fields
    assert "energy fused" not in fields
