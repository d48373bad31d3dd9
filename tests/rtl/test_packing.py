from __future__ import annotations

import numpy as np
import pytest

from accelsim.rtl.packing import packed, unpacked, wrapped


def test_elements_follow_one_another_from_the_lowest_bit() -> None:
    # 4 bits each: 1, -1 = 15, 2, and the rest of the second byte is 0
    assert packed(np.array([1, -1, 2]), 4).tolist() == [0xF1, 0x02]


def test_every_row_begins_on_a_byte() -> None:
    # 3 bits each: 001 and 010, then 011 and 100 = -4
    assert packed(np.array([[1, 2], [3, -4]]), 3).tolist() == [[0b010001], [0b100011]]


@pytest.mark.parametrize("bits", [1, 3, 4, 8, 13, 16, 32, 64])
def test_unpacked_is_what_was_packed(bits: int) -> None:
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    values = np.array([[least, most, 0 if bits == 1 else least + 1], [most, least, most]])
    assert unpacked(packed(values, bits), 3, bits).tolist() == values.tolist()


@pytest.mark.parametrize(("value", "bits", "kept"), [(127, 8, 127), (128, 8, -128), (-129, 8, 127), (2**62, 64, 2**62)])
def test_a_register_keeps_its_lowest_bits(value: int, bits: int, kept: int) -> None:
    assert wrapped(np.array([value]), bits).tolist() == [kept]
