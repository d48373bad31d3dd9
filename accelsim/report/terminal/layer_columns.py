"""The columns that tables of layers can have. The command line names them, so nothing heavy is imported here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

KIB = 1024

PJ_PER_UJ = 10**6

NOTHING = "-"
"""In place of a figure of something that a variant does not have."""

Row = Mapping[Any, Any]
"""A line of the frame of layers, by column; docs/results.md describes them."""


class LayerColumn(NamedTuple):
    """What a table can say of a layer."""

    title: str
    value: Callable[[Row], Any]
    form: str = "{:,}"
    is_text: bool = False
    """Texts hardly ever differ between variants, so that there is one column for all of them."""

    def text(self, row: Row | None) -> str:
        """Write the value of a layer, if there is the layer and it has a value."""
        value = self.value(row) if row else None
        return NOTHING if value is None or value == "" or value != value else self.form.format(value)  # NaN differs


def _cell(name: str) -> Callable[[Row], Any]:
    return lambda row: row.get(name)


def _kib(*names: str) -> Callable[[Row], float]:
    return lambda row: sum(row[name] for name in names) / KIB


def _energy_uj(row: Row) -> float | None:
    energy_pj: float | None = row.get("energy_pj")
    return None if energy_pj is None else energy_pj / PJ_PER_UJ


def _busy_percent(title: str, unit: str) -> LayerColumn:
    share = _cell(f"{unit}_utilization")
    return LayerColumn(f"{title} %", lambda row: None if share(row) is None else 100 * share(row), "{:z.1f}")


LAYER_COLUMNS = {
    "kind": LayerColumn("kind", _cell("kind"), "{}", is_text=True),
    "macs": LayerColumn("MACs", _cell("macs")),
    "ops": LayerColumn("operations", _cell("ops")),
    "start": LayerColumn("start", _cell("start_cycle")),
    "cycles": LayerColumn("cycles", _cell("cycles")),
    "compute": LayerColumn("compute", _cell("compute_cycles")),
    "stalled": LayerColumn("stalled", _cell("stall_cycles")),
    "read": LayerColumn("read KiB", _kib("dram_read_bytes"), "{:z,.1f}"),
    "written": LayerColumn("written KiB", _kib("dram_write_bytes"), "{:z,.1f}"),
    "dram": LayerColumn("DRAM KiB", _kib("dram_read_bytes", "dram_write_bytes"), "{:z,.1f}"),
    "bandwidth": LayerColumn("B/cycle", _cell("bandwidth_bytes_per_cycle"), "{:z.2f}"),
    "energy": LayerColumn("energy µJ", _energy_uj, "{:z,.2f}"),
    "dma": _busy_percent("DMA", "dma"),
    "array": _busy_percent("array", "conv_array"),
    "bn": _busy_percent("BN", "bn_stage"),
    "requantizer": _busy_percent("requantiser", "requantizer"),
    "add": _busy_percent("add", "residual_add"),
    "pooling": _busy_percent("pooling", "pooling"),
    "activation": _busy_percent("activation", "activation"),
    "function": _busy_percent("function", "function_unit"),
    "executed": LayerColumn("MACs executed", _cell("executed_macs")),
    "skipped": LayerColumn("folds skipped", _cell("skipped_folds")),
    "tiling": LayerColumn("tiling", _cell("tiling"), "{}", is_text=True),
    "second_tiling": LayerColumn("tiling of the second phase", _cell("second_phase_tiling"), "{}", is_text=True),
}
"""All columns by the names that the command line knows them by, in the order in which ``--wide`` shows them."""

DEFAULT_COLUMNS = ("cycles", "stalled", "dram", "energy", "array")
"""Those that are shown where nothing else is asked for, as far as some layer has a value."""

DISPENSABLE_COLUMNS = ("energy", "stalled", "array")
"""What is left out of these where there is no room for it, in this order."""
