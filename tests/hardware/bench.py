"""A test bench for one unit: what its neighbours would do, done at chosen times."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from simpy import Environment, Event

from accelsim.hardware.account import Account
from accelsim.hardware.tokens import Tokens
from accelsim.hardware.unit import Unit
from accelsim.program.operations import Token


class Bench:
    """A clock and tokens, without any other unit."""

    def __init__(self) -> None:
        self.environment = Environment()
        self.tokens = Tokens(self.environment, {})

    def give(self, token: Token, *cycles: int) -> None:
        """Give one token in each of these cycles."""
        self.environment.process(self._give(token, cycles))

    def take(self, token: Token) -> list[int]:
        """Take tokens as soon as they are usable; return the list in which the cycles will stand."""
        cycles: list[int] = []
        self.environment.process(self._take(token, cycles))
        return cycles

    def run(self, unit: Unit[Any]) -> None:
        """Run the unit until nothing happens any more."""
        self.environment.process(unit.run())
        self.environment.run()

    def _give(self, token: Token, cycles: Sequence[int]) -> Generator[Event, Any, None]:
        for cycle in cycles:
            yield self.environment.timeout(cycle - self.environment.now)
            self.tokens.give((token,))

    def _take(self, token: Token, cycles: list[int]) -> Generator[Event, Any, None]:
        counter = self.tokens[token]
        while True:
            if counter.count:
                counter.count -= 1
            else:
                yield counter.next_one()
            cycles.append(int(self.environment.now))


def spans(account: Account) -> list[tuple[int, int]]:
    """First cycle, and first cycle after it, of each operation."""
    return [(execution.start_cycle, execution.end_cycle) for execution in account.executions]


def stalls(account: Account) -> list[tuple[str, int, int]]:
    """Cause, first cycle, and first cycle after it, of each stall."""
    return [(stall.cause, stall.start_cycle, stall.end_cycle) for stall in account.stalls]
