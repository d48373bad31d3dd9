from __future__ import annotations

from accelsim.rtl.words import field_words


def test_the_last_field_is_in_the_lowest_word() -> None:
    assert field_words([1, 2, 3]) == (3, 2, 1)


def test_a_negative_field_is_its_twos_complement() -> None:
    assert field_words([-1]) == (2**32 - 1,)
