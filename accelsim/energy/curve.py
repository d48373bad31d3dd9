"""Between published figures: straight lines in a double logarithmic plot."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from decimal import Context, Decimal

_DECIMALS = Context(prec=25)
"""More digits than a float has. Decimal's ln and exp are correctly rounded, and so the same on all machines; those of
C libraries differ in the last digit, by version and by processor."""


def on_curve(xs: Sequence[float], ys: Sequence[float], x: float) -> float:
    """Return y at ``x``: a power of x through the two neighbouring points, beyond the ends through the two at the end.

    Parameters
    ----------
    xs
        At least two, positive and ascending.
    ys
        Positive, one for each.
    x
        Positive.
    """
    nearest = max(0, bisect_right(xs, x) - 1)
    if xs[nearest] == x:
        return float(ys[nearest])
    left = min(nearest, len(xs) - 2)
    exponent = _DECIMALS.divide(_log_ratio(ys[left + 1], ys[left]), _log_ratio(xs[left + 1], xs[left]))
    power = _DECIMALS.exp(_DECIMALS.multiply(exponent, _log_ratio(x, xs[nearest])))
    return float(_DECIMALS.multiply(power, Decimal(ys[nearest])))


def _log_ratio(numerator: float, denominator: float) -> Decimal:
    return _DECIMALS.ln(_DECIMALS.divide(Decimal(numerator), Decimal(denominator)))
