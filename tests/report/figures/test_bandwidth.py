"""Bandwidth over time: what is drawn adds up to what was moved."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from matplotlib.axes import Axes

import accelsim
from accelsim.report.figures.bandwidth import plot_bandwidth
from accelsim.report.selection import Window
from tests.report.figures.drawn import steps
from tests.results.runs import CASES, CONFIGS, result_of


def moved_bytes(axes: Axes) -> dict[str, float]:
    """Areas, by label: bytes per cycle times cycles."""
    return {drawn.label: drawn.area for drawn in steps(axes)}


@pytest.mark.parametrize("case", CASES)
def test_areas_are_the_bytes_read_and_written(case: str) -> None:
    expected = {}
    for variant, total in result_of(case).summary.variants.items():
        expected[f"{variant}: read"] = total.dram_read_bytes
        expected[f"{variant}: written"] = total.dram_write_bytes
    assert moved_bytes(plot_bandwidth(result_of(case))) == pytest.approx(expected)


def test_areas_of_a_layer_are_its_bytes() -> None:
    result = result_of("resnet18")
    rows = result.layers[result.layers["layer"] == "layer2.0.conv2"].set_index("variant")
    areas = moved_bytes(plot_bandwidth(result, layers=["layer2.0.conv2"]))
    assert areas["unfused: read"] == pytest.approx(rows["dram_read_bytes"]["unfused"])
    assert areas["fused: written"] == pytest.approx(rows["dram_write_bytes"]["fused"])


def test_a_window_cuts_a_transfer() -> None:
    # alpha5, fused: 64 bytes of the ifmap from 2 to before 18, 288 of weights from 18 to before 90: 4 a cycle
    axes = plot_bandwidth(result_of("alpha5"), window=Window(10, 30))
    assert moved_bytes(axes)["fused: read"] == pytest.approx(4 * 20)


def test_a_window_without_a_transfer_is_empty() -> None:
    # alpha5 moves nothing between 92, when all is loaded, and 654
    axes = plot_bandwidth(result_of("alpha5"), window=Window(100, 110))
    assert set(moved_bytes(axes).values()) == {0}


def test_the_average_is_that_of_the_summary() -> None:
    texts = [text.get_text() for text in plot_bandwidth(result_of("alpha5")).texts]
    assert texts == [f"fused: {424 / 670:.4g} on average", f"unfused: {432 / 688:.4g} on average"]


def test_the_limit_is_that_of_the_machine() -> None:
    result = accelsim.simulate(accelsim.load_config(CONFIGS / "alpha5.yaml", ["machine.dram.bytes_per_cycle=6.4"]))
    assert result.config.machine.dram.bytes_per_cycle == Fraction(32, 5)
    axes = plot_bandwidth(result)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["0", "3.2", "6.4"] * 2
    dashed = [float(np.asarray(line.get_ydata())[0]) for line in axes.lines if line.get_linestyle() == "--"]
    # the lane of the unfused variant is 1.4 limits further down
    assert dashed == pytest.approx([6.4, 6.4 - 1.4 * 6.4])


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_above_the_limit(case: str) -> None:
    axes = plot_bandwidth(result_of(case))
    limit = float(result_of(case).config.machine.dram.bytes_per_cycle)
    for drawn in steps(axes):
        lane = 0 if drawn.label.startswith("fused") else -1.4 * limit
        assert drawn.values.max() <= lane + limit + 1e-9


def test_the_title_says_how_long_the_windows_are() -> None:
    # 688 cycles in at most 256 windows
    title = plot_bandwidth(result_of("alpha5")).get_title(loc="left")
    assert title.startswith("DRAM bandwidth, averaged over windows of 4 cycles\n")
    title = plot_bandwidth(result_of("alpha5"), window=Window(0, 10)).get_title(loc="left")
    assert title.startswith("DRAM bandwidth, averaged over windows of 1 cycle\n")
