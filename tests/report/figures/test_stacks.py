"""Stacked bars for every variant of every group."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.figure import Figure

from accelsim.report.figures.stacks import draw_stacks, tallest, variant_patches
from accelsim.report.figures.style import BLUE, GREEN, Look

LOOKS = {"low": Look("low one", BLUE), "high": Look("high one", GREEN)}

AMOUNTS = pd.DataFrame(
    [[1.0, 2.0, 4.0], [3.0, 0.0, 5.0]],
    index=["a", "b"],
    columns=pd.MultiIndex.from_tuples(
        [("fused", "high"), ("fused", "low"), ("unfused", "low")], names=["variant", "key"]
    ),
)


def test_bars_stand_on_one_another_in_the_order_of_the_looks() -> None:
    axes = Figure().add_subplot()
    draw_stacks(axes, AMOUNTS, LOOKS, ["fused", "unfused"])
    bars = {str(drawn.get_label()): [(bar.get_y(), bar.get_height()) for bar in drawn] for drawn in axes.containers}
    assert bars == {
        "fused: low one": [(0, 2), (0, 0)],
        "fused: high one": [(2, 1), (0, 3)],
        "unfused: low one": [(0, 4), (0, 5)],
    }


def test_the_axis_ends_above_the_tallest() -> None:
    axes = Figure().add_subplot()
    draw_stacks(axes, AMOUNTS, LOOKS, ["fused", "unfused"])
    assert tallest(AMOUNTS) == 5
    assert list(axes.get_ylim()) == pytest.approx([0, 5.25])


def test_variants_are_told_apart_by_lines() -> None:
    fused, unfused = variant_patches(["fused", "unfused"])
    assert (fused.get_label(), unfused.get_label()) == ("fused", "unfused")
    assert fused.get_hatch() != unfused.get_hatch()
