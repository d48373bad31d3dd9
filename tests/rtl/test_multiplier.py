from __future__ import annotations

import re

import numpy as np
import pytest

from accelsim.rtl.build import SOURCES
from accelsim.rtl.multiplier import (
    NARROW_WORD_BITS,
    WIDEST_SHIFT_BITS,
    mantissas_and_shifts,
    multiplier_words,
    random_multipliers,
    shift_bits,
)


@pytest.mark.parametrize(("word_bits", "bits"), [(1, 0), (8, 4), (11, 5), (12, 6), (32, 6), (64, 6)])
def test_a_word_holds_its_shift_in_the_lowest_bits(word_bits: int, bits: int) -> None:
    assert shift_bits(word_bits) == bits


def test_words_are_divided_as_in_rtl() -> None:
    divided = re.search(r"SHIFT_BITS = PARAMETER_BITS < (\d+) \? .* : (\d+)$", _source("requantizer"), re.MULTILINE)
    assert divided
    assert (int(divided[1]), int(divided[2])) == (NARROW_WORD_BITS, WIDEST_SHIFT_BITS)


def test_a_mantissa_is_signed() -> None:
    words = multiplier_words(np.array([3, -4]), np.array([5, 15]), 8)
    assert words.tolist() == [0x35, 0xCF - 0x100]
    mantissas, shifts = mantissas_and_shifts(words, 8)
    assert (mantissas.tolist(), shifts.tolist()) == ([3, -4], [5, 15])


@pytest.mark.parametrize("word_bits", [1, 8, 16, 32, 64])
def test_random_words_fit_their_width(word_bits: int) -> None:
    words = random_multipliers(np.random.default_rng(1), 500, word_bits, psum_bits=18, result_bits=8)
    assert -(2 ** (word_bits - 1)) <= words.min() <= words.max() < 2 ** (word_bits - 1)


@pytest.mark.parametrize("word_bits", [8, 16, 32, 64])
def test_random_words_leave_results_that_are_neither_all_zero_nor_all_clipped(word_bits: int) -> None:
    random = np.random.default_rng(1)
    mantissas, shifts = mantissas_and_shifts(random_multipliers(random, 1000, word_bits, 18, 8), word_bits)
    results = np.abs(mantissas * 2.0 ** (18 - 2 - shifts))  # of a psum that uses half of its range
    assert np.mean((results >= 1) & (results < 2**7)) > 0.5
    assert (results >= 2**7).any()


def _source(module: str) -> str:
    return (SOURCES / f"{module}.sv").read_text(encoding="utf-8")
