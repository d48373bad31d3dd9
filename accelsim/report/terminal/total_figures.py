"""What the totals of a variant are called in tables, and how they are written."""

from __future__ import annotations

from typing import NamedTuple

from accelsim.report.energy_unit import energy_unit
from accelsim.report.terminal.layer_columns import NOTHING
from accelsim.results.energy_totals import JS_PER_PJ_MS


class TotalFigure(NamedTuple):
    """A total: its title, its form, and whether fusing can save some of it."""

    title: str
    form: str = "{:,}"
    can_be_saved: bool = False
    differs_from: str | None = None
    """A figure that it is equal to in most runs; then it goes without saying."""
    pj_per_one: float | None = None
    """Of an energy, how many pJ it counts; it is written in the unit that suits it."""
    times: str = ""
    """What is behind that unit."""

    def text(self, value: float | None) -> str:
        """Write a value, if there is one."""
        if value is None:
            return NOTHING
        if self.pj_per_one is None:
            return self.form.format(value)
        energy_pj = value * self.pj_per_one
        unit = energy_unit(energy_pj)
        return f"{self.form.format(energy_pj / unit.pj)} {unit.name}{self.times}"


TOTAL_FIGURES = {
    "cycles": TotalFigure("cycles", can_be_saved=True),
    "milliseconds": TotalFigure("time", "{:z,.4g} ms", can_be_saved=True),
    "frames_per_second": TotalFigure("frames per second", "{:z,.4g}"),
    "stall_cycles": TotalFigure("stall cycles"),
    "dram_read_bytes": TotalFigure("DRAM read", "{:,} B", can_be_saved=True),
    "dram_write_bytes": TotalFigure("DRAM written", "{:,} B", can_be_saved=True),
    "average_bandwidth_bytes_per_cycle": TotalFigure("bandwidth, average", "{:z.3f} B/cycle"),
    "average_bandwidth_gb_per_second": TotalFigure("bandwidth, average", "{:z.3f} GB/s"),
    "peak_bandwidth_bytes_per_cycle": TotalFigure("bandwidth, peak", "{:z.3f} B/cycle"),
    "macs": TotalFigure("MACs"),
    "executed_macs": TotalFigure("MACs executed", differs_from="macs"),
    "ops": TotalFigure("operations", can_be_saved=True),
    "energy_pj": TotalFigure("energy", "{:z,.4g}", can_be_saved=True, pj_per_one=1),
    "average_power_mw": TotalFigure("power, average", "{:z,.4g} mW"),
    "energy_delay_joule_seconds": TotalFigure(
        "energy · delay", "{:z,.4g}", can_be_saved=True, pj_per_one=1 / JS_PER_PJ_MS, times="·ms"
    ),
}
"""By their names in ``summary.json``, in the order of the lines."""


def share_text(share: float | None) -> str:
    """Write a share of the cycles, if there is one, in per cent."""
    return NOTHING if share is None else f"{100 * share:z.2f} %"
