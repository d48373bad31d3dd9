"""How full the buffers were: halves in use over time, from the program's tokens and the times of its operations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from accelsim.program.layer import layer_program
from accelsim.program.operations import Token
from accelsim.results.columns import COLUMNS

if TYPE_CHECKING:
    from accelsim.config.machine import MachineConfig
    from accelsim.experiment import Experiment, LayerRun
    from accelsim.hardware.unit import Operation
    from accelsim.program.operations import Program

BUFFERS = {
    "ifmap": Token.IFMAP_FREE,
    "weight": Token.WEIGHT_FREE,
    "parameter": Token.PARAMETER_FREE,
    "residual": Token.RESIDUAL_FREE,
    "accumulator": Token.ACCUMULATOR_FREE,
    "ofmap": Token.OFMAP_FREE,
}
"""All buffers, in the order in which data meets them, and the token that says that one of their halves is free."""


def halves_of(machine: MachineConfig, buffer: str) -> int:
    """Halves that a buffer has."""
    if buffer == "accumulator":
        return machine.accumulator.halves
    halves: int = getattr(machine.buffers, buffer).halves
    return halves


def buffers_frame(machine: MachineConfig, experiment: Experiment) -> pd.DataFrame:
    """One row wherever the halves in use change, in cycles of the whole variant, and one at the start of every layer.

    A half is in use from the start of the operation that fills it to the end of the one that is the last to need it.
    """
    rows = []
    for run in experiment.variants:
        for layer in run.layers:
            rows += [
                (run.variant, layer.layer.name, buffer, layer.start_cycle + cycle, halves)
                for buffer, cycle, halves in _occupancy(machine, layer)
            ]
    return pd.DataFrame(rows, columns=COLUMNS["buffers"])


def _occupancy(machine: MachineConfig, layer: LayerRun) -> Iterator[tuple[str, int, int]]:
    program = layer_program(machine, layer.layer, layer.mapping)
    changes: dict[Token, Counter[int]] = {token: Counter() for token in BUFFERS.values()}
    for takes, gives, start, end in _executed(program, layer):
        for token in takes:
            if token in changes:
                changes[token][start] += 1
        for token in gives:
            if token in changes:
                changes[token][end] -= 1
    for buffer, token in BUFFERS.items():
        in_use = halves_of(machine, buffer) - program.tokens.get(token, 0)
        yield from _steps(buffer, in_use, changes[token])


def _steps(buffer: str, in_use: int, changes: Counter[int]) -> Iterator[tuple[str, int, int]]:
    in_use += changes.pop(0, 0)
    yield buffer, 0, in_use
    for cycle in sorted(changes):
        if changes[cycle]:
            in_use += changes[cycle]
            yield buffer, cycle, in_use


def _executed(program: Program, layer: LayerRun) -> Iterator[tuple[tuple[Token, ...], tuple[Token, ...], int, int]]:
    """Yield what every operation takes and gives, its start and its end: units execute their programs in order."""
    executions = {account.unit: iter(account.executions) for account in layer.record.accounts}
    of_units: list[tuple[Operation, tuple[str, ...]]] = [
        *((operation, ("dma",)) for operation in program.transfers),
        *((operation, ("conv_array",)) for operation in program.array),
        *((operation, operation.stages) for operation in program.drains),
        *((operation, ("function_unit",)) for operation in program.function_unit),
    ]
    for operation, units in of_units:
        execution, *_ = [next(executions[unit]) for unit in units]
        yield operation.takes, operation.gives, execution.start_cycle, execution.end_cycle
