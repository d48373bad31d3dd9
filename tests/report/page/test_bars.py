"""The bars of the timeline."""

from __future__ import annotations

import pandas as pd
import pytest

from accelsim.report.page.bars import MAX_BARS, Bars, bars_of
from accelsim.report.selection import Activity, Window, select
from tests.results.runs import CASES, result_of

TIMES = ["variant", "layer", "unit", "start_cycle", "end_cycle"]


Event = tuple[str, str, str, int, int, int, int]
Stall = tuple[str, str, int, int]


def activity(events: list[Event], stalls: list[Stall]) -> Activity:
    """Return what one variant did: layer, unit, operation, start, end, bytes, busy; and layer, cause, start, end."""
    columns = ["layer", "unit", "operation", "start_cycle", "end_cycle", "bytes", "busy_cycles"]
    event_frame = pd.DataFrame(events, columns=columns).assign(variant="fused")
    stall_frame = pd.DataFrame(stalls, columns=["layer", "stalled_on", "start_cycle", "end_cycle"])
    stall_frame = stall_frame.assign(variant="fused", unit="dma")
    empty = pd.DataFrame()
    return Activity(empty, event_frame, stall_frame, empty, {"fused": Window(0, 1000)})


LOADS = [
    # 3 cycles lie between the first two loads, 4 between the second and the third
    ("a", "dma", "load ifmap m0", 0, 10, 160, 10),
    ("a", "dma", "load ifmap m1", 13, 20, 112, 7),
    ("a", "dma", "load ifmap m2", 24, 30, 96, 6),
]


def rows(frame: pd.DataFrame) -> list[tuple[str, int, int, int, int, int]]:
    return list(frame[["tile", "start_cycle", "end_cycle", "covered_cycles", "bytes", "count"]].itertuples(index=False))


def total(bars: Bars) -> int:
    return len(bars.operations) + len(bars.waits)


@pytest.mark.parametrize("case", CASES)
def test_few_operations_and_waits_are_bars_as_they_are(case: str) -> None:
    result = result_of(case)
    bars = bars_of(select(result), most=10**9)
    assert bars.resolution_cycles == 0
    for frame, drawn in ((result.events, bars.operations), (result.stalls, bars.waits)):
        pd.testing.assert_frame_equal(drawn[TIMES], frame[TIMES])
        assert (drawn["covered_cycles"] == drawn["end_cycle"] - drawn["start_cycle"]).all()
        assert (drawn["count"] == 1).all()
    assert (bars.operations["what"] + " " + bars.operations["tile"]).str.strip().tolist() == list(
        result.events["operation"]
    )
    assert bars.waits["what"].tolist() == result.stalls["stalled_on"].tolist()


def test_neighbours_are_merged_from_a_resolution_on() -> None:
    bars = bars_of(activity(LOADS, []), most=2)
    # of the powers of two, 4 is the first that is above the 3 cycles between
    assert bars.resolution_cycles == 4
    assert rows(bars.operations) == [("m0 – m1", 0, 20, 17, 272, 2), ("m2", 24, 30, 6, 96, 1)]
    bars = bars_of(activity(LOADS, []), most=1)
    assert bars.resolution_cycles == 8
    assert rows(bars.operations) == [("m0 – m2", 0, 30, 23, 368, 3)]


def test_only_what_is_alike_is_merged() -> None:
    events = [
        *LOADS,
        ("b", "dma", "load ifmap m0", 30, 40, 160, 10),
        ("b", "conv_array", "multiply m0", 40, 50, 0, 10),
        ("b", "dma", "store ofmap m0", 41, 50, 160, 10),
    ]
    stalls = [("b", "ofmap_full", 50, 55), ("b", "ofmap_full", 56, 60), ("b", "ifmap_free", 60, 70)]
    bars = bars_of(activity(events, stalls), most=1)
    assert list(zip(bars.operations["layer"], bars.operations["what"], bars.operations["count"], strict=True)) == [
        ("b", "multiply", 1),
        ("a", "load ifmap", 3),
        ("b", "load ifmap", 1),
        ("b", "store ofmap", 1),
    ]
    assert list(zip(bars.waits["what"], bars.waits["covered_cycles"], strict=True)) == [
        ("ifmap_free", 10),
        ("ofmap_full", 9),
    ]


@pytest.mark.parametrize("case", [case for case in CASES if "alpha5" not in case])  # where no two operations are alike
def test_merging_loses_nothing(case: str) -> None:
    part = select(result_of(case))
    every = bars_of(part, most=10**9)
    few = bars_of(part, most=total(every) // 2)
    assert few.resolution_cycles > 0
    assert total(few) <= total(every) // 2
    alike = ["variant", "unit", "layer", "what", "look"]
    for many, merged in zip(every[:2], few[:2], strict=True):
        sums = ["covered_cycles", "busy_cycles", "bytes", "count"]
        pd.testing.assert_frame_equal(many.groupby(alike)[sums].sum(), merged.groupby(alike)[sums].sum())
        spans = {"start_cycle": "min", "end_cycle": "max"}
        pd.testing.assert_frame_equal(many.groupby(alike).agg(spans), merged.groupby(alike).agg(spans))
        gaps = merged["start_cycle"] - merged.groupby(alike)["end_cycle"].shift()
        assert not (gaps < few.resolution_cycles).any()


def test_a_long_run_is_bounded_and_a_part_of_it_whole() -> None:
    result = result_of("mobilenet, off chip")
    assert len(result.events) + len(result.stalls) > MAX_BARS
    assert total(bars_of(select(result))) <= MAX_BARS
    assert bars_of(select(result, ["features.0.0"])).resolution_cycles == 0


def test_nothing_to_wait_for_is_no_bar() -> None:
    bars = bars_of(activity(LOADS, []), most=1)
    assert bars.waits.empty
