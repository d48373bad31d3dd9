"""Token counters: the handshakes between units (docs/microarchitecture.md, §2)."""

from __future__ import annotations

from collections.abc import Mapping

from simpy import Environment, Event

from accelsim.program.operations import Token


class TokenCounter:
    """Counts one kind of token.

    A unit that finds none waits for an event; one is made only then. Each kind has one taker at a time, so there is
    never more than one unit waiting.

    Parameters
    ----------
    environment
        The simulation's clock.
    count
        Tokens that are there at the start.
    """

    __slots__ = ("_environment", "_waiting", "count")

    def __init__(self, environment: Environment, count: int) -> None:
        self._environment = environment
        self._waiting: Event | None = None
        self.count = count

    def give(self) -> None:
        """Add a token, usable in this cycle."""
        if self._waiting is None:
            self.count += 1
        else:
            self._waiting.succeed()
            self._waiting = None

    def next_one(self) -> Event:
        """Take the next token to be given; only to be called while there is none.

        Raises
        ------
        RuntimeError
            If another unit waits for this kind of token already: the program breaks the contract.
        """
        if self._waiting is not None:
            raise RuntimeError("two units wait for one kind of token")
        self._waiting = self._environment.event()
        return self._waiting


class Tokens(dict[Token, TokenCounter]):
    """All counters of a machine.

    Parameters
    ----------
    environment
        The simulation's clock.
    counts
        Tokens at the start; what is left out starts at 0.
    """

    def __init__(self, environment: Environment, counts: Mapping[Token, int]) -> None:
        super().__init__((token, TokenCounter(environment, counts.get(token, 0))) for token in Token)

    def give(self, tokens: tuple[Token, ...]) -> None:
        """Give one of each."""
        for token in tokens:
            self[token].give()
