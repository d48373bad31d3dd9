"""The requantiser's multiplier words: a shift in the lowest bits, a signed mantissa above (docs/rtl.md, arithmetic)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from accelsim.rtl.packing import Integers

WIDEST_SHIFT_BITS = 6
"""Shifts up to 63 bring a psum of 64 bits down to its sign."""

NARROW_WORD_BITS = 2 * WIDEST_SHIFT_BITS
"""Narrower words are divided in half."""


def shift_bits(word_bits: int) -> int:
    """Return how many of a word's bits hold its shift."""
    return word_bits // 2 if word_bits < NARROW_WORD_BITS else WIDEST_SHIFT_BITS


def multiplier_words(mantissas: Integers, shifts: Integers, word_bits: int) -> Integers:
    """Return the words of mantissas and shifts that fit them."""
    words: Integers = np.left_shift(mantissas, shift_bits(word_bits)) | shifts
    return words


def mantissas_and_shifts(words: Integers, word_bits: int) -> tuple[Integers, Integers]:
    """Return what words stand for: a psum is multiplied by mantissa / 2^shift."""
    bits = shift_bits(word_bits)
    return np.right_shift(words, bits), words & (2**bits - 1)


def random_multipliers(
    random: np.random.Generator, count: int, word_bits: int, psum_bits: int, result_bits: int
) -> Integers:
    """Return words that leave most psums of some size within the result's width, and let the largest saturate.

    Parameters
    ----------
    random
        Source of the words.
    count
        How many.
    word_bits
        Width of a word.
    psum_bits
        About what psums have, which is less than the accumulator holds.
    result_bits
        What is to be left of them.
    """
    largest_shift = 2 ** shift_bits(word_bits) - 1
    room = largest_shift + result_bits - psum_bits  # a wider mantissa could not be shifted away
    mantissa_bits = max(1, min(word_bits - shift_bits(word_bits), room))
    mantissas = random.integers(-(2 ** (mantissa_bits - 1)), 2 ** (mantissa_bits - 1), count)
    fitting = psum_bits + mantissa_bits - 1 - result_bits
    shifts = np.clip(fitting + random.integers(-2, 2, count), 0, largest_shift)
    return multiplier_words(mantissas, shifts, word_bits)
