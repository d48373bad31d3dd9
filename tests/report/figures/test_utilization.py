"""Busy, stalled and idle: three parts of all cycles."""

from __future__ import annotations

import numpy as np
import pytest

from accelsim.report.figures.utilization import plot_utilization
from tests.results.runs import CASES, result_of


@pytest.mark.parametrize("case", CASES)
def test_every_bar_adds_up_to_all_cycles(case: str) -> None:
    axes = plot_utilization(result_of(case))
    lengths = np.array([[bar.get_width() for bar in bars] for bars in axes.containers])
    np.testing.assert_allclose(lengths.sum(axis=0), 100)
    starts = np.array([[bar.get_x() for bar in bars] for bars in axes.containers])
    np.testing.assert_allclose(starts, lengths.cumsum(axis=0) - lengths, atol=1e-9)


def test_bars_are_those_of_alpha5() -> None:
    # Of 670 and 688 cycles. DMA: 2 + 16 + 72 + 16, or 2 more of parameters. Array: 522 of its one operation, and 100 or
    # 102 stalled before. Function unit: 324 + 16 + 16, or a BN pass more; it accumulates from 100 or 102 on.
    axes = plot_utilization(result_of("alpha5"))
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == [
        f"{unit}, {variant}" for unit in ("DMA", "conv array", "function unit") for variant in ("fused", "unfused")
    ]
    busy, stalled, idle = ([bar.get_width() for bar in bars] for bars in axes.containers)
    totals = np.array([670, 688] * 3)
    np.testing.assert_allclose(np.array(busy) / 100 * totals, [106, 108, 522, 522, 356, 372])
    np.testing.assert_allclose(np.array(stalled) / 100 * totals, [564, 580, 100, 102, 298, 300])
    np.testing.assert_allclose(np.array(idle) / 100 * totals, [0, 0, 48, 64, 16, 16], atol=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_the_mark_is_the_utilisation_of_the_conv_array(case: str) -> None:
    (mark,) = plot_utilization(result_of(case)).lines
    expected = [100 * total.utilization["conv_array"] for total in result_of(case).summary.variants.values()]
    assert list(np.asarray(mark.get_xdata())) == pytest.approx(expected)


def test_a_layer_has_its_own_cycles() -> None:
    result = result_of("resnet18")
    rows = result.units[(result.units["layer"] == "conv1") & (result.units["unit"] == "conv_array")]
    cycles = rows[["busy_cycles", "stalled_cycles", "idle_cycles"]].sum(axis=1)
    axes = plot_utilization(result, layers=["conv1"])
    names = [text.get_text() for text in axes.get_yticklabels()]
    first = names.index("conv array, fused")
    widths = [bar.get_width() for bar in axes.containers[0]][first : first + 2]
    assert widths == pytest.approx(list(100 * rows["busy_cycles"] / cycles))
    assert axes.get_title(loc="left").startswith("Use of the units in conv1\n")


def test_a_unit_that_was_removed_has_no_bar() -> None:
    names = [text.get_text() for text in plot_utilization(result_of("resnet18")).get_yticklabels()]
    assert "BN stage, unfused" in names
    assert "BN stage, fused" not in names
