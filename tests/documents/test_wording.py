"""Counts in words."""

from __future__ import annotations

import pytest

from accelsim.documents.wording import counted


@pytest.mark.parametrize(("count", "words"), [(0, "0 points"), (1, "1 point"), (10_560, "10,560 points")])
def test_there_is_one_or_there_are_several(count: int, words: str) -> None:
    assert counted(count, "point") == words
