"""A stall is gone when the unit that is blamed for it becomes instantaneous."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple

import pytest

from accelsim.config.machine import MachineConfig
from accelsim.hardware import conv_array
from accelsim.program.operations import STAGES, DrainOperation, Program, Stage, Token, Tokens
from accelsim.simulation import simulate_program
from accelsim.timing.work import Block
from tests.hand_built import accumulated, changed, convolve, drain, machine, make_pass, program, read, work, write
from tests.stall_causes import STALLS

SECTIONS = {stage: stage for stage in STAGES} | {"bn_stage": "bn", "requantizer": "requantization"}
ONE_LANE = {section: {"lanes": 1, "latency_cycles": 0} for section in SECTIONS.values()}
IMMENSE = {"lanes": 65536, "latency_cycles": 0}

SLOW = machine(**ONE_LANE)
"""1 byte per cycle on the port, no latencies, one lane in each stage."""

DMA = {"dram": {"bytes_per_cycle": 65536}}
POST = dict.fromkeys(SECTIONS.values(), IMMENSE)
ARRAY: dict[str, dict[str, Any]] = {"array": {}}
"""No array is instantaneous whatever its size: the test replaces the closed form."""

FOLD = work(pixels=5, kc=4, n=3)  # 2·4 + 3 + 5 − 2 = 14 cycles
ROW = Block(1, 1, 8)  # 8 cycles through one lane


class Stall(NamedTuple):
    """A unit is stalled on a cause for ``before`` cycles, and for ``after`` when the machine is a ``better`` one.

    ``after`` is 1 where the blamed unit has an operation to execute, because none takes less.
    """

    unit: str
    cause: str
    before: int
    after: int
    program: Program
    better: dict[str, dict[str, Any]]
    machine: MachineConfig = SLOW


def all_stages(unit: str) -> tuple[Stage, ...]:
    """Return the stages of a drain that the unit can have a part in."""
    return ("pooling", "activation") if unit == "pooling" else ("bn_stage", "requantizer", "residual_add", "activation")


def drain_row(unit: str, takes: Tokens = (), gives: Tokens = ()) -> DrainOperation:
    """Drain a row of 8 in 8 cycles."""
    return drain(all_stages(unit), ROW, takes=takes, gives=gives)


def second_loads() -> Iterator[Stall]:
    """The DMA waits with the second load until the first one's half has been used."""
    for free, full in ((Token.IFMAP_FREE, Token.IFMAP_FULL), (Token.WEIGHT_FREE, Token.WEIGHT_FULL)):
        loads = (read("ifmap", 4, (free,), (full,)),) * 2
        multiplied = program(transfers=loads, array=(convolve(FOLD, (full,), (free,)),) * 2, tokens={free: 1})
        yield Stall("dma", free, 14, 1, multiplied, ARRAY)
    for free, full in (
        (Token.PARAMETER_FREE, Token.PARAMETER_FULL),
        (Token.RESIDUAL_FREE, Token.RESIDUAL_FULL),
    ):
        loads = (read("ifmap", 4, (free,), (full,)),) * 2
        drained = program(transfers=loads, drains=(drain_row("bn_stage", (full,), (free,)),) * 2, tokens={free: 1})
        yield Stall("dma", free, 8, 1, drained, POST)


def tiles_to_come() -> Iterator[Stall]:
    """The DMA waits with a store, and the post-pipeline with a drain, until a tile is finished."""
    full = (Token.OFMAP_FULL,)
    stored = program(transfers=(write(4, full),), drains=(drain_row("bn_stage", gives=full),))
    yield Stall("dma", "ofmap_full", 8, 1, stored, POST)
    full = (Token.ACCUMULATOR_FULL,)
    for unit in STAGES:
        multiplied = program(array=(convolve(FOLD, gives=full),), drains=(drain_row(unit, full),))
        yield Stall(unit, "accumulator_full", 14, 1, multiplied, ARRAY)


def loads_to_come() -> Iterator[Stall]:
    """Units wait for what the DMA loads: 8 bytes in 8 cycles."""
    for full in (Token.IFMAP_FULL, Token.WEIGHT_FULL, Token.BIAS_FULL):
        load = (read("ifmap", 8, gives=(full,)),)
        yield Stall("conv_array", full, 8, 1, program(transfers=load, array=(convolve(FOLD, (full,)),)), DMA)
    for full in (Token.IFMAP_FULL, Token.PARAMETER_FULL, Token.RESIDUAL_FULL):
        load = (read("ifmap", 8, gives=(full,)),)
        passed = program(transfers=load, function_unit=(make_pass("readout", ROW, takes=(full,)),))
        yield Stall("function_unit", full, 8, 1, passed, DMA)
        for unit in STAGES:
            drained = program(transfers=load, drains=(drain_row(unit, (full,)),))
            yield Stall(unit, full, 8, 1, drained, DMA)


