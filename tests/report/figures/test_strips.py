"""Bars at their places, and shares of windows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.collections import PolyCollection

from accelsim.report.figures.strips import Strip, draw_bars, draw_shares
from accelsim.report.figures.style import Look, new_axes
from tests.report.figures.drawn import steps

STRIP = Strip("lane", 2.0, 2.5)
LOOKS = {"a": Look("first", "#FF0000"), "b": Look("second", "#0000FF"), "c": Look("third", "#00FF00")}


def spans(*rows: tuple[int, int, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["start_cycle", "end_cycle", "look"])


def test_bars_are_where_the_spans_are() -> None:
    axes = new_axes(4, 2)
    draw_bars(axes, STRIP, spans((0, 10, "a"), (10, 15, "b"), (20, 30, "a")), LOOKS, 3000)
    first, second = axes.collections
    assert isinstance(first, PolyCollection)
    assert (first.get_label(), second.get_label()) == ("lane: first", "lane: second")
    extents = [list(path.get_extents().extents) for path in first.get_paths()]
    assert extents == [[0, 2.0, 10, 2.5], [20, 2.0, 30, 2.5]]


def test_only_wide_bars_have_a_line_around_them() -> None:
    axes = new_axes(4, 2)
    draw_bars(axes, STRIP, spans((0, 10, "a"), (10, 21, "a")), LOOKS, 3000)
    assert list(np.atleast_1d(axes.collections[0].get_linewidth())) == [0, 0.3]


def test_a_window_is_filled_by_its_share_from_below() -> None:
    axes = new_axes(4, 2)
    # of 0 to 9: 5 cycles a, then 2 cycles b; of 10 to 19: 10 cycles b; of 20 to 24, a shorter window: 1 cycle a
    draw_shares(
        axes,
        STRIP,
        spans((0, 5, "a"), (5, 7, "b"), (10, 20, "b"), (24, 25, "a")),
        LOOKS,
        np.array([0, 10, 20, 25]),
    )
    first, second = steps(axes)
    heights = np.array([2.5 - 0.5 * share for share in (0.5, 0, 0.2)])
    np.testing.assert_allclose(first.values, heights)
    np.testing.assert_allclose(second.baseline, heights)
    np.testing.assert_allclose(second.values, [heights[0] - 0.1, 2.0, heights[2]])


def test_windows_that_look_the_same_are_one() -> None:
    axes = new_axes(4, 2)
    draw_shares(axes, STRIP, spans((0, 30, "a")), LOOKS, np.array([0, 10, 20, 30, 40]))
    (drawn,) = steps(axes)
    assert list(drawn.edges) == [0, 30, 40]
    np.testing.assert_allclose(drawn.values, [2.0, 2.5])
