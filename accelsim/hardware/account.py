"""What a unit did with its time, written down as it happens."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple


class Execution(NamedTuple):
    """One operation that a unit executed.

    It began in ``start_cycle`` and was over before ``end_cycle``; the first ``busy_cycles`` of that the unit
    was busy, for the rest it was stalled.
    """

    operation: str
    start_cycle: int
    end_cycle: int
    busy_cycles: int
    bytes: int


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

    __slots__ = ("executions", "stalls", "unit")

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.executions: list[Execution] = []
        self.stalls: list[Stall] = []

    def execute(self, operation: str, start: int, end: int, busy: int, size_bytes: int = 0) -> None:
        """Write down an operation."""
        self.executions.append(Execution(operation, start, end, busy, size_bytes))

    def stall(self, cause: str, start: int, end: int) -> None:
        """Write down a wait, unless it took no time."""
        if end > start:
            self.stalls.append(Stall(cause, start, end))

    @property
    def busy_cycles(self) -> int:
        """Cycles in which the unit worked."""
        return sum(execution.busy_cycles for execution in self.executions)

    @property
    def stalled_cycles(self) -> dict[str, int]:
        """Cycles in which the unit had an operation left and could not work on it, by cause."""
        cycles: dict[str, int] = defaultdict(int)
        for stall in self.stalls:
            cycles[stall.cause] += stall.end_cycle - stall.start_cycle
        return dict(cycles)

    @property
    def end_cycle(self) -> int:
        """The first cycle after the unit's last operation; from there on it is idle."""
        return self.executions[-1].end_cycle if self.executions else 0
