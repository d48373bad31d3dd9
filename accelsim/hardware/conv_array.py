"""The systolic array (docs/microarchitecture.md, §3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simpy import Environment

from accelsim.config.machine import MachineConfig
from accelsim.hardware.account import Account
from accelsim.hardware.tokens import Tokens
from accelsim.hardware.unit import Unit
from accelsim.program.operations import ArrayOperation
from accelsim.program.operations import Tokens as TokensGiven
from accelsim.timing.array import array_cycles
from accelsim.timing.work import ArrayWork


class ConvArray(Unit[ArrayOperation]):
    """Multiplies ifmap halves with weight halves; busy from the start of an operation to its end."""

    def __init__(
        self,
        environment: Environment,
        tokens: Tokens,
        operations: Sequence[ArrayOperation],
        machine: MachineConfig,
    ) -> None:
        super().__init__("conv_array", environment, tokens, operations)
        self._array = machine.array
        self._account = Account(self.name)
        self._cycles: dict[ArrayWork[int], int] = {}

    @property
    def accounts(self) -> Sequence[Account]:
        """The array's time."""
        return (self._account,)

    def cycles(self, operation: ArrayOperation) -> int:
        """Cycles of all folds."""
        cycles = self._cycles.get(operation.work)
        if cycles is None:
            cycles = self._cycles[operation.work] = array_cycles(self._array, operation.work)
        return cycles

    def announces(self, operation: ArrayOperation) -> TokensGiven:
        """The valid signal towards the function unit, where there is one."""
        return operation.announces

    def busy_cycles(self, operation: ArrayOperation) -> Mapping[str, int]:
        """All of its cycles."""
        return {self.name: self.cycles(operation)}

    def record(self, operation: ArrayOperation, start: int, end: int) -> None:
        """Write down a multiplication."""
        self._account.execute(operation.label, start, end, end - start)
