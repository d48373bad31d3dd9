"""Trace Event JSON, which ui.perfetto.dev and chrome://tracing open.

The format is Google's "Trace Event Format". It knows processes, which are the variants here, and threads, which are the
layers and the units; its microseconds are cycles.
"""

from __future__ import annotations

import gzip
import io
import json
from contextlib import ExitStack
from heapq import merge
from operator import itemgetter
from typing import IO, TYPE_CHECKING, Any, get_args

from accelsim.config.run import Variant
from accelsim.errors import InputError
from accelsim.experiment import UNITS
from accelsim.report.operation_name import OperationName
from accelsim.report.traces.steps import halves_in_use, steps_of
from accelsim.report.unit_names import UNIT_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

    from accelsim.report.selection import Activity
    from accelsim.results.records import Records

MAX_SLICES = 500_000
"""Operations and stalls of a trace. chrome://tracing gives up at a little over a million events (golang/go#11520), or
at 256 MB (google/perfetto#99). Counters change about as often as there are slices; each takes up to 200 bytes."""

STALL = "stall"
"""Category of a slice in which a unit waits; the others are ``operation`` and ``layer``."""

BANDWIDTH = "DRAM bandwidth"

_LAYERS_THREAD = 0

_THREADS = {unit: number for number, unit in enumerate(UNITS, _LAYERS_THREAD + 1)}

_THREADS_OF_PROCESS = 100
"""Threads are numbered across processes, and none like its process, which viewers take for the main thread."""

_Event = dict[str, Any]


def write_trace(records: Records, activity: Activity, path: Path) -> None:
    """Write what the units did as Trace Event JSON.

    Parameters
    ----------
    records
        The result.
    activity
        The part of it that is written. Operations and stalls that lie in a window only partly are written whole.
    path
        Where to; compressed if it ends in ``.gz``. The same input gives the same bytes.

    Raises
    ------
    InputError
        If there is more than viewers can load.
    """
    _check_size(activity)
    compact = json.JSONEncoder(separators=(",", ":")).encode
    about = {
        "network": records.summary.network,
        "machine": records.summary.machine,
        "time": "1 us is 1 cycle",
    }
    with ExitStack() as files:
        file = _opened(path, files)
        file.write(f'{{"displayTimeUnit":"ms","otherData":{compact(about)},"traceEvents":[')
        separator = "\n"
        for event in _events(records, activity):
            file.write(separator + compact(event))
            separator = ",\n"
        file.write("\n]}\n")


def _check_size(activity: Activity) -> None:
    slices = len(activity.events) + len(activity.stalls)
    if slices > MAX_SLICES:
        raise InputError(
            f"{slices:,} operations and stalls are more than the {MAX_SLICES:,} that viewers can load; choose a part "
            "with `accelsim trace --layer NAME` or `--cycles START:END`, or write a VCD, which has no limit"
        )


def _opened(path: Path, files: ExitStack) -> IO[str]:
    if path.suffix != ".gz":
        return files.enter_context(path.open("w", encoding="ascii", newline="\n"))
    raw = files.enter_context(path.open("wb"))
    # Neither name nor time go into the file, or its bytes would depend on them.
    packed = files.enter_context(gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0))
    return files.enter_context(io.TextIOWrapper(packed, encoding="ascii", newline="\n"))


def _events(records: Records, activity: Activity) -> Iterator[_Event]:
    for process, variant in enumerate(get_args(Variant), 1):
        if variant in activity.windows:
            units = set(records.units[records.units["variant"] == variant]["unit"])
            yield from _variant_events(activity, process, variant, [unit for unit in UNITS if unit in units])


def _variant_events(activity: Activity, process: int, variant: str, units: list[str]) -> Iterator[_Event]:
    layers, events, stalls = (
        frame[frame["variant"] == variant] for frame in (activity.layers, activity.events, activity.stalls)
    )
    yield from _names(process, variant, units)
    yield from _layer_slices(process, layers)
    for unit in units:
        operations = _operation_slices(events[events["unit"] == unit])
        waits = _stall_slices(stalls[stalls["unit"] == unit])
        # A unit that keeps pace with another is stalled within an operation, which viewers show as nested.
        for event in merge(operations, waits, key=itemgetter("ts")):
            yield event | _place(process, _THREADS[unit])
    yield from _bandwidth(process, events[events["unit"] == "dma"])
    for buffer, halves in halves_in_use(activity, variant):
        for cycle, in_use in halves:
            yield _counter(process, f"{buffer} buffer", cycle, {"halves in use": in_use})


def _place(process: int, thread: int) -> _Event:
    return {"pid": process, "tid": process * _THREADS_OF_PROCESS + thread}


def _names(process: int, variant: str, units: list[str]) -> Iterator[_Event]:
    threads = {_LAYERS_THREAD: "layers"} | {_THREADS[unit]: UNIT_NAMES[unit] for unit in units}
    about_process = {"process_name": {"name": variant}, "process_sort_index": {"sort_index": process}}
    for what, value in about_process.items():
        yield {"ph": "M", "name": what, "ts": 0, **_place(process, _LAYERS_THREAD), "args": value}
    for thread, name in threads.items():
        for what, value in {"thread_name": {"name": name}, "thread_sort_index": {"sort_index": thread}}.items():
            yield {"ph": "M", "name": what, "ts": 0, **_place(process, thread), "args": value}


def _layer_slices(process: int, layers: pd.DataFrame) -> Iterator[_Event]:
    columns = ["layer", "kind", "start_cycle", "cycles", "macs", "stall_cycles", "tiling"]
    for layer, kind, start, cycles, macs, stalled, tiling in layers[columns].itertuples(index=False, name=None):
        args = {"kind": kind, "macs": macs, "stall_cycles": stalled, "tiling": tiling}
        yield _slice("layer", layer, start, start + cycles, args) | _place(process, _LAYERS_THREAD)


def _operation_slices(events: pd.DataFrame) -> Iterator[_Event]:
    columns = ["layer", "unit", "operation", "start_cycle", "end_cycle", "bytes", "busy_cycles"]
    for layer, unit, operation, start, end, moved, busy in events[columns].itertuples(index=False, name=None):
        name = OperationName.read(operation)
        args = {"layer": layer, "tile": name.tile, "busy_cycles": busy}
        if unit == "dma":
            args["bytes"] = moved
        yield _slice("operation", name.kind, start, end, args)


def _stall_slices(stalls: pd.DataFrame) -> Iterator[_Event]:
    columns = ["layer", "stalled_on", "start_cycle", "end_cycle"]
    for layer, cause, start, end in stalls[columns].itertuples(index=False, name=None):
        yield _slice(STALL, cause, start, end, {"layer": layer})


def _slice(category: str, name: str, start_cycle: int, end_cycle: int, args: _Event) -> _Event:
    span = {"ts": start_cycle, "dur": end_cycle - start_cycle}
    return {"ph": "X", "cat": category, "name": name, **span, "args": args}


def _bandwidth(process: int, transfers: pd.DataFrame) -> Iterator[_Event]:
    rates = transfers.assign(rate=transfers["bytes"] / (transfers["end_cycle"] - transfers["start_cycle"]))
    spans = rates[["start_cycle", "end_cycle", "rate"]].itertuples(index=False, name=None)
    for cycle, rate in steps_of(spans, 0.0):
        yield _counter(process, BANDWIDTH, cycle, {"bytes per cycle": rate})


def _counter(process: int, name: str, cycle: int, value: _Event) -> _Event:
    return {"ph": "C", "name": name, "ts": cycle, **_place(process, _LAYERS_THREAD), "args": value}
