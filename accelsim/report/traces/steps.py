"""Values over time, as the cycles in which they change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import pandas as pd

if TYPE_CHECKING:
    from accelsim.report.selection import Activity, Window

Value = TypeVar("Value")

Spans: TypeAlias = Iterable[tuple[int, int, Value]]
"""Times that follow one another: first cycle, the first cycle after, and the value between."""

Steps: TypeAlias = Iterator[tuple[int, Value]]
"""Cycles in order, and the value from each of them on."""


def steps_of(spans: Spans[Value], rest: Value) -> Steps[Value]:
    """Yield the changes of what has a value in some spans of time, and another one in the rest of it.

    Parameters
    ----------
    spans
        In order of time; none overlap.
    rest
        The value between them, and behind the last.
    """
    end = None
    for start, stop, value in spans:
        if end is not None and start > end:
            yield end, rest
        yield start, value
        end = stop
    if end is not None:
        yield end, rest


def halves_in_use(activity: Activity, variant: str) -> Iterator[tuple[str, Steps[int]]]:
    """Yield the buffers of a variant, and their halves in use; none are behind the end of a layer.

    In a window they begin with what was in use at its start.
    """
    window = activity.windows[variant]
    layers = activity.layers[activity.layers["variant"] == variant]
    ends = (layers["start_cycle"] + layers["cycles"]).clip(upper=window.end_cycle)
    changes = activity.buffers[activity.buffers["variant"] == variant]
    for buffer, of_buffer in changes.groupby("buffer", sort=False):
        yield str(buffer), _halves(of_buffer, ends, window)


def _halves(changes: pd.DataFrame, ends: pd.Series[int], window: Window) -> Steps[int]:
    before_end = changes[changes["cycle"] < window.end_cycle]
    # An end stands ahead of the change in the same cycle, which is the start of the next layer.
    levels = pd.concat(
        [
            pd.Series(0, index=ends),
            before_end.set_index(before_end["cycle"].clip(lower=window.start_cycle))["halves_in_use"],
        ]
    ).sort_index(kind="stable")
    last = levels[~levels.index.duplicated(keep="last")]
    yield from last.items()
