"""Cycles of a DMA transfer on the DRAM port (docs/microarchitecture.md, §6)."""

from __future__ import annotations

from fractions import Fraction

from accelsim.timing.integers import ceil_div
from accelsim.timing.work import Transfer


def burst_cycles(size_bytes: int, bytes_per_cycle: Fraction) -> int:
    """⌈size_bytes / bytes_per_cycle⌉, exactly."""
    return ceil_div(size_bytes * bytes_per_cycle.denominator, bytes_per_cycle.numerator)


def run_cycles(run_bytes: int, burst_bytes: int, bytes_per_cycle: Fraction) -> int:
    """Cycles of one contiguous run: its whole bursts and, where it has one, its short last burst."""
    whole, rest = divmod(run_bytes, burst_bytes)
    return whole * burst_cycles(burst_bytes, bytes_per_cycle) + burst_cycles(rest, bytes_per_cycle)


def transfer_cycles(transfer: Transfer, burst_bytes: int, bytes_per_cycle: Fraction) -> int:
    """Cycles that a transfer holds the port of a DRAM that adds nothing to the bus."""
    return transfer.runs * run_cycles(transfer.row_bytes, burst_bytes, bytes_per_cycle)
