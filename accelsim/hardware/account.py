"""What a unit did with its time, written down as it happens."""

from __future__ import annotations

from typing import NamedTuple

from accelsim.timing.work import Transfer


class Execution(NamedTuple):
    """One operation that a unit executed.

    It began in ``start_cycle`` and was over before ``end_cycle``; the first ``busy_cycles`` of that the unit
    was busy, for the rest it was stalled.
    """

    operation: str
    start_cycle: int
    end_cycle: int
    busy_cycles: int
    transfer: Transfer | None
    """What a DMA operation moved."""

    @property
    def bytes(self) -> int:
        """Bytes that a DMA operation moved."""
        return self.transfer.bytes if self.transfer else 0


class Stall(NamedTuple):
    """A time in which a unit waited, from ``start_cycle`` to before ``end_cycle``, and for what."""

    cause: str
    start_cycle: int
    end_cycle: int


class Account:
    """The time of one unit, in layer-relative cycles.

    Parameters
    ----------
    unit
        Name of the unit.
    """

    __slots__ = ("busy_cycles", "executions", "stalled_cycles", "stalls", "unit")

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.executions: list[Execution] = []
        self.stalls: list[Stall] = []
        self.busy_cycles = 0
        """Cycles in which the unit worked."""
        self.stalled_cycles: dict[str, int] = {}
        """Cycles in which the unit had an operation left and could not work on it, by cause."""

    def execute(self, operation: str, start: int, end: int, busy: int, transfer: Transfer | None = None) -> None:
        """Write down an operation, and what it transferred."""
        self.executions.append(Execution(operation, start, end, busy, transfer))
        self.busy_cycles += busy

    def stall(self, cause: str, start: int, end: int) -> None:
        """Write down a wait, unless it took no time."""
        if end > start:
            self.stalls.append(Stall(cause, start, end))
            self.stalled_cycles[cause] = self.stalled_cycles.get(cause, 0) + end - start

    @property
    def end_cycle(self) -> int:
        """The first cycle after the unit's last operation; from there on it is idle."""
        return self.executions[-1].end_cycle if self.executions else 0

    def idle_cycles(self, total: int) -> int:
        """Cycles from the unit's last operation to the end of the layer: before, it was busy or stalled."""
        return total - self.end_cycle

    def until(self, end: int) -> Account:
        """Return the account of the time before ``end``, by which all operations are over."""
        account = Account(self.unit)
        for execution in self.executions:
            account.execute(*execution)
        for stall in self.stalls:
            account.stall(stall.cause, stall.start_cycle, min(stall.end_cycle, end))
        return account
