"""Which axes matter: shares of the variance, by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from math import isnan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.sweep.axes import VariedAxis
from accelsim.sweep.importance import importance

A, B, C = (VariedAxis((f"machine.{name}",), name) for name in "abc")


def points(choices: Iterable[tuple[int, ...]], figure: Callable[..., float | None]) -> pd.DataFrame:
    """Return a table of points by the values of ``a``, ``b``, ..., with a figure that is a function of them."""
    chosen = list(choices)
    keys = [axis.key for axis in (A, B, C)[: len(chosen[0])]]
    frame = pd.DataFrame(chosen, columns=keys)
    return frame.assign(cycles=pd.array([figure(*values) for values in chosen], dtype="Float64"))


def test_axes_that_add_up_explain_everything() -> None:
    # y = a + 2 b of a, b in {0, 1}: 0, 2, 1, 3, plus 10. Variances: a 1/4, b 1, all 5/4.
    found = importance(points(product((0, 1), repeat=2), lambda a, b: 10 + a + 2 * b), [A, B], "cycles")
    assert found.shares == pytest.approx({A.key: 1 / 5, B.key: 4 / 5})
    assert found.together == pytest.approx(0)
    assert found.is_complete
    assert not found.is_logarithmic


def test_what_only_two_axes_do_together_is_in_neither() -> None:
    # y = a b: 0, 0, 0, 1. Means by a and by b: 0 and 1/2, variance 1/16; in all 1/4 - 1/16 = 3/16.
    found = importance(points(product((0, 1), repeat=2), lambda a, b: a * b), [A, B], "cycles")
    assert found.shares == pytest.approx({A.key: 1 / 3, B.key: 1 / 3})
    assert found.together == pytest.approx(1 / 3)


def test_levels_need_not_be_in_order_or_numbers() -> None:
    # Means at the three levels 6, 0, 3: variance 6, and the rest is noise of 1 up and down.
    found = importance(points(product((0, 1, 2), (-1, 1)), lambda a, b: (6, 0, 3)[a] + b), [A, B], "cycles")
    assert found.shares == pytest.approx({A.key: 6 / 7, B.key: 1 / 7})


def test_from_a_decade_on_it_is_the_logarithm() -> None:
    # log10: 0, 2, 1, 3, as in the first test
    found = importance(points(product((0, 1), repeat=2), lambda a, b: 10 ** (a + 2 * b)), [A, B], "cycles")
    assert found.shares == pytest.approx({A.key: 1 / 5, B.key: 4 / 5})
    assert found.is_logarithmic


@pytest.mark.parametrize(
    ("values", "logarithmic"), [((1, 9.9), False), ((1, 10), True), ((0, 10), False), ((-10, -1), False)]
)
def test_what_spans_a_decade(values: tuple[float, float], logarithmic: bool) -> None:
    found = importance(points([(0,), (1,)], lambda a: values[a]), [A], "cycles")
    assert found.is_logarithmic == logarithmic


@pytest.mark.parametrize("name", ["saved_cycles_percent", "conv_array_utilization"])
def test_shares_of_something_are_never_looked_at_by_their_logarithm(name: str) -> None:
    table = points([(0,), (1,)], lambda a: (0.01, 99)[a]).rename(columns={"cycles": name})
    assert not importance(table, [A], name).is_logarithmic


def test_a_figure_that_is_always_the_same_has_no_shares() -> None:
    found = importance(points(product((0, 1), repeat=2), lambda *_: 1 / 3), [A, B], "cycles")
    assert all(isnan(share) for share in found.shares.values())
    assert isnan(found.together)


def test_an_axis_without_effect_has_no_share_though_it_goes_along_with_one_that_has() -> None:
    # Lanes (b) are at most as many as columns (a), and the figure is that of the columns alone.
    allowed = [(a, b, c) for a, b, c in product((1, 2, 4), (1, 2, 4), (0, 1)) if b <= a]
    table = points(allowed, lambda a, _, c: 8 / a + c)
    found = importance(table, [A, B, C], "cycles")
    assert found.shares[B.key] == pytest.approx(0, abs=1e-12)
    assert not found.is_complete
    assert isnan(found.together)
    # a and c are all combined: means at a 8, 4, 2 (+ 1/2) of 2, 4, 6 points; c adds 0 or 1, variance 1/4
    assert table.groupby(A.key)["cycles"].mean().tolist() == [8.5, 4.5, 2.5]
    assert found.shares[C.key] == pytest.approx(0.25 / np.var(table["cycles"].to_numpy(dtype=float)))


def test_points_without_the_figure_count_for_nothing() -> None:
    choices = [*product((0, 1), repeat=2), (2, 0), (2, 1)]
    found = importance(points(choices, lambda a, b: None if a == 2 else 10 + a + 2 * b), [A, B], "cycles")
    assert found.shares == pytest.approx({A.key: 1 / 5, B.key: 4 / 5})
    assert found.is_complete


def test_no_axes_explain_nothing() -> None:
    found = importance(points([(0,), (1,)], lambda a: a), [], "cycles")
    assert found.shares == {}


@given(st.data())
def test_on_a_grid_with_holes_shares_are_those_of_least_squares(data: st.DataObject) -> None:
    """What LAPACK's least squares explain with an axis, less what they explain without it."""
    grid = list(product(range(2), range(3), range(4)))
    choices = data.draw(st.lists(st.sampled_from(grid), min_size=2, max_size=30))
    drawn = data.draw(st.lists(st.integers(0, 100), min_size=len(choices), max_size=len(choices)))
    table = points(choices, lambda *_: 0.0).assign(cycles=[1000.0 + value for value in drawn])
    found = importance(table, [A, B, C], "cycles")
    deviations = np.array(drawn) - np.mean(drawn)
    if not deviations.any():
        return
    indicators = [np.array([[level == choice[axis] for level in range(4)] for choice in choices]) for axis in range(3)]

    def explained(columns: list[np.ndarray]) -> float:
        of_axes = np.hstack(columns).astype(float)
        return float(np.square(of_axes @ np.linalg.lstsq(of_axes, deviations)[0]).sum())

    for number, axis in enumerate((A, B, C)):
        others = indicators[:number] + indicators[number + 1 :]
        share = (explained(indicators) - explained(others)) / np.square(deviations).sum()
        assert found.shares[axis.key] == pytest.approx(share, abs=1e-9)


@given(st.lists(st.integers(0, 100), min_size=24, max_size=24))
def test_on_a_full_grid_shares_are_those_of_the_definition(drawn: list[int]) -> None:
    """Variance of the mean at each value, divided by the variance."""
    grid = list(product(range(2), range(3), range(4)))
    values = dict(zip(grid, drawn, strict=True))
    table = points(grid, lambda *choice: 1000 + values[choice])  # less than a decade
    found = importance(table, [A, B, C], "cycles")
    for axis in (A, B, C):
        if len(set(drawn)) == 1:
            assert isnan(found.shares[axis.key])
            continue
        means = [float(of_level["cycles"].mean()) for _, of_level in table.groupby(axis.key)]
        assert found.shares[axis.key] == pytest.approx(np.var(means) / np.var(drawn), abs=1e-9)
