"""Cycles behind the accumulator: post-pipeline and function unit (docs/microarchitecture.md, §4 and §5)."""

from __future__ import annotations

from collections.abc import Sequence

from accelsim.config.machine import MachineConfig
from accelsim.timing.array import folding
from accelsim.timing.integers import Integer, ceil_div
from accelsim.timing.work import ArrayWork, Block


def rows_cycles(blocks: Sequence[Block[Integer]], lanes: int, window: int = 1) -> Integer:
    """Cycles in which a stage of ``lanes`` lanes takes in all rows of the blocks, ``window`` times each."""
    total = 0 * blocks[0].repeat
    for block in blocks:
        total = total + block.repeat * block.rows * window * ceil_div(block.columns, lanes)
    return total


def accumulate_busy_cycles(machine: MachineConfig, work: ArrayWork[int]) -> int:
    """Cycles of an array operation in which the function unit accumulates."""
    folds, _, rows_out = folding(machine.array, work)
    return folds * (rows_out + machine.bn.flush_cycles)


def pass_cycles(machine: MachineConfig, blocks: Sequence[Block[Integer]], lanes: int, window: int = 1) -> Integer:
    """Cycles of one pass of the function unit."""
    return rows_cycles(blocks, lanes, window) + machine.bn.flush_cycles
