"""A program told by the kinds of its operations: all that its cycles and bytes depend on, in little room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from accelsim.program.operations import Program, TransferOperation

AnyOperation = TypeVar("AnyOperation")


class Outline(NamedTuple):
    """A program in which operations of a kind are told once.

    Operations of a kind take and give the same tokens, do the same work, and so take the same cycles on any machine.
    What they are called and where in DRAM their data lies is that of one of them.
    """

    kinds: Program
    """In the order of every unit, one operation of each kind."""
    transfers: tuple[int, ...]
    """For every operation of the DMA, which of ``kinds.transfers`` it is like; and so for the other units."""
    array: tuple[int, ...]
    drains: tuple[int, ...]
    function_unit: tuple[int, ...]

    @property
    def orders(self) -> tuple[tuple[int, ...], ...]:
        """The kinds of the operations of every unit, in the order in which data meets the units."""
        return self.transfers, self.array, self.drains, self.function_unit

    def program(self) -> Program:
        """Return a program of which this is the outline: like the one it was made from, but for names and places."""
        kinds = self.kinds
        return replace(
            kinds,
            transfers=[kinds.transfers[number] for number in self.transfers],
            array=[kinds.array[number] for number in self.array],
            drains=[kinds.drains[number] for number in self.drains],
            function_unit=[kinds.function_unit[number] for number in self.function_unit],
        )


def outline_of(program: Program) -> Outline:
    """Return the outline of a program."""
    transfers, transfer_order = _by_kind(program.transfers, [_kind_of(transfer) for transfer in program.transfers])
    # Everything but the label, which comes first.
    array, array_order = _by_kind(program.array, [operation[1:] for operation in program.array])
    drains, drain_order = _by_kind(program.drains, [operation[1:] for operation in program.drains])
    function_unit, function_unit_order = _by_kind(
        program.function_unit, [operation[1:] for operation in program.function_unit]
    )
    kinds = replace(program, transfers=transfers, array=array, drains=drains, function_unit=function_unit)
    return Outline(kinds, transfer_order, array_order, drain_order, function_unit_order)


def _kind_of(operation: TransferOperation) -> tuple[object, ...]:
    transfer = operation.transfer
    return transfer.direction, transfer.row_bytes, transfer.runs, operation.takes, operation.gives


def _by_kind(
    operations: Sequence[AnyOperation], kinds: Sequence[tuple[object, ...]]
) -> tuple[list[AnyOperation], tuple[int, ...]]:
    """Return the first operation of each kind, and the number of each operation's kind."""
    numbers: dict[tuple[object, ...], int] = {}
    order = tuple(numbers.setdefault(kind, len(numbers)) for kind in kinds)
    first = dict(zip(reversed(order), reversed(operations), strict=True))
    return [first[number] for number in range(len(numbers))], order
