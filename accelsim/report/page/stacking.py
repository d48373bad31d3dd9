"""Where bars stand in their lane: those that stand for several operations are as high as their share, and stacked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from accelsim.results.bandwidth import amount_until

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import NDArray


def stacked(bars: pd.DataFrame, looks: Iterable[str]) -> pd.DataFrame:
    """Add ``base`` and ``share``: how high a bar begins and how high it is, in heights of its lane.

    A unit does one thing at a time. So what lies between the ends of a bar that stands for several operations, and is
    not covered by them, is free for bars of other kinds: these are set on top of one another, and the sum of their
    heights is the share of the time in which the unit did any of it.

    Parameters
    ----------
    bars
        Operations, or waits, of one variant, as :class:`accelsim.report.page.bars.Bars` has them.
    looks
        All values of ``look``, the lowest first.
    """
    order = {look: place for place, look in enumerate(looks)}
    share = (bars["covered_cycles"] / (bars["end_cycle"] - bars["start_cycle"])).to_numpy()
    base = np.zeros(len(bars))
    starts, ends = bars["start_cycle"].to_numpy(), bars["end_cycle"].to_numpy()
    for _, of_unit in bars.reset_index(drop=True).groupby("unit", sort=False):
        kinds = [kind for _, kind in of_unit.groupby(["look", "what"], sort=False)]
        kinds.sort(key=lambda kind: order[kind["look"].iloc[0]])
        rows = of_unit.index.to_numpy()
        below = np.zeros(len(bars))
        for kind in kinds:
            base[kind.index] = below[kind.index]
            below[rows] += _covered(kind, starts[rows], ends[rows]) / (ends[rows] - starts[rows])
    # Cycles of a bar are taken to be spread evenly, which they are not; its height is right in any case.
    return bars.assign(base=np.minimum(base, 1 - share), share=share)


def _covered(bars: pd.DataFrame, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how many cycles bars of one kind cover between each start and end; they do not overlap one another."""
    ordered = bars.sort_values("start_cycle", kind="stable")
    until_start, until_end = (
        amount_until(ordered, ordered["covered_cycles"].to_numpy(), cycles) for cycles in (starts, ends)
    )
    return until_end - until_start
