"""The points of a sweep: the product of its axes, less what its constraints exclude."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from accelsim.errors import InputError
from accelsim.sweep.constraint import read_constraint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from accelsim.sweep.constraint import Constraint
    from accelsim.sweep.definition import Definition

Choice = tuple[int, ...]
"""Indices of the network, and of the value of every axis."""

MAX_TRIED = 10_000_000
"""Combinations of values that constraints are tried on; so many take some ten seconds."""


class Space:
    """All points of a sweep, none of which is made before it is asked for.

    Points are in the order of the product: networks outermost, the last axis fastest.

    Parameters
    ----------
    definition
        The sweep.

    Raises
    ------
    InputError
        If a constraint cannot be understood.
    """

    def __init__(self, definition: Definition) -> None:
        self.axes = definition.axes
        self._base = definition.base
        self._networks = definition.networks
        self._constraints = [read_constraint(text, self.axes, self._base) for text in definition.constraints]

    @property
    def sizes(self) -> Choice:
        """How many networks there are, and how many values each axis has."""
        return (len(self._networks), *(len(axis.levels) for axis in self.axes))

    def count(self) -> int:
        """Number of points. Only axes that constraints speak of are looked at value by value.

        Raises
        ------
        InputError
            If these have too many combinations for that.
        """
        bound = frozenset[int]().union(*(constraint.axes for constraint in self._constraints))
        tried = prod(len(self.axes[axis].levels) for axis in bound)
        if tried > MAX_TRIED:
            raise InputError(
                f"the constraints would have to be tried on {tried:,} combinations of values; at most {MAX_TRIED:,} "
                "are: give the axes in them fewer values"
            )
        free = prod(len(axis.levels) for index, axis in enumerate(self.axes) if index not in bound)
        sizes = [len(axis.levels) if index in bound else 1 for index, axis in enumerate(self.axes)]
        return len(self._networks) * free * sum(1 for _ in self._allowed(sizes))

    def choices(self) -> Iterator[Choice]:
        """Yield all points in order."""
        for network in range(len(self._networks)):
            for indices in self._allowed([len(axis.levels) for axis in self.axes]):
                yield (network, *indices)

    def allows(self, choice: Choice) -> bool:
        """Whether a combination of values meets the constraints."""
        return all(constraint.holds(choice[1:]) for constraint in self._constraints)

    def settings(self, choice: Choice) -> dict[str, Any]:
        """Return the configuration of a point as plain data, not validated; it shares what the axes leave alone."""
        data = self._base
        for axis, index in zip(self.axes, choice[1:], strict=True):
            for keys, value in zip(axis.keys, axis.levels[index], strict=True):
                data = with_value(data, keys, value)
        return data

    def named(self, choice: Choice) -> dict[str, Any]:
        """Return the values of all axes at a point, by column; its network is the ``workload``."""
        values: dict[str, Any] = {"workload": self._networks[choice[0]].name}
        for axis, index in zip(self.axes, choice[1:], strict=True):
            values |= zip(axis.columns, axis.levels[index], strict=True)
        return values

    def _allowed(self, sizes: Sequence[int]) -> Iterator[Choice]:
        """Yield the indices that meet the constraints, each of which is tried as soon as its last axis has a value."""
        at_axis: list[list[Constraint]] = [[] for _ in sizes]
        for constraint in self._constraints:
            if constraint.axes:
                at_axis[max(constraint.axes)].append(constraint)
            elif not constraint.holds(()):
                return
        yield from _product(sizes, at_axis, ())


def _product(sizes: Sequence[int], constraints: Sequence[Sequence[Constraint]], begun: Choice) -> Iterator[Choice]:
    axis = len(begun)
    if axis == len(sizes):
        yield begun
        return
    for index in range(sizes[axis]):
        choice = (*begun, index)
        if all(constraint.holds(choice) for constraint in constraints[axis]):
            yield from _product(sizes, constraints, choice)


def with_value(data: dict[str, Any], keys: Sequence[str], value: Any) -> dict[str, Any]:
    """Return data with a value put in, in new sections where there are none; what lies beside its path is shared."""
    key, *inside = keys
    return data | {key: with_value(data.get(key) or {}, inside, value) if inside else value}
