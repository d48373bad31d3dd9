"""What the totals of a variant are called in tables, and how they are written."""

from __future__ import annotations

from typing import NamedTuple

from accelsim.report.terminal.layer_columns import NOTHING

PJ_PER_MJ = 1e9

JS_PER_MJ_MS = 1e-6


class TotalFigure(NamedTuple):
    """A total: its title, its form, whether fusing can save some of it, and how much of it is 1 as it is written."""

    title: str
    form: str = "{:,}"
    can_be_saved: bool = False
    unit: float = 1

    def text(self, value: float | None) -> str:
        """Write a value, if there is one."""
        return NOTHING if value is None else self.form.format(value / self.unit if self.unit != 1 else value)


TOTAL_FIGURES = {
    "cycles": TotalFigure("cycles", can_be_saved=True),
    "milliseconds": TotalFigure("time", "{:,.4g} ms", can_be_saved=True),
    "frames_per_second": TotalFigure("frames per second", "{:,.4g}"),
    "stall_cycles": TotalFigure("stall cycles"),
    "dram_read_bytes": TotalFigure("DRAM read", "{:,} B", can_be_saved=True),
    "dram_write_bytes": TotalFigure("DRAM written", "{:,} B", can_be_saved=True),
    "average_bandwidth_bytes_per_cycle": TotalFigure("bandwidth, average", "{:.3f} B/cycle"),
    "average_bandwidth_gb_per_second": TotalFigure("bandwidth, average", "{:.3f} GB/s"),
    "peak_bandwidth_bytes_per_cycle": TotalFigure("bandwidth, peak", "{:.3f} B/cycle"),
    "macs": TotalFigure("MACs"),
    "ops": TotalFigure("operations", can_be_saved=True),
    "energy_pj": TotalFigure("energy", "{:,.4g} mJ", can_be_saved=True, unit=PJ_PER_MJ),
    "average_power_mw": TotalFigure("power, average", "{:,.4g} mW"),
    "energy_delay_joule_seconds": TotalFigure("energy · delay", "{:,.4g} mJ·ms", can_be_saved=True, unit=JS_PER_MJ_MS),
}
"""By their names in ``summary.json``, in the order of the lines."""


def share_text(share: float | None) -> str:
    """Write a share of the cycles, if there is one, in per cent."""
    return NOTHING if share is None else f"{100 * share:.2f} %"
