"""What all hardware units have in common: they execute their operations in order, each when its tokens are there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from simpy import Environment, Event

from accelsim.hardware.account import Account
from accelsim.hardware.tokens import Tokens
from accelsim.program.operations import Token
from accelsim.program.operations import Tokens as TokensGiven


class Operation(Protocol):
    """What every operation has."""

    @property
    def label(self) -> str:
        """What it is called in reports."""

    @property
    def takes(self) -> tuple[Token, ...]:
        """Tokens it needs, in the order in which they are looked at."""

    @property
    def gives(self) -> tuple[Token, ...]:
        """Tokens it gives at its end."""


AnyOperation = TypeVar("AnyOperation", bound=Operation)


class Unit(ABC, Generic[AnyOperation]):
    """A hardware unit as a SimPy process.

    Parameters
    ----------
    name
        Name of the unit in reports.
    environment
        The simulation's clock.
    tokens
        The machine's counters.
    operations
        What the unit executes, in order.
    """

    def __init__(self, name: str, environment: Environment, tokens: Tokens, operations: Sequence[AnyOperation]) -> None:
        self.name = name
        self.environment = environment
        self.tokens = tokens
        self.operations = operations
        self.done = 0
        self.waiting_for: Token | None = None
        self.waiting_since = 0

    @property
    @abstractmethod
    def accounts(self) -> Sequence[Account]:
        """Where the unit's time is written down."""

    @abstractmethod
    def cycles(self, operation: AnyOperation) -> int:
        """Cycles D that an operation takes once it has started."""

    @abstractmethod
    def busy_cycles(self, operation: AnyOperation) -> Mapping[str, int]:
        """Cycles of an operation in which the unit is busy, by account."""

    @abstractmethod
    def record(self, operation: AnyOperation, start: int, end: int) -> None:
        """Write down an operation that took ``start`` to before ``end``."""

    def record_wait(self, cause: str, start: int, end: int) -> None:
        """Write down that the next operation waited."""
        for account in self.accounts:
            account.stall(cause, start, end)

    def offers(self, operation: AnyOperation) -> TokensGiven:  # noqa: ARG002  most offer nothing
        """Tokens that it gives as soon as it is ready for an operation."""
        return ()

    def announces(self, operation: AnyOperation) -> TokensGiven:  # noqa: ARG002  most announce nothing
        """Tokens that it gives in the cycle in which an operation starts."""
        return ()

    def latency_cycles(self, operation: AnyOperation) -> int:  # noqa: ARG002  most have none
        """Cycles from the end of an operation until what it gives can be used."""
        return 0

    def run(self) -> Generator[Event, Any, None]:
        """Execute all operations.

        The tokens are awaited one after another. Nobody else takes them meanwhile, so this is the same as taking
        all of them at once when the last has come, and each wait is blamed on the first token that is missing.
        """
        environment = self.environment
        for operation in self.operations:
            self.tokens.give(self.offers(operation))
            for token in operation.takes:
                counter = self.tokens[token]
                if counter.count:
                    counter.count -= 1
                    continue
                self.waiting_for, self.waiting_since = token, int(environment.now)
                yield counter.next_one()
                self.record_wait(token.value, self.waiting_since, int(environment.now))
                self.waiting_for = None
            start = int(environment.now)
            self.tokens.give(self.announces(operation))
            yield environment.timeout(self.cycles(operation))
            self.record(operation, start, int(environment.now))
            self.done += 1
            self._finish(operation)

    def _finish(self, operation: AnyOperation) -> None:
        """Give what an operation gives at its end, or a latency later."""
        latency = self.latency_cycles(operation)
        if not latency:
            self.tokens.give(operation.gives)
            return

        def arrive(_: Event) -> None:
            self.tokens.give(operation.gives)

        arrival = self.environment.timeout(latency)
        arrival.callbacks.append(arrive)

    def record_unfinished_wait(self, end: int) -> None:
        """Write down a wait that goes on at the end: the machine is deadlocked."""
        if self.waiting_for:
            self.record_wait(self.waiting_for.value, self.waiting_since, end)

    @property
    def state(self) -> str:
        """What the unit is at, for the report of a deadlock."""
        count = len(self.operations)
        if self.done == count:
            return f"{self.name}: done, all {count} operations"
        operation = self.operations[self.done]
        waits = f", waits for {self.waiting_for.value} since cycle {self.waiting_since}" if self.waiting_for else ""
        return f"{self.name}: at operation {self.done + 1} of {count} ({operation.label}){waits}"
