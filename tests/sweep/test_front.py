"""The best points: against the definition, point by point."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from accelsim.sweep.front import pareto_front

COSTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30)
OBJECTIVES = ["fused.cycles", "fused.dram_bytes", "saving.cycles_percent"]


def table(costs: list[tuple[int, int, int]]) -> pd.DataFrame:
    frame = pd.DataFrame(costs, columns=["cycles", "dram_bytes", "saved_cycles_percent"], dtype=float)
    rows = frame.assign(point=range(len(frame)), status="done")
    return pd.concat([rows.assign(variant=variant) for variant in ("fused", "unfused")], ignore_index=True)


def dominates(some: tuple[int, int, int], others: tuple[int, int, int]) -> bool:
    """Say whether some costs are at least as good in every objective, and not the same; savings are to be high."""
    return some[0] <= others[0] and some[1] <= others[1] and some[2] >= others[2] and some != others


@given(COSTS)
def test_the_front_is_what_nothing_dominates(costs: list[tuple[int, int, int]]) -> None:
    best = [point for point, cost in enumerate(costs) if not any(dominates(other, cost) for other in costs)]
    assert sorted(pareto_front(table(costs), OBJECTIVES).index) == best


def test_the_best_in_the_first_objective_comes_first() -> None:
    front = pareto_front(table([(3, 1, 0), (1, 3, 0), (2, 2, 0), (3, 3, 0)]), OBJECTIVES[:2])
    assert list(front.index) == [1, 2, 0]


def test_a_point_that_lacks_an_objective_is_not_among_them() -> None:
    frame = table([(3, 1, 0), (1, 3, 0)])
    frame.loc[frame["point"] == 1, "dram_bytes"] = None
    assert list(pareto_front(frame, OBJECTIVES[:2]).index) == [0]
