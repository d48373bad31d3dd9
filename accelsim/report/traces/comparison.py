"""Waveforms of a program on the model and on RTL, one below the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from accelsim.report.selection import Window
from accelsim.report.traces.vcd import Wave, write_waves
from accelsim.report.traces.waves import operation_wave, unit_waves
from accelsim.rtl.cosimulation import CAUSES
from accelsim.rtl.waveform import NOT_STALLED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from accelsim.report.traces.steps import Spans
    from accelsim.rtl.validate import Comparison
    from accelsim.rtl.waveform import UnitCycles
    from accelsim.simulation import LayerRecord


def write_comparison(comparison: Comparison, rtl: Mapping[str, UnitCycles], folder: Path) -> None:
    """Write ``waves.vcd`` and ``waves.gtkw``: for each unit the same signals from the model and from RTL.

    Parameters
    ----------
    comparison
        The case in both.
    rtl
        What the units did in RTL, in every cycle.
    folder
        Where to.

    Raises
    ------
    InputError
        If a file is there already, or cannot be written.
    """
    waves = [wave for unit in rtl for wave in (*_model_waves(comparison.record, unit), *_rtl_waves(unit, rtl[unit]))]
    window = Window(0, max(comparison.record.cycles, comparison.rtl_cycles))
    write_waves(waves, window, folder / "waves.vcd")


def _model_waves(record: LayerRecord, unit: str) -> Iterator[Wave]:
    account = next(account for account in record.accounts if account.unit == unit)
    scope = (unit, "model")
    done = account.executions
    busy = ((each.start_cycle, each.start_cycle + each.busy_cycles, 1) for each in done)
    yield from unit_waves(scope, busy, ((stall.start_cycle, stall.end_cycle, stall.cause) for stall in account.stalls))
    yield operation_wave(scope, ((each.start_cycle, each.end_cycle, each.operation) for each in done))


def _rtl_waves(unit: str, cycles: UnitCycles) -> Iterator[Wave]:
    busy = ((start, end, 1) for start, end, works in _runs(cycles.busy) if works)
    causes = ((start, end, CAUSES[cause]) for start, end, cause in _runs(cycles.stalled_on) if cause != NOT_STALLED)
    yield from unit_waves((unit, "rtl"), busy, causes)


def _runs(values: NDArray[Any]) -> Spans[Any]:
    """Yield the spans in which a value stays the same."""
    edges = [0, *(np.flatnonzero(values[1:] != values[:-1]) + 1).tolist(), len(values)]
    return zip(edges, edges[1:], values[edges[:-1]].tolist(), strict=False)
