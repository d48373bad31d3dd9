"""Two figures of a sweep: its fronts against their definition, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.sweep.columns import FIGURES
from accelsim.sweep.trade_off import Design, default_x, networks_of, trade_off
from tests.sweep.tables import FOUR_SIZES, ROWS, HandPoint, table_of
from tests.sweep.tiny_sweeps import refusal

INFEASIBLE = HandPoint({ROWS: 1}, None)


def fused_points(*figures: Mapping[str, float]) -> pd.DataFrame:
    """Return the table of points that only ran fused."""
    return table_of(
        [HandPoint({ROWS: number}, {"fused": of_point}) for number, of_point in enumerate(figures)], ["fused"]
    )


def test_fronts_by_hand() -> None:
    found = trade_off(FOUR_SIZES)
    assert (found.network, found.x, found.y) == ("net", "area_um2", "cycles")
    assert found.variants == ["fused", "unfused"]
    assert found.front("fused") == [Design(100, 1000, (0, 1)), Design(200, 500, (4, 5))]
    assert found.front("unfused") == [
        Design(110, 1400, (0,)),
        Design(120, 1200, (1,)),
        Design(210, 900, (4,)),
        Design(220, 700, (5,)),
    ]


@pytest.mark.parametrize(
    ("x", "y", "best"),
    [
        ("cycles", "area_um2", [(1, 4), (2, 2), (3, 1)]),
        ("area_um2", "cycles", [(1, 3), (2, 2), (4, 1)]),
        ("cycles", "conv_array_utilization", [(1, 0.25), (2, 0.5)]),
        ("conv_array_utilization", "cycles", [(0.5, 2), (0.25, 1)]),
        ("frames_per_second", "conv_array_utilization", [(9, 0.25), (5, 0.5)]),
    ],
)
def test_a_figure_of_which_more_is_better_is_to_be_high(x: str, y: str, best: list[tuple[float, float]]) -> None:
    table = fused_points(
        {"cycles": 1, "area_um2": 4, "conv_array_utilization": 0.25, "frames_per_second": 9},
        {"cycles": 2, "area_um2": 2, "conv_array_utilization": 0.5, "frames_per_second": 5},
        {"cycles": 3, "area_um2": 1, "conv_array_utilization": 0.25, "frames_per_second": 3},
        {"cycles": 4, "area_um2": 3, "conv_array_utilization": 0.5, "frames_per_second": 2},
    )
    assert [(design.x, design.y) for design in trade_off(table, x, y).front("fused")] == best


def test_what_is_saved_is_the_same_for_both_variants() -> None:
    found = trade_off(FOUR_SIZES, "multipliers", "saved_cycles_percent")
    expected = [Design(32, 100 * (1 - 1000 / 1400), (0,)), Design(128, 100 * (1 - 500 / 900), (4,))]
    assert found.front("fused") == found.front("unfused") == expected


def test_what_is_saved_by_fusing_into_the_requantiser_is_its_own() -> None:
    saved = {"fused": 10, "unfused": 10, "fused_into_requant": 7}
    figures = {variant: {"cycles": 5, "saved_cycles_percent": percent} for variant, percent in saved.items()}
    found = trade_off(table_of([HandPoint({ROWS: 1}, figures)], list(saved)), "cycles", "saved_cycles_percent")
    assert found.front("fused_into_requant") == [Design(5, 7, (0,))]
    assert found.front("fused") == found.front("unfused") == [Design(5, 10, (0,))]


def test_only_fusing_into_the_requantiser_saves_where_nothing_else_is_folded() -> None:
    figures = {"unfused": {"cycles": 6}, "fused_into_requant": {"cycles": 5, "saved_cycles_percent": 7}}
    found = trade_off(table_of([HandPoint({ROWS: 1}, figures)], list(figures)), "cycles", "saved_cycles_percent")
    assert found.variants == ["fused_into_requant"]
    assert found.front("fused_into_requant") == [Design(5, 7, (0,))]


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(1, 8)), min_size=1, max_size=20))
def test_fronts_are_those_of_the_definition(places: list[tuple[int, int]]) -> None:
    table = fused_points(*({"area_um2": x, "cycles": y} for x, y in places))
    front = trade_off(table).front("fused")
    undominated = [
        (x, y)
        for x, y in places
        if not any(other_x <= x and other_y <= y and (other_x, other_y) != (x, y) for other_x, other_y in places)
    ]
    assert [(design.x, design.y) for design in front] == sorted(set(undominated))
    for design in front:
        assert design.points == tuple(number for number, place in enumerate(places) if place == (design.x, design.y))


def test_points_without_one_of_the_figures_are_on_no_front() -> None:
    table = fused_points({"area_um2": 5, "cycles": 5}, {"cycles": 1}, {"area_um2": 1})
    assert trade_off(table).front("fused") == [Design(5, 5, (0,))]


def test_infeasible_points_are_left_out() -> None:
    table = table_of([INFEASIBLE, HandPoint({ROWS: 2}, {"fused": {"area_um2": 5, "cycles": 5}})], ["fused"])
    found = trade_off(table)
    assert list(found.points.index) == [1]
    assert found.front("fused") == [Design(5, 5, (1,))]


def test_each_network_is_looked_at_alone() -> None:
    figures = {"fused": {"area_um2": 5, "cycles": 5}}, {"fused": {"area_um2": 1, "cycles": 1}}
    table = table_of([HandPoint({ROWS: 1}, of, name) for of, name in zip(figures, ("b", "a"), strict=True)], ["fused"])
    assert networks_of(table) == ["b", "a"]
    assert trade_off(table, network="b").front("fused") == [Design(5, 5, (0,))]
    assert refusal(trade_off, table) == "there are several networks, say which: b, a"
    assert refusal(trade_off, table, network="resnet") == "there is no 'resnet' among b, a"


@pytest.mark.parametrize(
    ("areas", "x"),
    [((1, 2, None), "area_um2"), ((1, None), "area_um2"), ((1, None, None), "multipliers"), ((None,), "multipliers")],
)
def test_the_area_is_taken_if_half_of_the_points_have_one(areas: tuple[float | None, ...], x: str) -> None:
    table = fused_points(*({"cycles": 1, "multipliers": 4} | ({"area_um2": area} if area else {}) for area in areas))
    assert default_x(table) == x
    assert trade_off(table).x == x


@pytest.mark.parametrize(
    ("figure", "message"),
    [
        ("cylces", f"there is no 'cylces' among {', '.join(FIGURES)}; did you mean 'cycles'?"),
        ("variant", f"'variant' is not a figure that points come to; these are {', '.join(FIGURES)}"),
        (ROWS, f"'{ROWS}' is not a figure that points come to; these are {', '.join(FIGURES)}"),
    ],
)
@pytest.mark.parametrize("place", ["x", "y"])
def test_what_is_no_figure_is_refused(place: str, figure: str, message: str) -> None:
    table = fused_points(dict.fromkeys(FIGURES, 1))
    assert refusal(trade_off, table, **{place: figure}) == message


def test_a_figure_that_no_point_has_is_refused() -> None:
    table = fused_points({"cycles": 1, "multipliers": 4})
    assert refusal(trade_off, table, "area_um2") == "no point has 'area_um2'; there are cycles, multipliers"


def test_figures_that_no_point_has_both_of_are_refused() -> None:
    table = fused_points({"cycles": 1}, {"area_um2": 1})
    assert refusal(trade_off, table, "area_um2") == "no point has both 'area_um2' and 'cycles'"


def test_a_figure_against_itself_is_refused() -> None:
    message = "x and y are both 'cycles': it takes two figures to hold one against the other"
    assert refusal(trade_off, FOUR_SIZES, "cycles") == message


def test_a_sweep_without_feasible_points_is_refused() -> None:
    message = "no point of 'net' is feasible; most often: it is too small"
    assert refusal(trade_off, table_of([INFEASIBLE])) == message
    assert refusal(trade_off, FOUR_SIZES.iloc[:0]) == "there is no point in this sweep"
