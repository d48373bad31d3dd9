"""What the totals of a variant are called in tables, and how they are written."""

from __future__ import annotations

from typing import NamedTuple

from accelsim.report.terminal.layer_columns import NOTHING


class Unit(NamedTuple):
    """A unit, and how much of it is 1 in the summary."""

    name: str
    per_one: float


ENERGY_UNITS = (Unit("mJ", 1e-9), Unit("µJ", 1e-6), Unit("nJ", 1e-3), Unit("pJ", 1))

ENERGY_DELAY_UNITS = (Unit("mJ·ms", 1e6), Unit("µJ·ms", 1e9), Unit("nJ·ms", 1e12), Unit("pJ·ms", 1e15))


class TotalFigure(NamedTuple):
    """A total: its title, its form, and whether fusing can save some of it."""

    title: str
    form: str = "{:,}"
    can_be_saved: bool = False
    units: tuple[Unit, ...] = ()
    """Where there are some, it is written in the first in which it is at least 1, or else in the last."""
    differs_from: str | None = None
    """A figure that it is equal to in most runs; then it goes without saying."""

    def text(self, value: float | None) -> str:
        """Write a value, if there is one."""
        if value is None:
            return NOTHING
        if not self.units:
            return self.form.format(value)
        unit = next((unit for unit in self.units if value * unit.per_one >= 1), self.units[-1])
        return f"{self.form.format(value * unit.per_one)} {unit.name}"


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
    "executed_macs": TotalFigure("MACs executed", differs_from="macs"),
    "ops": TotalFigure("operations", can_be_saved=True),
    "energy_pj": TotalFigure("energy", "{:,.4g}", can_be_saved=True, units=ENERGY_UNITS),
    "average_power_mw": TotalFigure("power, average", "{:,.4g} mW"),
    "energy_delay_joule_seconds": TotalFigure("energy · delay", "{:,.4g}", can_be_saved=True, units=ENERGY_DELAY_UNITS),
}
"""By their names in ``summary.json``, in the order of the lines."""


def share_text(share: float | None) -> str:
    """Write a share of the cycles, if there is one, in per cent."""
    return NOTHING if share is None else f"{100 * share:.2f} %"
