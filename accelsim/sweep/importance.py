"""Which axes of a sweep matter to a figure: the share of its variance that each explains.

Where every combination of values is there, these are the first-order indices of Sobol', "Sensitivity estimates for
nonlinear mathematical models", 1993: the variance of the figure's mean at each value, divided by its variance.
"""

from __future__ import annotations

from decimal import Decimal
from math import fsum, prod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from accelsim.sweep.axes import VariedAxis

DECADE = 10
"""From this ratio of its largest to its smallest value on, a figure is looked at by its logarithm.

On its own scale the few worst points would decide alone what matters.
"""

SHARES = ("_percent", "_utilization")
"""Ends of the names of figures that are shares of something: a point more of them is as much everywhere."""


DEPENDENT = 1e-9
"""Share of a level's points, below which what elimination leaves of their number is rounding and stands for 0."""


class Importance(NamedTuple):
    """What the axes explain of the variance of a figure."""

    shares: dict[str, float]
    """By the key of the axis, from 0 to 1; all NaN where the figure is the same at all points."""

    is_logarithmic: bool
    """Whether it is the variance of the figure's logarithm."""

    is_complete: bool
    """Whether every combination of values is there. If not, axes go along with one another, and what they explain in
    common is in the share of none."""

    @property
    def together(self) -> float:
        """What only several axes together explain; NaN where it cannot be told from what they have in common."""
        return 1 - fsum(self.shares.values()) if self.is_complete else float("nan")


def importance(points: pd.DataFrame, axes: Sequence[VariedAxis], figure: str) -> Importance:
    """Return how much of the variance of a figure each axis explains alone.

    Each value of an axis adds something of its own to the figure, by least squares over all axes. The share of an axis
    is what is explained with it, less what is explained without it.

    Parameters
    ----------
    points
        Rows of a sweep's table, of one network and one variant. Those without the figure count for nothing.
    axes
        The axes of the sweep.
    figure
        A column with numbers.
    """
    valued = points[points[figure].notna()]
    values = valued[figure].to_numpy(dtype=float)
    is_logarithmic = spans_a_decade(values) and not figure.endswith(SHARES)
    levels = [valued[axis.key].factorize(use_na_sentinel=False)[0] for axis in axes]
    shares = _shares(levels, _logarithms(values) if is_logarithmic else values.tolist())
    combinations = prod(int(of_axis.max()) + 1 for of_axis in levels)
    return Importance(
        shares={axis.key: share for axis, share in zip(axes, shares, strict=True)},
        is_logarithmic=is_logarithmic,
        is_complete=combinations == len(valued),
    )


def spans_a_decade(values: NDArray[np.float64]) -> bool:
    """Whether all values have a logarithm, and the largest is ten times the smallest or more."""
    return bool(values.min() > 0 and values.max() >= DECADE * values.min())


def _logarithms(values: NDArray[np.float64]) -> list[float]:
    """Return logarithms that are correctly rounded, as decimal's are: those of C libraries differ in the last digit."""
    return [float(Decimal(value).log10()) for value in values.tolist()]


def _shares(levels: Sequence[NDArray[np.intp]], values: Sequence[float]) -> list[float]:
    if len(set(values)) == 1:
        return [float("nan")] * len(levels)
    mean = fsum(values) / len(values)
    deviations = np.array([value - mean for value in values])
    variation = fsum(np.square(deviations).tolist())
    explained = _explained(levels, deviations)
    without = (_explained([*levels[:axis], *levels[axis + 1 :]], deviations) for axis in range(len(levels)))
    return [max(0.0, explained - rest) / variation for rest in without]


def _explained(levels: Sequence[NDArray[np.intp]], deviations: NDArray[np.float64]) -> float:
    """Return the sum of squares that the levels of some axes explain, each level by a number of its own.

    The normal equations are solved by elimination, without LAPACK: its results depend on the processor in their last
    digits. Here numpy only does one operation an element at a time, which is the same everywhere.
    """
    if not levels:
        return 0.0
    sums = np.concatenate([np.bincount(of_axis, weights=deviations) for of_axis in levels])
    counts = np.block([[_joint_counts(one, other) for other in levels] for one in levels])
    points = counts.diagonal().copy()
    explained = []
    for level in range(len(sums)):
        pivot, rest = counts[level, level], slice(level + 1, None)
        if pivot <= DEPENDENT * points[level]:
            continue  # the levels before it say all that it could say
        explained.append(float(sums[level] * sums[level] / pivot))
        parts = counts[rest, level] / pivot
        counts[rest] -= parts[:, None] * counts[level]
        sums[rest] -= parts * sums[level]
    return fsum(explained)


def _joint_counts(one: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how many points have each level of one axis and each of another."""
    shape = int(one.max()) + 1, int(other.max()) + 1
    return np.bincount(np.ravel_multi_index((one, other), shape), minlength=prod(shape)).reshape(shape).astype(float)
