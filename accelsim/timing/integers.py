"""Exact integer arithmetic that works alike on an int and, element by element, on an array of int64.

The closed forms are written once: the hardware units call them with the shape of one operation, the mapper
with the shapes of all candidate tilings at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, overload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    IntArray = NDArray[np.int64]

Integer = TypeVar("Integer", int, "IntArray")
"""One integer, or an array of them."""


@overload
def ceil_div(numerator: int, denominator: int) -> int: ...
@overload
def ceil_div(numerator: IntArray, denominator: int | IntArray) -> IntArray: ...
@overload
def ceil_div(numerator: int, denominator: IntArray) -> IntArray: ...
def ceil_div(numerator: int | IntArray, denominator: int | IntArray) -> int | IntArray:
    """⌈numerator / denominator⌉ for a positive denominator."""
    return -(-numerator // denominator)


def larger(a: Integer, b: Integer) -> Integer:
    """Return the larger of two numbers; ``max`` cannot compare arrays, and numpy's is slow on single ints."""
    return (a + b + abs(a - b)) // 2


def smaller(a: Integer, b: Integer) -> Integer:
    """Return the smaller of two numbers."""
    return (a + b - abs(a - b)) // 2
