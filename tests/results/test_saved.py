"""What is saved, in per cent."""

from __future__ import annotations

import pytest

from accelsim.results.saved import saved_percent


@pytest.mark.parametrize(
    ("now", "before", "percent"),
    [(75, 100, 25), (100, 100, 0), (110, 100, -10), (0, 7, 100), (10**15 - 1, 10**15, 1e-13)],
)
def test_percent(now: int, before: int, percent: float) -> None:
    assert saved_percent(now, before) == percent  # 1 - (10^15 - 1) / 10^15 would be 1.1e-13 %
