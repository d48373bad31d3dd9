"""Cycles by layer: bars as long as the layers took."""

from __future__ import annotations

import pytest

from accelsim.report.figures.cycles import plot_cycles
from tests.results.runs import CASES, result_of


@pytest.mark.parametrize("case", CASES)
def test_bars_are_the_cycles_of_the_layers(case: str) -> None:
    layers = result_of(case).layers
    axes = plot_cycles(result_of(case))
    for bars in axes.containers:
        of_variant = layers[layers["variant"] == bars.get_label()]
        assert [bar.get_height() for bar in bars] == list(of_variant["cycles"])
    assert [str(bars.get_label()) for bars in axes.containers] == list(result_of(case).summary.variants)


def test_only_chosen_layers_have_bars() -> None:
    axes = plot_cycles(result_of("resnet18"), layers=["fc", "conv1"])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["conv1", "fc"]
    assert [len(bars) for bars in axes.containers] == [2, 2]


def test_thousands_are_set_apart() -> None:
    axes = plot_cycles(result_of("resnet18"))
    assert axes.yaxis.get_major_formatter()(50_000) == "50,000"
