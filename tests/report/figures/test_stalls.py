"""Stalls by layer, or by unit of a layer: stacked bars add up to them."""

from __future__ import annotations

import pytest
from matplotlib.axes import Axes

from accelsim.report.figures.stalls import plot_stalls
from tests.report.figures.drawn import legend_rows
from tests.results.runs import CASES, result_of


def stacks(axes: Axes, variant: str) -> list[float]:
    """Heights of all bars on one another, by group."""
    containers = [bars for bars in axes.containers if str(bars.get_label()).startswith(f"{variant}:")]
    heights = [[bar.get_height() for bar in bars] for bars in containers]
    return [sum(stack) for stack in zip(*heights, strict=True)]


@pytest.mark.parametrize("case", [case for case in CASES if "alpha5" not in case])
def test_bars_add_up_to_the_stalled_cycles_of_the_conv_array(case: str) -> None:
    units = result_of(case).units
    for variant in ("fused", "unfused"):
        rows = units[(units["variant"] == variant) & (units["unit"] == "conv_array")]
        assert stacks(plot_stalls(result_of(case)), variant) == list(rows["stalled_cycles"])


def test_of_one_layer_there_is_a_bar_for_every_unit() -> None:
    axes = plot_stalls(result_of("alpha5"))
    assert [text.get_text() for text in axes.get_xticklabels()] == ["DMA", "conv array", "function unit"]
    assert axes.get_title(loc="left").startswith("Stalls of the units in conv\n")
    # fused: the store waits from 90 to 654; the array 28 cycles for the ifmap and 72 for weights; the function unit for
    # the array, from 0 to 100, and 198 cycles while it accumulates
    assert stacks(axes, "fused") == [564, 100, 298]
    assert stacks(axes, "unfused") == [580, 102, 300]
    by_wait = {str(bars.get_label()): [bar.get_height() for bar in bars] for bars in axes.containers}
    assert by_wait["fused: ifmap"] == [0, 28, 0]
    assert by_wait["fused: weights"] == [0, 72, 0]
    assert by_wait["fused: ofmap"] == [564, 0, 0]


def test_bars_stand_on_one_another() -> None:
    axes = plot_stalls(result_of("alpha5"))
    ifmap, weights = (bars for bars in axes.containers if bars.get_label() in ("fused: ifmap", "fused: weights"))
    assert weights[1].get_y() == ifmap[1].get_y() + ifmap[1].get_height() == 28


def test_no_legend_touches_the_tallest_bar() -> None:
    bottom, top = plot_stalls(result_of("alpha5")).get_ylim()
    assert bottom == 0
    assert top == pytest.approx(1.05 * 580)


def test_without_a_convolution_there_are_no_bars() -> None:
    axes = plot_stalls(result_of("resnet18"), layers=["maxpool", "avgpool"])
    assert not axes.containers
    assert legend_rows(axes) == [["fused", "unfused"]]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["maxpool", "avgpool"]


def test_variants_are_told_apart_by_lines() -> None:
    containers = plot_stalls(result_of("resnet18")).containers
    hatches = {str(bars.get_label()).split(":")[0]: bars[0].get_hatch() for bars in containers}
    assert not hatches["fused"]
    assert hatches["unfused"]
