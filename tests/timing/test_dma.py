from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.timing.dma import burst_cycles, run_cycles, transfer_cycles
from accelsim.timing.work import Transfer


@pytest.mark.parametrize(
    ("size_bytes", "rate", "cycles"),
    [
        (0, Fraction(16), 0),
        (1, Fraction(16), 1),
        (16, Fraction(16), 1),
        (17, Fraction(16), 2),
        # 64 / 12.8 is exactly 5; 12.8 as a float would do, but 0.1 would not: 3 / 0.1 = 30 exactly.
        (64, Fraction(64, 5), 5),
        (65, Fraction(64, 5), 6),
        (3, Fraction(1, 10), 30),
        (2, Fraction(2, 3), 3),
        (3, Fraction(2, 3), 5),  # ⌈4.5⌉
        (256, Fraction(65536), 1),
    ],
)
def test_a_burst_takes_whole_cycles(size_bytes: int, rate: Fraction, cycles: int) -> None:
    assert burst_cycles(size_bytes, rate) == cycles


def test_a_run_ends_in_a_short_burst() -> None:
    # 100 bytes are bursts of 64 and 36: at 12.8 bytes per cycle 5 + ⌈2.8125⌉ = 8.
    assert run_cycles(100, 64, Fraction(64, 5)) == 8
    # Without a rest: 2 · 5.
    assert run_cycles(128, 64, Fraction(64, 5)) == 10
    # Shorter than a burst: ⌈7 / 2⌉.
    assert run_cycles(7, 64, Fraction(2)) == 4
    # Bursts do not share a cycle: 5 bursts of 1 byte, though 16 bytes fit one cycle.
    assert run_cycles(5, 1, Fraction(16)) == 5


def test_a_transfer_is_its_runs() -> None:
    # 2 planes of 3 rows, each as the run of 100 bytes above.
    transfer = Transfer("read", "ifmap", 0, 100, rows=3, row_stride_bytes=200, planes=2, plane_stride_bytes=600)
    assert transfer_cycles(transfer, 64, Fraction(64, 5)) == 2 * 3 * 8
    # The same bytes as one run: 9 bursts of 64 and one of 24, 9·5 + ⌈1.875⌉.
    assert transfer_cycles(Transfer("read", "ifmap", 0, 600), 64, Fraction(64, 5)) == 47


@given(
    st.integers(1, 500),
    st.integers(1, 300),
    st.fractions(Fraction(1, 8), 300, max_denominator=20),
)
def test_a_run_burst_by_burst(run_bytes: int, burst_bytes: int, rate: Fraction) -> None:
    cycles = 0
    for start in range(0, run_bytes, burst_bytes):
        moved = Fraction(0)
        while moved < min(burst_bytes, run_bytes - start):
            moved += rate
            cycles += 1
    assert run_cycles(run_bytes, burst_bytes, rate) == cycles
