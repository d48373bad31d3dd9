from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.quantisation.fixed_point import MAX_PRODUCT_BITS, FixedPoint, fixed_point

NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)
BITS = st.integers(3, 24)


def exact(number: FixedPoint) -> Fraction:
    return Fraction(int(number.mantissa[0])) * Fraction(2) ** -int(number.shift[0])


@pytest.mark.parametrize(
    ("number", "mantissa", "shift"),
    [
        (1.0, 4, 2),  # 4 bits: magnitudes from 4 to 7
        (-0.75, -6, 3),
        (0.99, 4, 2),  # 7.92/8 is 8/8
        (0.93, 7, 3),  # 7.44/8
        (100.0, 6, -4),  # 6 · 16 = 96, and 7 · 16 = 112
        (0.0, 0, 0),
    ],
)
def test_mantissas_are_normalised_and_nearest(number: float, mantissa: int, shift: int) -> None:
    found = fixed_point([number], 4)
    assert (found.mantissa.tolist(), found.shift.tolist()) == ([mantissa], [shift])


@given(NUMBERS, BITS)
def test_no_number_is_off_by_more_than_a_share_of_itself(number: float, bits: int) -> None:
    found = fixed_point([number], bits)
    assert abs(exact(found) - Fraction(number)) <= abs(Fraction(number)) * Fraction(2) ** (1 - bits)
    assert found.mantissa[0] == 0 or 2 ** (bits - 2) <= abs(found.mantissa[0]) < 2 ** (bits - 1)
    assert Fraction(found.values[0]) == exact(found)


@given(st.integers(-(2**31), 2**31 - 1), NUMBERS, st.integers(0, 60), st.booleans())
def test_products_are_those_of_exact_numbers(integer: int, number: float, further: int, rounding: bool) -> None:
    multiplier = fixed_point([number], 16).shifted(further)
    product = integer * exact(multiplier)
    (found,) = multiplier.times(np.array([integer]), rounding=rounding)
    assert found == floor(product + Fraction(1, 2) if rounding else product)


def test_ties_go_up() -> None:
    half = fixed_point([0.5], 16)
    assert half.times(np.array([[-3, -1, 1, 3]]), rounding=True).tolist() == [[-1, 0, 1, 2]]


def test_what_does_not_fit_is_no_number() -> None:
    large = fixed_point([1.0], 16)
    with pytest.raises(OverflowError, match="does not fit 62 bits"):
        large.times(np.array([2 ** (MAX_PRODUCT_BITS - 14)]), rounding=True)
    assert large.times(np.array([2 ** (MAX_PRODUCT_BITS - 14) - 1]), rounding=True) == 2 ** (MAX_PRODUCT_BITS - 14) - 1


def test_what_is_shifted_out_altogether_is_0() -> None:
    tiny = FixedPoint(np.array([2**14]), np.array([MAX_PRODUCT_BITS + 1]))
    assert tiny.times(np.array([2**47, -(2**47)]).reshape(1, 2), rounding=True).tolist() == [[0, 0]]
