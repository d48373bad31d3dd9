"""Bars by layer: their order, places and names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from accelsim.report.figures.layers import MAX_NAMES, bar_places, by_layer, layer_order, layers_axes, name_layers
from accelsim.report.figures.style import DOUBLE_COLUMN_IN, SINGLE_COLUMN_IN


def layers(fused: str, unfused: str) -> pd.DataFrame:
    rows = [("fused", name, 1) for name in fused] + [("unfused", name, 2) for name in unfused]
    return pd.DataFrame(rows, columns=["variant", "layer", "cycles"])


@pytest.mark.parametrize(
    ("fused", "unfused", "order"),
    [("abc", "abc", "abc"), ("ac", "abc", "abc"), ("bc", "abc", "abc"), ("axc", "abc", "abxc"), ("", "ba", "ba")],
)
def test_the_order_is_that_of_both_variants(fused: str, unfused: str, order: str) -> None:
    assert "".join(layer_order(layers(fused, unfused))) == order


def test_a_layer_that_a_variant_lacks_counts_nothing() -> None:
    table = by_layer(layers("ac", "abc"), "cycles")
    assert table.to_dict("index") == {
        "a": {"fused": 1, "unfused": 2},
        "b": {"fused": 0, "unfused": 2},
        "c": {"fused": 1, "unfused": 2},
    }
    assert list(table.columns) == ["fused", "unfused"]


def test_bars_of_a_group_stand_side_by_side_around_its_middle() -> None:
    places, width = bar_places(3, 2)
    np.testing.assert_allclose(places, [[-0.2, 0.8, 1.8], [0.2, 1.2, 2.2]])
    assert width == pytest.approx(0.4)


def test_few_layers_fit_a_column() -> None:
    widths = [layers_axes(count).figure.get_figwidth() for count in (12, 13)]  # type: ignore[union-attr]
    assert widths == [SINGLE_COLUMN_IN, DOUBLE_COLUMN_IN]


def test_of_too_many_layers_every_second_one_is_named() -> None:
    axes = layers_axes(MAX_NAMES)
    name_layers(axes, [f"layer{number}" for number in range(MAX_NAMES)])
    assert len(axes.get_xticks()) == MAX_NAMES
    name_layers(axes, [f"layer{number}" for number in range(MAX_NAMES + 1)])
    assert [text.get_text() for text in axes.get_xticklabels()][:2] == ["layer0", "layer2"]


@pytest.mark.parametrize(("names", "rotation"), [(["conv1", "conv2"], 0), (["layer1.0.downsample"] * 4, 90)])
def test_names_stand_upright_where_they_do_not_fit(names: list[str], rotation: int) -> None:
    axes = layers_axes(len(names))
    name_layers(axes, names)
    assert {text.get_rotation() for text in axes.get_xticklabels()} == {rotation}
