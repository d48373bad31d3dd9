"""The bars of the timeline: operations and waits, and so few of them that a browser can move them."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, NamedTuple

from accelsim.report.figures.waits import awaited
from accelsim.report.figures.work import work_of
from accelsim.report.operation_name import OperationName

if TYPE_CHECKING:
    import pandas as pd

    from accelsim.report.selection import Activity

MAX_BARS = 15_000
"""Of operations and waits together. A bar takes about 100 bytes of the page, which is to stay below 5 MB with Bokeh's
2 MB; and this many can be dragged about without a lag that is felt."""

_ALIKE = ["variant", "unit", "layer", "what", "look"]
"""Columns in which bars must be equal to become one."""

_SUMS = ["covered_cycles", "busy_cycles", "bytes", "count"]

_COLUMNS = [*_ALIKE, "tile", "start_cycle", "end_cycle", *_SUMS]


class Bars(NamedTuple):
    """What is drawn; a row is a bar.

    Columns are ``variant``, ``unit``, ``layer``, ``what`` (kind of the operation, or cause of the wait), ``look`` (a
    key of :data:`accelsim.report.figures.style.WORK` or ``WAITS``), ``tile``, ``start_cycle``, ``end_cycle``,
    ``covered_cycles`` (in which an operation or a wait of the bar was under way: all, unless it stands for several),
    ``busy_cycles``, ``bytes``, and ``count`` (operations or waits that the bar stands for).
    """

    operations: pd.DataFrame
    waits: pd.DataFrame
    resolution_cycles: int
    """Neighbours with less between them are one bar; 0 if every bar is a single operation or wait."""


class _Chains(NamedTuple):
    """Bars that are alike, one behind the other, and the cycles between each and the one before: endless at the first.

    How many bars a resolution leaves is known from the gaps, so none but the last has to be tried out.
    """

    bars: pd.DataFrame
    gaps: pd.Series[float]

    def bars_at(self, resolution_cycles: int) -> int:
        """Return how many bars are left."""
        return int((self.gaps >= resolution_cycles).sum())

    def merged(self, resolution_cycles: int) -> pd.DataFrame:
        """Make one bar of neighbours that are alike and have fewer cycles than this between them."""
        is_first = self.gaps >= resolution_cycles
        merged = self.bars.groupby(is_first.cumsum(), sort=False).agg(
            **{column: (column, "first") for column in [*_ALIKE, "tile", "start_cycle"]},
            last_tile=("tile", "last"),
            end_cycle=("end_cycle", "last"),
            **{column: (column, "sum") for column in _SUMS},
        )
        is_range = merged["tile"] != merged["last_tile"]
        merged["tile"] = merged["tile"].where(~is_range, merged["tile"] + " – " + merged["last_tile"])
        return merged[_COLUMNS].reset_index(drop=True)


def bars_of(activity: Activity, most: int = MAX_BARS) -> Bars:
    """Return what the units did as bars.

    Parameters
    ----------
    activity
        Part of a run.
    most
        Where there are more operations and waits than this, neighbours of one unit, layer and kind are merged: at the
        finest power of two cycles at which the bars are so few, or those of a layer and kind are all one.
    """
    operations, waits = _operations(activity.events), _waits(activity.stalls)
    if len(operations) + len(waits) <= most:
        return Bars(operations, waits, 0)
    chains = _chained(operations), _chained(waits)
    longest = max((window.end_cycle - window.start_cycle for window in activity.windows.values()), default=0)
    resolution_cycles = 2
    while sum(chain.bars_at(resolution_cycles) for chain in chains) > most and resolution_cycles <= 2 * longest:
        resolution_cycles *= 2
    operations, waits = (chain.merged(resolution_cycles) for chain in chains)
    return Bars(operations, waits, resolution_cycles)


def _operations(events: pd.DataFrame) -> pd.DataFrame:
    names = {operation: OperationName.read(operation) for operation in events["operation"].unique()}
    return events.assign(
        what=[names[operation].kind for operation in events["operation"]],
        look=work_of(events),
        tile=[names[operation].tile for operation in events["operation"]],
        covered_cycles=events["end_cycle"] - events["start_cycle"],
        count=1,
    )[_COLUMNS]


def _waits(stalls: pd.DataFrame) -> pd.DataFrame:
    return stalls.assign(
        what=stalls["stalled_on"],
        look=stalls["stalled_on"].map(awaited),
        tile="",
        covered_cycles=stalls["end_cycle"] - stalls["start_cycle"],
        busy_cycles=0,
        bytes=0,
        count=1,
    )[_COLUMNS]


def _chained(bars: pd.DataFrame) -> _Chains:
    ordered = bars.sort_values([*_ALIKE, "start_cycle"], kind="stable")
    gaps = ordered["start_cycle"] - ordered.groupby(_ALIKE, sort=False)["end_cycle"].shift()
    return _Chains(ordered, gaps.fillna(inf))
