"""What is saved, in per cent."""

from __future__ import annotations

import pytest

from accelsim.results.saved import known_saved_percent, saved_percent


@pytest.mark.parametrize(
    ("now", "before", "percent"),
    [(75, 100, 25), (100, 100, 0), (110, 100, -10), (0, 7, 100), (10**15 - 1, 10**15, 1e-13)],
)
def test_percent(now: int, before: int, percent: float) -> None:
    assert saved_percent(now, before) == percent  # 1 - (10^15 - 1) / 10^15 would be 1.1e-13 %


@pytest.mark.parametrize(("now", "before"), [(None, 1), (1, None), (None, None), (0, 0)])
def test_nothing_is_saved_of_what_is_not_known_or_not_there(now: float | None, before: float | None) -> None:
    assert known_saved_percent(now, before) is None


def test_what_is_known_is_the_same() -> None:
    assert known_saved_percent(0, 7) == 100
