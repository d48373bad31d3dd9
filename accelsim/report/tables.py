"""The tables of ``accelsim run``: layers and totals, fused beside unfused."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from accelsim.results.summary import Saving, Summary, VariantSummary

if TYPE_CHECKING:
    import pandas as pd

KIB = 1024

UNIT_NAMES = {
    "dma": "DMA",
    "conv_array": "conv array",
    "bn_stage": "BN stage",
    "residual_add": "residual add",
    "pooling": "pooling",
    "activation": "activation",
    "function_unit": "function unit",
}


def layers_table(layers: pd.DataFrame) -> Table:
    """One line per layer; for each figure one column per variant, and the cycles that fusing saved."""
    variants = list(dict.fromkeys(layers["variant"]))
    by_layer = {variant: layers[layers["variant"] == variant].set_index("layer") for variant in variants}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("layer", no_wrap=True, overflow="ellipsis")
    for figure in ("cycles", "stalled", "DRAM KiB", "array %"):
        for variant in variants:
            table.add_column(f"{figure}\n{variant}", justify="right", no_wrap=True)
        if figure == "cycles" and len(variants) == 2:
            table.add_column("saved\n%", justify="right", no_wrap=True)
    for name in by_layer[variants[0]].index:
        rows = [by_layer[variant].loc[name] for variant in variants]
        cells = [f"{row['cycles']:,}" for row in rows]
        if len(variants) == 2:
            cycles = {variant: row["cycles"] for variant, row in zip(variants, rows, strict=True)}
            cells.append(_percent(100 * (1 - cycles["fused"] / cycles["unfused"])))
        cells += [f"{row['stall_cycles']:,}" for row in rows]
        cells += [f"{(row['dram_read_bytes'] + row['dram_write_bytes']) / KIB:,.1f}" for row in rows]
        cells += [f"{100 * row['conv_array_utilization']:.1f}" for row in rows]
        table.add_row(Text(name), *cells)
    return table


def totals_table(summary: Summary) -> Table:
    """The network's totals, one column per variant, and what fusing saved."""
    variants = summary.variants
    title = f"{summary.network}, batch {summary.batch}, on {summary.machine}"
    table = Table(box=box.SIMPLE_HEAD, title=Text(title), title_justify="left", pad_edge=False, header_style="bold")
    table.add_column("total")
    for variant in variants:
        table.add_column(variant, justify="right")
    if summary.saving:
        table.add_column("saved", justify="right")
    for name, text, value in _TOTALS:
        cells = [text(variant) for variant in variants.values()]
        if summary.saving:
            cells.append(_saved(value(variants["fused"]), value(variants["unfused"])))
        table.add_row(name, *cells)
    table.add_section()
    for unit, name in UNIT_NAMES.items():
        if any(unit in variant.utilization for variant in variants.values()):
            shares = [variant.utilization.get(unit) for variant in variants.values()]
            table.add_row(
                f"{name} utilisation", *("-" if share is None else f"{100 * share:.2f} %" for share in shares)
            )
    return table


def fusion_lines(summary: Summary) -> list[str]:
    """Say in words what was folded, and what that saved in the two figures that the literature quotes."""
    folded = sum(fate.folded_into is not None for fate in summary.batchnorms)
    count = len(summary.batchnorms)
    lines = [f"{folded} of {count} BatchNorms folded into the layer before them" if count else "no BatchNorm to fold"]
    lines += [f"  not folded: {fate.batchnorm}: {fate.reason}" for fate in summary.batchnorms if fate.reason]
    return lines + (_saving_lines(summary.saving) if summary.saving else [])


def _saving_lines(saving: Saving) -> list[str]:
    lines = []
    if saving.convolution_ops_percent is not None:
        lines.append(
            f"operations of convolutions and BN alone (a MAC is 2, BN 4 an element): "
            f"{saving.convolution_ops_percent:.2f} % saved"
        )
    if saving.function_unit_busy_percent is not None:
        lines.append(f"busy cycles of the function unit: {saving.function_unit_busy_percent:.2f} % saved")
    return lines


_Total = tuple[str, Callable[[VariantSummary], str], Callable[[VariantSummary], float]]

_TOTALS: tuple[_Total, ...] = (
    ("cycles", lambda v: f"{v.cycles:,}", lambda v: v.cycles),
    ("time", lambda v: f"{v.milliseconds:,.4g} ms", lambda v: v.milliseconds),
    ("frames per second", lambda v: f"{v.frames_per_second:,.4g}", lambda _: 0),
    ("stall cycles", lambda v: f"{v.stall_cycles:,}", lambda _: 0),
    ("DRAM read", lambda v: f"{v.dram_read_bytes:,} B", lambda v: v.dram_read_bytes),
    ("DRAM written", lambda v: f"{v.dram_write_bytes:,} B", lambda v: v.dram_write_bytes),
    (
        "bandwidth, average",
        lambda v: f"{v.average_bandwidth_bytes_per_cycle:.3f} B/cycle, {v.average_bandwidth_gb_per_second:.3f} GB/s",
        lambda _: 0,
    ),
    ("bandwidth, peak", lambda v: f"{v.peak_bandwidth_bytes_per_cycle:.3f} B/cycle", lambda _: 0),
    ("MACs", lambda v: f"{v.macs:,}", lambda _: 0),
    ("operations", lambda v: f"{v.ops:,}", lambda v: v.ops),
)


def _saved(fused: float, unfused: float) -> str:
    return _percent(100 * (1 - fused / unfused)) + " %" if unfused else ""


def _percent(value: float) -> str:
    return f"{value:.2f}" if abs(value) >= 0.005 else "0.00"
