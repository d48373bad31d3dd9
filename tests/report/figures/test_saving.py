"""What fusing saves, layer by layer: parts of a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.report.figures.saving import plot_saving
from tests.report.figures.runs import folded_ahead
from tests.results.runs import CASES, result_of


@pytest.mark.parametrize("case", CASES)
def test_bars_add_up_to_the_summary(case: str) -> None:
    saving = result_of(case).summary.saving
    assert saving is not None
    cycles, traffic = plot_saving(result_of(case)).containers
    assert sum(bar.get_height() for bar in cycles) == pytest.approx(saving.cycles_percent)
    assert sum(bar.get_height() for bar in traffic) == pytest.approx(saving.dram_bytes_percent)
    assert cycles.get_label() == f"cycles ({saving.cycles_percent:.2f} % in all)"


def test_a_layer_has_its_part() -> None:
    # fused 670, unfused 688 cycles; 424 and 432 bytes (tests/results/test_summary.py)
    cycles, traffic = plot_saving(result_of("alpha5")).containers
    assert [bar.get_height() for bar in cycles] == [pytest.approx(100 * 18 / 688)]
    assert [bar.get_height() for bar in traffic] == [pytest.approx(100 * 8 / 432)]


def test_a_batchnorm_that_is_gone_has_saved_all_its_cycles(tmp_path: Path) -> None:
    result = folded_ahead(tmp_path)
    (gone,) = result.layers.loc[result.layers["layer"] == "层", "cycles"]
    cycles, _ = plot_saving(result, layers=["层"]).containers
    expected = 100 * gone / result.summary.variants["unfused"].cycles
    assert [bar.get_height() for bar in cycles] == [pytest.approx(expected)]


def test_the_part_of_a_chosen_layer_is_that_of_the_whole_network() -> None:
    alone = plot_saving(result_of("mobilenet, off chip"), layers=["features.0.0"])
    among_others = plot_saving(result_of("mobilenet, off chip"))
    for bars, all_bars in zip(alone.containers, among_others.containers, strict=True):
        assert bars[0].get_height() == all_bars[0].get_height() > 0
