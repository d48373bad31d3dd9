"""Where time begins, and how it is cut."""

from __future__ import annotations

import pytest

from accelsim.report.figures.time_axis import averaging_cycles, time_axis
from accelsim.report.selection import Window, select
from tests.results.runs import result_of


def test_a_run_is_counted_from_its_start() -> None:
    result = result_of("alpha5")
    time = time_axis(select(result), [], None)
    assert time.origins == {"fused": 0, "unfused": 0}
    assert time.spans == {"fused": (0, 670), "unfused": (0, 688)}
    assert (time.start_cycle, time.end_cycle, time.label) == (0, 688, "cycles")


def test_a_layer_is_counted_from_its_start_in_each_variant() -> None:
    result = result_of("mobilenet, off chip")
    name = "features.2.conv.0.0"
    activity = select(result, [name])
    rows = result.layers[result.layers["layer"] == name].set_index("variant")
    time = time_axis(activity, [name], None)
    assert time.origins == rows["start_cycle"].to_dict()
    assert time.origins["fused"] != time.origins["unfused"]
    assert time.spans == {variant: (0, cycles) for variant, cycles in rows["cycles"].items()}
    assert time.label == f"cycles from the start of {name}"
    placed = time.placed(activity.events)
    assert placed.groupby("variant")["start_cycle"].min().to_dict() == {"fused": 0, "unfused": 0}
    lengths = activity.events["end_cycle"] - activity.events["start_cycle"]
    assert list(placed["end_cycle"] - placed["start_cycle"]) == list(lengths)


def test_a_window_is_counted_from_the_start_of_the_run() -> None:
    window = Window(600, 10_000)
    for layers in ([], ["conv"]):
        time = time_axis(select(result_of("alpha5"), layers, window), layers, window)
        assert time.origins == {"fused": 0, "unfused": 0}
        assert time.spans == {"fused": (600, 670), "unfused": (600, 688)}


@pytest.mark.parametrize(
    ("shown_cycles", "most", "expected"),
    [(1, 256, 1), (256, 256, 1), (257, 256, 2), (513, 256, 4), (1_000_000, 256, 4096)],
)
def test_windows_are_the_shortest_power_of_two_that_suffices(shown_cycles: int, most: int, expected: int) -> None:
    assert averaging_cycles(shown_cycles, most) == expected
