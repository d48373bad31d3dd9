"""The closed forms that ``accelsim explain`` writes out come to the cycles that were simulated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from accelsim.config.machine import MachineConfig
from accelsim.hardware.account import Execution
from accelsim.program.operations import AccumulateOperation, Program
from accelsim.report.terminal.formulas import (
    Formula,
    array_formula,
    drain_formula,
    function_unit_formula,
    transfer_formula,
)
from accelsim.simulation import simulate_program
from tests.random_cases import random_case, random_mapping, seeded

SEEDS = range(100)


class Explained(NamedTuple):
    """An operation: its kind, how its cycles are explained, and what they were."""

    kind: str
    formula: Formula
    cycles: int


def value(numbers: str) -> int:
    """Work out an expression of whole numbers, sums, products and maxima."""
    assert re.fullmatch(r"(\d+|max\(|[-+·(), ])+", numbers), numbers
    return int(eval(numbers.replace("·", "*"), {"max": max}))  # noqa: S307


def explained(machine: MachineConfig, program: Program) -> Iterator[Explained]:
    executions = {account.unit: account.executions for account in simulate_program(machine, program).accounts}

    def lasted(execution: Execution) -> int:
        return execution.end_cycle - execution.start_cycle

    for transfer, execution in zip(program.transfers, executions["dma"], strict=True):
        yield Explained("transfer", transfer_formula(machine, transfer), lasted(execution))
    for multiplication, execution in zip(program.array, executions["conv_array"], strict=True):
        kind_of_array = "shadow" if machine.array.stationary_double_buffer else machine.array.dataflow
        yield Explained(kind_of_array, array_formula(machine, multiplication), lasted(execution))
    for drain, execution in zip(program.drains, executions["activation"], strict=True):
        yield Explained("drain", drain_formula(machine, drain), lasted(execution))
    for operation, execution in zip(program.function_unit, executions["function_unit"], strict=True):
        kind = "accumulate" if isinstance(operation, AccumulateOperation) else operation.kind
        yield Explained(kind, function_unit_formula(machine, operation), execution.busy_cycles)


def all_explained(seed: int) -> Iterator[Explained]:
    random = seeded(seed)
    case = random_case(random)
    for program in case.programs(random_mapping(random, case)):
        yield from explained(case.machine, program)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_numbers_of_a_closed_form_come_to_the_simulated_cycles(seed: int) -> None:
    for operation in all_explained(seed):
        assert value(operation.formula.numbers) == operation.cycles, operation


def test_all_kinds_of_operations_are_among_them() -> None:
    kinds = {operation.kind for seed in SEEDS for operation in all_explained(seed)}
    array = {"ws", "is", "os", "shadow"}
    passes = {"accumulate", "batchnorm", "requantize", "residual_add", "pooling", "activation", "readout"}
    assert kinds == {"transfer", "drain"} | array | passes
