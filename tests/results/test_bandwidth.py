"""What falls into which window."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from accelsim.results.bandwidth import amount_until, spread_over_windows, window_edges


def spread(rows: list[tuple[int, int, int]], edges: list[int]) -> list[float]:
    spans = pd.DataFrame(rows, columns=["start_cycle", "end_cycle", "bytes"])
    return list(spread_over_windows(spans, spans["bytes"].to_numpy(), np.array(edges)))


@pytest.mark.parametrize(
    ("span", "expected"),
    [((0, 10, 4), [0, 4, 8, 10]), ((0, 8, 4), [0, 4, 8]), ((5, 8, 4), [5, 8]), ((3, 12, 5), [3, 8, 12])],
)
def test_windows_follow_one_another_to_the_end(span: tuple[int, int, int], expected: list[int]) -> None:
    assert window_edges(*span).tolist() == expected


def test_an_amount_is_spread_evenly_over_its_cycles() -> None:
    # 40 from 5 to 15: half before 10; 7 all in the last window
    assert spread([(5, 15, 40), (21, 22, 7)], [0, 10, 20, 30]) == [20, 20, 7]


def test_what_is_outside_of_all_windows_does_not_count() -> None:
    # of 100 from 0 to 10 the half from 5 on, and of 30 from 12 to 15 the part before 13
    assert spread([(0, 10, 100), (12, 15, 30)], [5, 10, 13]) == [50, 10]


def test_nothing_done_is_nothing_moved() -> None:
    assert spread([], [0, 10, 15]) == [0, 0]


def test_until_a_cycle_whole_spans_count_and_a_part_of_the_one_under_way() -> None:
    spans = pd.DataFrame({"start_cycle": [5, 20], "end_cycle": [15, 24]})
    # nothing; 2 of 10 cycles; all of the first; still so; 3 of 4 cycles; all, and nothing more
    cycles = np.array([0, 7, 15, 20, 23, 99])
    assert amount_until(spans, np.array([40, 8]), cycles).tolist() == [0, 8, 40, 40, 46, 48]