def stores_to_come() -> Iterator[Stall]:
    """With one ofmap half, the second tile waits until the DMA has stored the first: 8 bytes in 8 cycles."""
    free, full = (Token.OFMAP_FREE,), (Token.OFMAP_FULL,)
    stores, tokens = (write(8, full, free),) * 2, {Token.OFMAP_FREE: 1}
    passes = (make_pass("readout", ROW, takes=free, gives=full),) * 2
    passed = program(transfers=stores, function_unit=passes, tokens=tokens)
    yield Stall("function_unit", "ofmap_free", 8, 1, passed, DMA)
    for unit in STAGES:
        drained = program(transfers=stores, drains=(drain_row(unit, free, full),) * 2, tokens=tokens)
        yield Stall(unit, "ofmap_free", 8, 1, drained, DMA)


def behind_the_array() -> Iterator[Stall]:
    """The array waits for what works on its last tile, and the function unit for the array."""
    free, full = (Token.ACCUMULATOR_FREE,), (Token.ACCUMULATOR_FULL,)
    drained = program(
        array=(convolve(FOLD, free, full),) * 2,
        drains=(drain_row("bn_stage", full, free),) * 2,
        tokens={Token.ACCUMULATOR_FREE: 1},
    )
    yield Stall("conv_array", "accumulator_free", 8, 1, drained, POST)
    multiply, accumulate = accumulated(FOLD)
    passed = program(array=(multiply,) * 2, function_unit=(accumulate, make_pass("readout", ROW), accumulate))
    yield Stall("conv_array", "function_unit_ready", 8, 1, passed, POST)
    # The array does not stream because its ifmap is not there: in the end it is the DMA that is waited for.
    multiply, accumulate = accumulated(work(1, 1, 1), takes=(Token.IFMAP_FULL,))
    load = (read("ifmap", 8, gives=(Token.IFMAP_FULL,)),)
    streamed = program(transfers=load, array=(multiply,), function_unit=(accumulate,))
    yield Stall("function_unit", "array_stream", 8, 1, streamed, DMA)
    # 2·4 + 3 + 1 − 2 = 10 cycles for one row of psums; a single PE that preloads nothing takes 1.
    single = {"array": {"rows": 1, "cols": 1, "dataflow": "os"}}
    yield Stall("function_unit", "conv_array", 9, 0, streamed, single)


def inside_the_pipeline() -> Iterator[Stall]:
    """A stage waits for a narrower one, for latencies, and for a drain that it has no part in."""
    for unit in STAGES:
        for narrow in (stage for stage in STAGES if stage != unit):
            # 8 lanes take the row in one cycle, one lane takes 8.
            wide = changed(SLOW, **{SECTIONS[unit]: {"lanes": 8}})
            stages = tuple(stage for stage in STAGES if stage in (unit, narrow))
            both = program(drains=(drain(stages, ROW),))
            yield Stall(unit, narrow, 7, 0, both, {SECTIONS[narrow]: IMMENSE}, wide)
        late = changed(SLOW, **{SECTIONS[unit]: {"latency_cycles": 5}})
        yield Stall(unit, "pipeline_latency", 5, 0, program(drains=(drain_row(unit),)), POST, late)
    for unit in ("bn_stage", "residual_add"):
        behind = program(drains=(drain(("activation",), ROW), drain_row(unit)))
        yield Stall(unit, "post_pipeline", 8, 1, behind, POST)


CASES = list(
    chain(
        second_loads(),
        tiles_to_come(),
        loads_to_come(),
        stores_to_come(),
        behind_the_array(),
        inside_the_pipeline(),
    )
)


def test_every_stall_that_the_machine_can_have_is_among_them() -> None:
    assert {(unit, cause) for unit, causes in STALLS.items() for cause in causes} <= {
        (case.unit, str(case.cause)) for case in CASES
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.unit} on {case.cause}")
def test_an_instantaneous_culprit_is_waited_for_no_more(case: Stall, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stalled(case, case.machine) == case.before
    if case.better is ARRAY:
        monkeypatch.setattr(conv_array, "array_cycles", lambda *_: 1)
    assert stalled(case, changed(case.machine, **case.better)) == case.after


def stalled(case: Stall, machine: MachineConfig) -> int:
    accounts = {account.unit: account for account in simulate_program(machine, case.program).accounts}
    return accounts[case.unit].stalled_cycles.get(case.cause, 0)
