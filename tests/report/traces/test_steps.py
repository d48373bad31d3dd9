from __future__ import annotations

import pandas as pd
import pytest

from accelsim.report.selection import Activity, Window
from accelsim.report.traces.steps import halves_in_use, steps_of


@pytest.mark.parametrize(
    ("spans", "steps"),
    [
        ([], []),
        ([(2, 5, "a")], [(2, "a"), (5, "")]),
        ([(2, 5, "a"), (5, 7, "b")], [(2, "a"), (5, "b"), (7, "")]),
        ([(2, 5, "a"), (6, 7, "a")], [(2, "a"), (5, ""), (6, "a"), (7, "")]),
    ],
)
def test_between_spans_and_behind_them_there_is_nothing(
    spans: list[tuple[int, int, str]], steps: list[tuple[int, str]]
) -> None:
    assert list(steps_of(spans, "")) == steps


def halves(layers: list[tuple[int, int]], changes: list[tuple[int, int]], window: Window) -> list[tuple[int, int]]:
    """Return the steps of one buffer, from layers (start, length) and changes (cycle, halves)."""
    nothing = pd.DataFrame()
    activity = Activity(
        layers=pd.DataFrame(layers, columns=["start_cycle", "cycles"]).assign(variant="fused"),
        events=nothing,
        stalls=nothing,
        buffers=pd.DataFrame(changes, columns=["cycle", "halves_in_use"]).assign(variant="fused", buffer="ifmap"),
        windows={"fused": window},
    )
    ((buffer, steps),) = halves_in_use(activity, "fused")
    assert buffer == "ifmap"
    return list(steps)


def test_a_buffer_is_empty_behind_the_last_layer() -> None:
    assert halves([(0, 10)], [(0, 0), (3, 1)], Window(0, 10)) == [(0, 0), (3, 1), (10, 0)]


def test_a_layer_that_follows_at_once_says_what_is_in_use() -> None:
    changes = [(0, 1), (10, 1), (12, 2)]
    assert halves([(0, 10), (10, 5)], changes, Window(0, 15)) == [(0, 1), (10, 1), (12, 2), (15, 0)]


def test_between_layers_that_do_not_follow_one_another_a_buffer_is_empty() -> None:
    changes = [(0, 1), (20, 2)]
    assert halves([(0, 10), (20, 5)], changes, Window(0, 25)) == [(0, 1), (10, 0), (20, 2), (25, 0)]


def test_a_window_begins_with_what_is_in_use_then_and_ends_with_nothing() -> None:
    changes = [(0, 0), (3, 1), (5, 2), (8, 1), (9, 3)]
    assert halves([(0, 10)], changes, Window(6, 9)) == [(6, 2), (8, 1), (9, 0)]
