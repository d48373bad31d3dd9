"""Build the machine, run a program on it, and return what every unit did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from simpy import Environment

from accelsim.config.machine import MachineConfig
from accelsim.errors import AccelsimError
from accelsim.hardware.account import Account
from accelsim.hardware.conv_array import ConvArray
from accelsim.hardware.dma import Dma
from accelsim.hardware.dram import IdealDram
from accelsim.hardware.function_unit import FunctionUnit
from accelsim.hardware.post_pipeline import PostPipeline
from accelsim.hardware.tokens import Tokens
from accelsim.program.operations import Program
from accelsim.timing.array import ArrayTotals, array_totals


@dataclass(frozen=True, slots=True)
class LayerRecord:
    """What the machine did for one layer, in cycles from the layer's start."""

    cycles: int
    accounts: tuple[Account, ...]
    executed: ArrayTotals
    """What the array executes of the layer."""


class DeadlockError(AccelsimError):
    """The machine stopped with operations left.

    Parameters
    ----------
    message
        The state of every unit.
    record
        What the units did until then.
    """

    def __init__(self, message: str, record: LayerRecord) -> None:
        super().__init__(message)
        self.record = record


def simulate_program(machine: MachineConfig, program: Program) -> LayerRecord:
    """Run one program from cycle 0 until nothing happens any more.

    Raises
    ------
    DeadlockError
        If operations are left then: it holds the state of every unit, and the record so far.
    """
    environment = Environment()
    tokens = Tokens(environment, program.tokens)
    units = units_of(machine, program, environment, tokens)
    for unit in units:
        environment.process(unit.run())
    environment.run()
    accounts = tuple(account for unit in units for account in unit.accounts)
    executed = array_totals(machine.array, Counter(operation.work for operation in program.array))
    record = LayerRecord(_end_of(accounts), accounts, executed)
    if any(unit.done < len(unit.operations) for unit in units):
        for unit in units:
            unit.record_unfinished_wait(record.cycles)
        record = replace(record, accounts=tuple(account.until(record.cycles) for account in accounts))
        states = "\n".join(f"  {unit.state}" for unit in units)
        counts = ", ".join(f"{token.value} {counter.count}" for token, counter in tokens.items() if counter.count)
        raise DeadlockError(f"nothing moves after cycle {record.cycles}:\n{states}\n  tokens left: {counts}", record)
    return record


def units_of(
    machine: MachineConfig, program: Program, environment: Environment, tokens: Tokens
) -> tuple[Dma, ConvArray, PostPipeline, FunctionUnit]:
    """Build the units that execute a program, in the order in which data meets them."""
    return (
        Dma(environment, tokens, program.transfers, IdealDram(machine)),
        ConvArray(environment, tokens, program.array, machine),
        PostPipeline(environment, tokens, program.drains, machine),
        FunctionUnit(environment, tokens, program.function_unit, machine),
    )


def _end_of(accounts: Sequence[Account]) -> int:
    return max((account.end_cycle for account in accounts), default=0)
