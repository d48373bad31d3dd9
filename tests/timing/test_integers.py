from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.timing.integers import ceil_div, larger, smaller

INTEGERS = st.integers(-(2**40), 2**40)


@pytest.mark.parametrize(
    ("numerator", "denominator", "quotient"),
    [(0, 3, 0), (1, 3, 1), (3, 3, 1), (4, 3, 2), (10**18 + 1, 10**9, 10**9 + 1)],  # the last is no float's
)
def test_ceiling(numerator: int, denominator: int, quotient: int) -> None:
    assert ceil_div(numerator, denominator) == quotient


@given(INTEGERS, st.integers(1, 2**20))
def test_ceiling_is_the_smallest_multiple_that_reaches(numerator: int, denominator: int) -> None:
    quotient = ceil_div(numerator, denominator)
    assert (quotient - 1) * denominator < numerator <= quotient * denominator


@given(INTEGERS, INTEGERS)
def test_larger_and_smaller(a: int, b: int) -> None:
    assert (smaller(a, b), larger(a, b)) == tuple(sorted((a, b)))


@given(st.lists(st.tuples(INTEGERS, st.integers(1, 2**20)), min_size=1))
def test_arrays_element_by_element(pairs: list[tuple[int, int]]) -> None:
    a, b = np.array(pairs, dtype=np.int64).T
    for function in (ceil_div, larger, smaller):
        assert function(a, b).tolist() == [function(x, y) for x, y in pairs]
