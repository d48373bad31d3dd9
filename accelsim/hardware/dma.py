"""The DMA engine (docs/microarchitecture.md, §6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simpy import Environment

from accelsim.hardware.account import Account
from accelsim.hardware.dram import Dram
from accelsim.hardware.tokens import Tokens
from accelsim.hardware.unit import Unit
from accelsim.program.operations import TransferOperation


class Dma(Unit[TransferOperation]):
    """Executes transfers one at a time; a read's data arrives its latency after the port is free."""

    def __init__(
        self, environment: Environment, tokens: Tokens, operations: Sequence[TransferOperation], dram: Dram
    ) -> None:
        super().__init__("dma", environment, tokens, operations)
        self._dram = dram
        self._account = Account(self.name)

    @property
    def accounts(self) -> Sequence[Account]:
        """The port's time."""
        return (self._account,)

    def cycles(self, operation: TransferOperation) -> int:
        """Cycles on the port."""
        return self._dram.port_cycles(operation.transfer)

    def busy_cycles(self, operation: TransferOperation) -> Mapping[str, int]:
        """All of its cycles on the port."""
        return {self.name: self.cycles(operation)}

    def latency_cycles(self, operation: TransferOperation) -> int:
        """What a write gives can be used at its end, what a read gives when its data has arrived."""
        transfer = operation.transfer
        return self._dram.read_latency_cycles(transfer) if transfer.direction == "read" else 0

    def record(self, operation: TransferOperation, start: int, end: int) -> None:
        """Write down a transfer."""
        self._account.execute(operation.label, start, end, end - start, operation.transfer)
