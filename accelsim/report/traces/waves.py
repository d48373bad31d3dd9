"""Waveforms of a result: when every unit was busy and stalled, with what and on what, and how full the buffers were."""

from __future__ import annotations

from itertools import tee
from typing import TYPE_CHECKING, Any

from accelsim.experiment import UNITS
from accelsim.report.selection import Window
from accelsim.report.traces.steps import halves_in_use, steps_of
from accelsim.report.traces.vcd import BUSY, STALLED, Wave

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from accelsim.report.selection import Activity
    from accelsim.report.traces.steps import Spans
    from accelsim.results.records import Records


def result_waves(records: Records, activity: Activity) -> list[Wave]:
    """Return the waves of a part of a result, in the order in which they are shown.

    Parameters
    ----------
    records
        The result.
    activity
        The part of it. What lies in a window only partly is cut.
    """
    return [wave for variant in activity.windows for wave in _variant_waves(records, activity, variant)]


def whole_window(activity: Activity) -> Window:
    """Return the time from the first cycle of any variant to the last."""
    starts, ends = zip(*activity.windows.values(), strict=True)
    return Window(min(starts), max(ends))


def unit_waves(scope: tuple[str, ...], busy: Spans[int], waits: Spans[str]) -> Iterator[Wave]:
    """Yield the waves of a unit.

    Parameters
    ----------
    scope
        Where they lie.
    busy
        When it worked; the value is 1.
    waits
        When it was stalled, and on what.
    """
    stalled, causes = tee(waits)
    yield Wave(scope, BUSY, "bit", steps_of(busy, 0))
    yield Wave(scope, STALLED, "bit", steps_of(((start, end, 1) for start, end, _ in stalled), 0))
    yield Wave(scope, "stalled_on", "text", steps_of(causes, ""))


def operation_wave(scope: tuple[str, ...], operations: Spans[str]) -> Wave:
    """Return the wave of the operations of a unit, while they are under way."""
    return Wave(scope, "operation", "text", steps_of(operations, ""))


def _variant_waves(records: Records, activity: Activity, variant: str) -> Iterator[Wave]:
    window = activity.windows[variant]
    layers, events, stalls = (
        frame[frame["variant"] == variant] for frame in (activity.layers, activity.events, activity.stalls)
    )
    layers = layers.assign(end_cycle=layers["start_cycle"] + layers["cycles"])
    yield Wave((variant,), "layer", "text", steps_of(_spans(layers, "layer", window), ""))
    present = set(records.units[records.units["variant"] == variant]["unit"])
    for unit in filter(present.__contains__, UNITS):
        scope, operations = (variant, unit), events[events["unit"] == unit]
        works = operations.assign(end_cycle=operations["start_cycle"] + operations["busy_cycles"], busy=1)
        waits = stalls[stalls["unit"] == unit]
        yield from unit_waves(scope, _spans(works, "busy", window), _spans(waits, "stalled_on", window))
        yield operation_wave(scope, _spans(operations, "operation", window))
        if unit == "dma":
            yield Wave(scope, "bytes", "number", steps_of(_spans(operations, "bytes", window), 0))
    for buffer, halves in halves_in_use(activity, variant):
        yield Wave((variant, "buffers"), buffer, "number", halves)


def _spans(frame: pd.DataFrame, column: str, window: Window) -> Spans[Any]:
    """Return the spans of time in rows, and a column of these; cut at the ends of the window."""
    starts, ends = (frame[edge].clip(*window) for edge in ("start_cycle", "end_cycle"))
    inside = starts < ends
    return zip(starts[inside], ends[inside], frame[column][inside], strict=True)
