"""The model's waveform is RTL's: what every unit was busy with and stalled on, in every cycle.

One thing is a convention of the model (docs/microarchitecture.md, §4 and §5): in an operation in which a unit is busy
for a part of the time only, since it keeps pace with a slower one, the busy cycles come first. In RTL they are where
rows come and go. Those operations must have the same cycles of each kind; every other cycle must be the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from accelsim.hardware.account import Account
from accelsim.rtl.case import RtlCase
from accelsim.rtl.chips import CHIPS
from accelsim.rtl.cosimulation import CAUSES, cosimulate
from accelsim.rtl.random_cases import random_case
from accelsim.rtl.validate import compare
from accelsim.rtl.waveform import NOT_STALLED, STAGES, UnitCycles, read_waveform
from accelsim.simulation import LayerRecord
from tests.conftest import SHOWN_AT_THE_END
from tests.rtl.layers import case_of, convolution

pytestmark = pytest.mark.slow

FIXED_SEED = 1

CASES_OF_CHIP = 5

SLOWER_UNITS = {*STAGES, "conv_array"}
"""Causes of a stall within an operation, but for the pipeline's latency, which comes last in RTL as well."""

TRACED = {
    "ws, post-pipeline": 0,
    "ws, function unit": 2,
    "os, post-pipeline": 4,
    "is with shadow registers, function unit": 7,
}
"""Chips; each takes a simulation of its own, so these are not all."""


def on_model(account: Account, cycles: int) -> UnitCycles:
    busy = np.zeros(cycles, dtype=bool)
    stalled_on = np.full(cycles, NOT_STALLED)
    for execution in account.executions:
        busy[execution.start_cycle : execution.start_cycle + execution.busy_cycles] = True
    for stall in account.stalls:
        stalled_on[stall.start_cycle : stall.end_cycle] = CAUSES.index(stall.cause)
    return UnitCycles(busy, stalled_on)


def in_both(case: RtlCase, folder: Path) -> tuple[LayerRecord, dict[str, UnitCycles]]:
    comparison = compare(case, folder / "rtl.vcd")
    assert not comparison.differences
    return comparison.record, read_waveform(folder / "rtl.vcd", comparison.rtl_cycles)


def is_same(model: UnitCycles, rtl: UnitCycles) -> bool:
    return np.array_equal(model.busy, rtl.busy) and np.array_equal(model.stalled_on, rtl.stalled_on)


def kinds(cycles: UnitCycles, start: int, end: int) -> Counter[tuple[bool, int]]:
    part = slice(start, end)
    return Counter(zip(cycles.busy[part].tolist(), cycles.stalled_on[part].tolist(), strict=True))


def test_a_layer_followed_by_hand(tmp_path: Path) -> None:
    # As in test_cosimulation: 36 bytes of ifmap and 12 of weights at one a cycle, 18 cycles of the array, a drain of 9
    # rows, and 27 bytes of ofmap. Cycle 0 is the first after reset.
    _, rtl = in_both(case_of(convolution(4, 3)), tmp_path)
    expected: dict[str, list[tuple[int, str | None]]] = {
        "dma": [(48, "busy"), (27, "ofmap_full"), (27, "busy")],
        "conv_array": [(36, "ifmap_full"), (12, "weight_full"), (18, "busy"), (36, None)],
        "activation": [(66, "accumulator_full"), (9, "busy"), (27, None)],
    }
    for unit, spans in expected.items():
        states = [state for cycles, state in spans for _ in range(cycles)]
        assert rtl[unit].busy.tolist() == [state == "busy" for state in states]
        assert [CAUSES[cause] if cause != NOT_STALLED else None for cause in rtl[unit].stalled_on] == [
            None if state == "busy" else state for state in states
        ]


def test_with_stages_as_wide_as_one_another_every_cycle_is_the_same(tmp_path: Path) -> None:
    layer = convolution(4, 3, bias=True, batchnorm=True, residual=True, activation="relu")
    record, rtl = in_both(case_of(layer), tmp_path)
    assert {account.unit for account in record.accounts if account.executions} == rtl.keys() - {
        "requantizer",
        "pooling",
    }
    for account in record.accounts:
        if account.unit in rtl:
            assert is_same(on_model(account, record.cycles), rtl[account.unit])


@pytest.mark.parametrize("chip", TRACED.values(), ids=TRACED)
def test_every_cycle_is_the_same_or_in_an_operation_that_is_partly_busy(
    chip: int, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    compared = inside = 0
    for number in range(chip, CASES_OF_CHIP * len(CHIPS), len(CHIPS)):
        record, rtl = in_both(random_case(FIXED_SEED, number)[1], tmp_path)
        for account in record.accounts:
            assert account.unit in rtl or not account.executions
            if account.unit in rtl:
                compared += record.cycles
                inside += cycles_of_partly_busy_operations(account, record.cycles, rtl[account.unit])
    text = f"RTL's waveform, chip {chip}: {compared:,} cycles of units are equal, {inside:,} of them by operation"
    record_property(SHOWN_AT_THE_END, text)


def cycles_of_partly_busy_operations(account: Account, cycles: int, rtl: UnitCycles) -> int:
    """Compare a unit in both, and return in how many cycles it was compared by operation."""
    model = on_model(account, cycles)
    kept_pace = {stall.start_cycle for stall in account.stalls if stall.cause in SLOWER_UNITS}
    inside = np.zeros(cycles, dtype=bool)
    for _, start, end, busy, _ in account.executions:
        if start + busy in kept_pace:
            inside[start:end] = True
            assert kinds(model, start, end) == kinds(rtl, start, end)
    outside = [UnitCycles(unit.busy[~inside], unit.stalled_on[~inside]) for unit in (model, rtl)]
    assert is_same(*outside)
    return int(inside.sum())


def test_a_waveform_costs_nothing_in_results(tmp_path: Path) -> None:
    case = case_of(convolution(4, 3))
    with_waveform, without = cosimulate(case, tmp_path / "rtl.vcd"), cosimulate(case)
    assert with_waveform._replace(memory=without.memory) == without
    assert np.array_equal(with_waveform.memory, without.memory)


def test_the_same_case_gives_the_same_bytes(tmp_path: Path) -> None:
    case = case_of(convolution(4, 3))
    paths = [tmp_path / "one.vcd", tmp_path / "two.vcd"]
    for path in paths:
        cosimulate(case, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
