"""The totals of a layer by a recurrence over its operations, without a simulated clock.

An operation starts when its unit is ready and its tokens are there; it ends a number of cycles later that the closed
forms know beforehand. So where each token is given in order of time, the n-th take of it waits for the n-th give, and
the end of every operation follows from the ends of earlier ones (docs/microarchitecture.md, §2). That is the same as
:func:`accelsim.simulation.simulate_program`, which is asked where two units give a token and not in order of time.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

from simpy import Environment

from accelsim.config.machine import MachineConfig
from accelsim.hardware.tokens import Tokens
from accelsim.hardware.unit import Unit
from accelsim.program.operations import Token
from accelsim.program.outline import Outline
from accelsim.simulation import simulate_program, units_of
from accelsim.timing.array import array_totals
from accelsim.timing.work import ArrayWork
from accelsim.totals import LayerTotals, UnitTotals, totals_of


def layer_totals(machine: MachineConfig, outline: Outline) -> LayerTotals:
    """Return what a program comes to on a machine.

    Raises
    ------
    DeadlockError
        As :func:`accelsim.simulation.simulate_program`.
    """
    environment = Environment()
    units: Sequence[Unit[Any]] = units_of(machine, outline.kinds, environment, Tokens(environment, {}))
    try:
        end_cycles = _end_cycles(units, outline)
    except _OrderUnknownError:
        return totals_of(simulate_program(machine, outline.program()))
    totals = tuple(
        chain.from_iterable(
            _unit_totals(unit, order, ends) for unit, order, ends in zip(units, outline.orders, end_cycles, strict=True)
        )
    )
    read, written = (_moved_bytes(outline, direction) for direction in ("read", "write"))
    works: Counter[ArrayWork[int]] = Counter()
    for kind, count in Counter(outline.array).items():
        works[outline.kinds.array[kind].work] += count
    executed = array_totals(machine.array, works)
    return LayerTotals(max(unit.end_cycle for unit in totals), totals, read, written, executed)


class _OrderUnknownError(Exception):
    """Operations cannot be put in order without a clock."""


_Times = deque[int]
"""Cycles in which one kind of token can be used, of those that nobody has taken yet."""


class _SharedTimes(_Times):
    """The same of a token that several units give: they have to be met in the order of time."""

    latest = 0

    def append(self, cycle: int) -> None:
        if cycle < self.latest:
            raise _OrderUnknownError
        self.latest = cycle
        super().append(cycle)


class _Kind(NamedTuple):
    """What the operations of one kind take, how long they take, and what they give."""

    offers: Sequence[_Times]
    takes: Sequence[_Times]
    announces: Sequence[_Times]
    cycles: int
    latency_cycles: int
    gives: Sequence[_Times]


def _end_cycles(units: Sequence[Unit[Any]], outline: Outline) -> list[list[int]]:
    """For each unit and kind of operation the end of the last one."""
    givers = Counter(token for unit in units for token in _tokens_given(unit))
    times = {token: _SharedTimes() if givers[token] > 1 else _Times() for token in Token}
    for token, number in outline.kinds.tokens.items():
        times[token].extend([0] * number)
    end_cycles = [[0] * len(unit.operations) for unit in units]
    under_way = [
        _executing([_kind(unit, operation, times) for operation in unit.operations], order, ends)
        for unit, order, ends in zip(units, outline.orders, end_cycles, strict=True)
    ]
    done: list[int] = []
    while under_way:
        before = done
        done = [next(unit, -1) for unit in under_way]
        if done == before:
            raise _OrderUnknownError  # nothing moves: the simulation will say why
        under_way = [unit for unit, operations in zip(under_way, done, strict=True) if operations >= 0]
    return end_cycles


def _executing(kinds: Sequence[_Kind], order: Sequence[int], end_cycles: list[int]) -> Iterator[int]:
    """Execute a unit's operations as :meth:`accelsim.hardware.unit.Unit.run`, but ahead of the clock.

    Wherever a token has not been given yet, yield how many operations are done.
    """
    cycle = 0
    for done, number in enumerate(order):
        offers, takes, announces, cycles, latency_cycles, gives = kinds[number]
        for times in offers:
            times.append(cycle)
        for times in takes:
            while not times:
                yield done
            usable = times.popleft()
            if usable > cycle:
                cycle = usable
        for times in announces:
            times.append(cycle)
        end_cycles[number] = cycle = cycle + cycles
        for times in gives:
            times.append(cycle + latency_cycles)


def _tokens_given(unit: Unit[Any]) -> set[Token]:
    return {
        token
        for operation in unit.operations
        for token in (*unit.offers(operation), *unit.announces(operation), *operation.gives)
    }


def _kind(unit: Unit[Any], operation: Any, times: dict[Token, _Times]) -> _Kind:
    return _Kind(
        offers=[times[token] for token in unit.offers(operation)],
        takes=[times[token] for token in operation.takes],
        announces=[times[token] for token in unit.announces(operation)],
        cycles=unit.cycles(operation),
        latency_cycles=unit.latency_cycles(operation),
        gives=[times[token] for token in operation.gives],
    )


def _unit_totals(unit: Unit[Any], order: Sequence[int], end_cycles: Sequence[int]) -> Iterator[UnitTotals]:
    """Yield the totals of each account of a unit."""
    numbers = Counter(order)
    busy = [unit.busy_cycles(operation) for operation in unit.operations]
    for account in unit.accounts:
        kinds = [kind for kind, of_accounts in enumerate(busy) if account.unit in of_accounts]
        yield UnitTotals(
            account.unit,
            sum(numbers[kind] * busy[kind][account.unit] for kind in kinds),
            max((end_cycles[kind] for kind in kinds), default=0),
        )


def _moved_bytes(outline: Outline, direction: str) -> int:
    numbers = Counter(outline.transfers)
    transfers = enumerate(operation.transfer for operation in outline.kinds.transfers)
    return sum(numbers[kind] * transfer.bytes for kind, transfer in transfers if transfer.direction == direction)
