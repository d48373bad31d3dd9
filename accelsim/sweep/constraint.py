"""Conditions that a point must meet: ``machine.bn.lanes <= machine.array.cols``."""

from __future__ import annotations

import operator
import re
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from accelsim.config.machine import RATIONAL
from accelsim.documents.wording import described, shortened
from accelsim.errors import InputError, did_you_mean
from accelsim.sweep.config_keys import config_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from accelsim.sweep.definition import Axis

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
_COMPARISON = re.compile("(<=|>=|==|!=|<|>)")

Number = int | Fraction
"""Exact, as rates are: a constraint must not depend on a rounding."""


class Factor(NamedTuple):
    """A number, or a key with its number for each value of the axis that it is on."""

    axis: int | None
    numbers: Sequence[Number]

    def at(self, choice: Sequence[int]) -> Number:
        """Return the number, given the indices of the values of all axes."""
        return self.numbers[0 if self.axis is None else choice[self.axis]]


class Constraint(NamedTuple):
    """A product, compared with another."""

    left: Sequence[Factor]
    compare: Callable[[Any, Any], bool]
    right: Sequence[Factor]

    @property
    def axes(self) -> frozenset[int]:
        """The axes on which it depends."""
        return frozenset(factor.axis for factor in (*self.left, *self.right) if factor.axis is not None)

    def holds(self, choice: Sequence[int]) -> bool:
        """Whether a point meets it, given the indices of the values of all axes, or of all up to its last one."""
        left, right = (prod(factor.at(choice) for factor in side) for side in (self.left, self.right))
        return self.compare(left, right)


def read_constraint(text: str, axes: Sequence[Axis], base: Mapping[str, Any]) -> Constraint:
    """Understand a constraint.

    Parameters
    ----------
    text
        KEY or number, or a product of them with ``*``; a comparison; and the same again.
    axes
        The axes of the sweep.
    base
        The resolved configuration that they vary.

    Raises
    ------
    InputError
        If it cannot be understood, or a key is unknown or holds something else than numbers.
    """
    parts = _COMPARISON.split(text)
    if len(parts) != 3:
        raise InputError(
            f"'{shortened(text)}' must compare two things, with one of {', '.join(_COMPARISONS)}, as in "
            "machine.bn.lanes <= machine.array.cols"
        )
    left, comparison, right = parts
    return Constraint(_factors(left, axes, base), _COMPARISONS[comparison], _factors(right, axes, base))


def _factors(product: str, axes: Sequence[Axis], base: Mapping[str, Any]) -> list[Factor]:
    return [_factor(word.strip(), axes, base) for word in product.split("*")]


def _factor(word: str, axes: Sequence[Axis], base: Mapping[str, Any]) -> Factor:
    if not word:
        raise InputError("a key or a number is missing")
    number = _number(word)
    if number is not None:
        return Factor(None, [number])
    if word not in config_keys():
        raise InputError(f"unknown key '{shortened(word)}'{did_you_mean(word, config_keys())}")
    keys = tuple(word.split("."))
    for index, axis in enumerate(axes):
        for position, on_axis in enumerate(axis.keys):
            if keys[: len(on_axis)] == on_axis:
                inside = keys[len(on_axis) :]
                return Factor(index, [_number_at(word, values[position], inside) for values in axis.levels])
    return Factor(None, [_number_at(word, base, keys)])


def _number_at(word: str, data: Any, keys: Sequence[str]) -> Number:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    number = None if isinstance(data, bool) else _number(str(data))
    if number is None:
        raise InputError(f"{word} is {described(data)}, and only numbers can be compared")
    return number


def _number(text: str) -> Number | None:
    if not re.match(RATIONAL, text, re.ASCII):
        return None
    try:
        number = Fraction(text)
    except ZeroDivisionError:
        return None
    return number.numerator if number.denominator == 1 else number
