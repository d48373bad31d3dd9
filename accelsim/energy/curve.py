"""Between published figures: straight lines in a double logarithmic plot."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import log


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
    left = min(nearest, len(xs) - 2)
    exponent = log(ys[left + 1] / ys[left]) / log(xs[left + 1] / xs[left])
    return float(ys[nearest] * (x / xs[nearest]) ** exponent)
