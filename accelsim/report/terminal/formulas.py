"""The closed forms of ``accelsim.timing`` written out with their numbers, for ``accelsim explain``."""

from __future__ import annotations

from typing import NamedTuple

from accelsim.config.machine import MachineConfig
from accelsim.program.operations import (
    AccumulateOperation,
    ArrayOperation,
    DrainOperation,
    FunctionUnitOperation,
    TransferOperation,
)
from accelsim.timing.array import folding
from accelsim.timing.dma import burst_cycles
from accelsim.timing.integers import ceil_div


class Formula(NamedTuple):
    """A closed form, in symbols and in numbers; the numbers are an expression whose value is the cycles."""

    symbols: str
    numbers: str


def array_formula(machine: MachineConfig, operation: ArrayOperation) -> Formula:
    """Cycles of an operation of the conv array."""
    array = machine.array
    folds, streamed, _ = folding(array, operation.work)
    if not folds:
        return Formula("all folds skipped", "1")
    if array.stationary_double_buffer:
        one = f"{streamed} + {array.rows} + {array.cols} - 2"
        return Formula(
            "R + (F - 1)·max(T, R) + T + R + C - 2",
            f"{array.rows} + ({folds} - 1)·max({streamed}, {array.rows}) + {one}",
        )
    rows = "R" if array.dataflow == "os" else "2·R"
    return Formula(
        f"F·({rows} + C + T - 2)",
        f"{folds}·({rows.replace('R', str(array.rows))} + {array.cols} + {streamed} - 2)",
    )


def transfer_formula(machine: MachineConfig, operation: TransferOperation) -> Formula:
    """Cycles of a transfer on the DRAM port."""
    transfer, rate = operation.transfer, machine.dram.bytes_per_cycle
    whole, rest = divmod(transfer.row_bytes, machine.dma.burst_bytes)
    bursts = []
    if whole:
        bursts.append(f"{whole}·{burst_cycles(machine.dma.burst_bytes, rate)}")
    if rest:
        bursts.append(str(burst_cycles(rest, rate)))
    run = " + ".join(bursts)
    numbers = run if transfer.runs == 1 else f"{transfer.runs}·({run})"
    return Formula("runs·(bursts·⌈burst/rate⌉ + ⌈rest/rate⌉)", numbers)


def drain_formula(machine: MachineConfig, operation: DrainOperation) -> Formula:
    """Cycles of a drain through the post-pipeline."""
    latency = " + ".join(str(machine.stage(stage).latency_cycles) for stage in operation.stages)
    busy = [
        _rows(operation, machine.stage(stage).lanes, operation.window if stage == "pooling" else 1)
        for stage in operation.stages
    ]
    narrowest = busy[0] if len(busy) == 1 else f"max({', '.join(busy)})"
    return Formula("Σ latency + max over stages of Σ rows·⌈columns/lanes⌉", f"{latency} + {narrowest}")


def function_unit_formula(machine: MachineConfig, operation: FunctionUnitOperation) -> Formula:
    """Busy cycles of an operation of the function unit."""
    flush = machine.bn.flush_cycles
    if isinstance(operation, AccumulateOperation):
        folds, _, rows_out = folding(machine.array, operation.work)
        return Formula("F·(rows out of a fold + flush)", f"{folds}·({rows_out} + {flush})")
    lanes = machine.stage(operation.kind).lanes
    return Formula("Σ rows·⌈columns/lanes⌉ + flush", f"{_rows(operation, lanes, operation.window)} + {flush}")


def _rows(operation: DrainOperation | FunctionUnitOperation, lanes: int, window: int) -> str:
    """Sum over the blocks of a tile: repeats·rows·⌈columns/lanes⌉, each factor of 1 left out."""
    if isinstance(operation, AccumulateOperation):
        return "0"
    terms = []
    for block in operation.blocks:
        factors = [block.repeat, block.rows, window, ceil_div(block.columns, lanes)]
        terms.append("·".join(str(factor) for factor in factors if factor != 1) or "1")
    return " + ".join(terms)
