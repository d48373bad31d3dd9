from __future__ import annotations

import pytest

from accelsim.energy.curve import on_curve

XS, YS = (2, 8, 32), (3.0, 12.0, 192.0)
"""Proportional up to 8, then square."""


@pytest.mark.parametrize(("x", "y"), list(zip(XS, YS, strict=True)))
def test_points_are_met_exactly(x: float, y: float) -> None:
    assert on_curve(XS, YS, x) == y


@pytest.mark.parametrize(("x", "y"), [(4, 6), (16, 48), (1, 1.5), (64, 768), (0.5, 0.75)])
def test_between_and_beyond_them_it_is_a_power(x: float, y: float) -> None:
    assert on_curve(XS, YS, x) == pytest.approx(y, rel=1e-12)
