"""Model against RTL: the same program in both, and every cycle, byte and number compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from accelsim.program.operations import Program
from accelsim.rtl.case import RtlCase
from accelsim.rtl.cosimulation import RtlAccount, RtlRun, cosimulate
from accelsim.rtl.memory_image import read_map
from accelsim.simulation import LayerRecord, simulate_program

if TYPE_CHECKING:
    from pathlib import Path


class Difference(NamedTuple):
    """Something that the model says and RTL does otherwise."""

    what: str
    model: str
    rtl: str


class Comparison(NamedTuple):
    """A case in both."""

    case: RtlCase
    record: LayerRecord
    rtl_cycles: int
    differences: tuple[Difference, ...]


def validate(cases: Iterable[RtlCase]) -> Iterator[Comparison]:
    """Run cases on the model and on RTL, and compare them, each as :func:`compare` does."""
    return map(compare, cases)


def compare(case: RtlCase, waveform: Path | None = None) -> Comparison:
    """Run a case on the model and on RTL, and compare.

    Compared are the total, what every unit was busy with and stalled on, the bytes that crossed the DRAM port, and all
    results in memory.

    Parameters
    ----------
    case
        What to run.
    waveform
        Where RTL is to write its waveform (VCD), if it is.

    Raises
    ------
    ToolError
        If RTL cannot be simulated here.
    """
    record = simulate_program(case.machine, case.program)
    run = cosimulate(case, waveform)
    return Comparison(case, record, run.cycles, tuple(differences(case, record, run)))


def differences(case: RtlCase, record: LayerRecord, run: RtlRun) -> Iterator[Difference]:
    """Yield everything in which a record of the model and a run of RTL are not the same."""
    pairs = [("finished", True, run.finished), ("cycles", record.cycles, run.cycles)]
    for account in record.accounts:
        there = run.accounts[account.unit]
        pairs.append((f"{account.unit} busy", account.busy_cycles, there.busy_cycles))
        pairs += _stalls(account.unit, account.stalled_cycles, there)
    moved = _moved(case.program)
    pairs += [("bytes read", moved["read"], run.read_bytes), ("bytes written", moved["write"], run.written_bytes)]
    for what, model, rtl in pairs:
        if model != rtl:
            yield Difference(what, str(model), str(rtl))
    for tensor, values in case.expected:
        wrong = np.flatnonzero(read_map(tensor, run.memory) != values)
        if wrong.size:
            yield Difference(f"results at {tensor.address}", f"{values.size} numbers", f"{wrong.size} of them differ")


def _stalls(unit: str, stalled: dict[str, int], there: RtlAccount) -> list[tuple[str, int, int]]:
    causes = sorted({*stalled, *there.stalled_cycles})
    return [
        (f"{unit} stalled on {cause}", stalled.get(cause, 0), there.stalled_cycles.get(cause, 0)) for cause in causes
    ]


def _moved(program: Program) -> Counter[str]:
    moved: Counter[str] = Counter()
    for operation in program.transfers:
        moved[operation.transfer.direction] += operation.transfer.bytes
    return moved
