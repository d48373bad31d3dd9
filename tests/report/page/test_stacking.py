"""Where bars stand in their lane."""

from __future__ import annotations

import pandas as pd
import pytest

from accelsim.report.figures.style import WORK
from accelsim.report.page.bars import bars_of
from accelsim.report.page.stacking import stacked
from accelsim.report.selection import select
from tests.results.runs import CASES, result_of

COLUMNS = ["unit", "look", "what", "start_cycle", "end_cycle", "covered_cycles"]


def placed(*rows: tuple[str, str, str, int, int, int]) -> list[tuple[float, float]]:
    bars = stacked(pd.DataFrame(rows, columns=COLUMNS), ["convolution", "batchnorm", "activation"])
    return list(zip(bars["base"], bars["share"], strict=True))


def test_a_bar_that_is_one_operation_fills_its_lane() -> None:
    assert placed(("u", "batchnorm", "b", 0, 10, 10), ("u", "convolution", "c", 10, 20, 10)) == [(0, 1), (0, 1)]


def test_kinds_in_the_same_time_are_stacked_by_their_share() -> None:
    # of 100 cycles: 50 of convolution, 20 of BatchNorm, 30 of activation, mixed
    rows = [
        ("u", "batchnorm", "b", 0, 100, 20),
        ("u", "activation", "a", 0, 100, 30),
        ("u", "convolution", "c", 0, 100, 50),
    ]
    assert placed(*rows) == [(0.5, 0.2), (0.7, 0.3), (0, 0.5)]


def test_kinds_that_look_alike_are_stacked_as_well() -> None:
    rows = [("u", "activation", "activation", 0, 10, 4), ("u", "activation", "readout", 0, 10, 6)]
    assert placed(*rows) == [(0, 0.4), (0.4, 0.6)]


def test_what_lies_beside_a_bar_does_not_lift_it() -> None:
    # the convolution covers half of its time, and half of that time is the BatchNorm's: it covers a quarter of that
    rows = [("u", "convolution", "c", 0, 100, 50), ("u", "batchnorm", "b", 50, 150, 30)]
    assert placed(*rows) == [(0, 0.5), (0.25, 0.3)]


def test_other_units_have_lanes_of_their_own() -> None:
    assert placed(("u", "convolution", "c", 0, 10, 5), ("v", "batchnorm", "b", 0, 10, 5)) == [(0, 0.5), (0, 0.5)]


@pytest.mark.parametrize("case", CASES)
def test_bars_stay_in_their_lane_and_cover_what_they_stand_for(case: str) -> None:
    bars = bars_of(select(result_of(case)), most=50)
    for _, operations in bars.operations.groupby("variant"):
        drawn = stacked(operations, WORK)
        assert drawn["base"].min() >= 0
        assert (drawn["base"] + drawn["share"]).max() <= 1
        covered = drawn["share"] * (drawn["end_cycle"] - drawn["start_cycle"])
        assert covered.sum() == pytest.approx(operations["covered_cycles"].sum())
