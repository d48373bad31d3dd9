"""The report of ``accelsim fuse``: what was folded into what, what was not, and what the model has become."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from accelsim.report.terminal.layer_columns import KIB
from accelsim.report.terminal.name import Name
from accelsim.report.terminal.tables import folding_lines
from accelsim.results.summary import batchnorm_fates

if TYPE_CHECKING:
    import onnx

    from accelsim.fusion.apply_onnx import FusedModel

MIB = 2**20

FEWEST_MIB = 0.1
"""Smaller sizes are given in KiB."""


def folded_table(fused: FusedModel) -> Table:
    """One line per layer that has absorbed BatchNorms."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("layer", "absorbed"):
        table.add_column(title)
    for title in ("largest weight\nbefore", "largest weight\nnow"):
        table.add_column(title, justify="right", no_wrap=True)
    for layer in fused.layers:
        magnitudes = (abs(filters.weights).max() for filters in (layer.before, layer.after))
        table.add_row(Name(layer.name), Name(", ".join(layer.batchnorms)), *(f"{value:z.4g}" for value in magnitudes))
    return table


def fuse_lines(original: onnx.ModelProto, fused: FusedModel, written: Path) -> list[str]:
    """Say how many BatchNorms were folded, which were not and why, how large the model was and is, and where it is."""
    return [
        *folding_lines(batchnorm_fates(fused.matches)),
        model_line(original, fused.model),
        f"fused model: {written}" if fused.layers else f"nothing was folded; written all the same: {written}",
    ]


def model_line(before: onnx.ModelProto, now: onnx.ModelProto) -> str:
    """Say how large a model was and is, in operators and in bytes."""
    operators = (len(before.graph.node), len(now.graph.node))
    sizes = (_size(before.ByteSize()), _size(now.ByteSize()))
    return f"{operators[0]} operators before, {operators[1]} now; {sizes[0]} before, {sizes[1]} now"


def _size(size_bytes: int) -> str:
    if size_bytes < FEWEST_MIB * MIB:
        return f"{size_bytes / KIB:z.1f} KiB"
    return f"{size_bytes / MIB:z.2f} MiB"
