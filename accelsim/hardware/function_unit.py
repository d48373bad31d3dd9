"""The shared function unit of placement ``pass`` (docs/microarchitecture.md, §5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simpy import Environment

from accelsim.config.machine import MachineConfig
from accelsim.hardware.account import Account
from accelsim.hardware.tokens import Tokens
from accelsim.hardware.unit import Unit
from accelsim.program.operations import AccumulateOperation, FunctionUnitOperation, PassOperation
from accelsim.program.operations import Tokens as TokensGiven
from accelsim.timing.array import array_cycles
from accelsim.timing.post import accumulate_busy_cycles, pass_cycles

ARRAY = "conv_array"
"""What the function unit waits for while the array preloads, fills and drains."""


class FunctionUnit(Unit[FunctionUnitOperation]):
    """Accumulates together with the array, then makes passes over the tile."""

    def __init__(
        self,
        environment: Environment,
        tokens: Tokens,
        operations: Sequence[FunctionUnitOperation],
        machine: MachineConfig,
    ) -> None:
        super().__init__("function_unit", environment, tokens, operations)
        self._machine = machine
        self._account = Account(self.name)

    @property
    def accounts(self) -> Sequence[Account]:
        """The unit's time."""
        return (self._account,)

    def offers(self, operation: FunctionUnitOperation) -> TokensGiven:
        """What tells the array that its psums can be accumulated."""
        return operation.offers if isinstance(operation, AccumulateOperation) else ()

    def cycles(self, operation: FunctionUnitOperation) -> int:
        """Cycles of a pass; or, with the array, of the array's operation."""
        if isinstance(operation, AccumulateOperation):
            return array_cycles(self._machine.array, operation.work)
        return self._pass_cycles(operation)

    def busy_cycles(self, operation: FunctionUnitOperation) -> Mapping[str, int]:
        """All cycles of a pass; of an accumulate those in which psums arrive."""
        if isinstance(operation, AccumulateOperation):
            return {self.name: accumulate_busy_cycles(self._machine, operation.work)}
        return {self.name: self._pass_cycles(operation)}

    def record(self, operation: FunctionUnitOperation, start: int, end: int) -> None:
        """Write down an operation; what an accumulate leaves of the array's time is a stall on the array."""
        if isinstance(operation, AccumulateOperation):
            busy = accumulate_busy_cycles(self._machine, operation.work)
            self._account.execute(operation.label, start, end, busy)
            self._account.stall(ARRAY, start + busy, end)
        else:
            self._account.execute(operation.label, start, end, end - start)

    def _pass_cycles(self, operation: PassOperation) -> int:
        lanes = self._machine.stage(operation.kind).lanes
        return pass_cycles(self._machine, operation.blocks, lanes, operation.window)
