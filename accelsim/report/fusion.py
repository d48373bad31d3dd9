"""The report of ``accelsim fuse``: what was folded into what, what was not, and what the model has become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from accelsim.report.tables import folding_lines
from accelsim.results.summary import batchnorm_fates

if TYPE_CHECKING:
    import onnx

    from accelsim.fusion.apply_onnx import FusedModel

MIB = 2**20


def folded_table(fused: FusedModel) -> Table:
    """One line per layer that has absorbed BatchNorms."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("layer", "absorbed", "largest weight\nbefore", "largest weight\nnow"):
        table.add_column(column, justify="right" if column.startswith("largest") else "left")
    for layer in fused.layers:
        magnitudes = (abs(filters.weights).max() for filters in (layer.before, layer.after))
        table.add_row(Text(layer.name), Text(", ".join(layer.batchnorms)), *(f"{value:.4g}" for value in magnitudes))
    return table


def fuse_lines(original: onnx.ModelProto, fused: FusedModel) -> list[str]:
    """Say how many BatchNorms were folded, which were not and why, and how large the model was and is."""
    operators = (len(original.graph.node), len(fused.model.graph.node))
    sizes = (original.ByteSize() / MIB, fused.model.ByteSize() / MIB)
    return [
        *folding_lines(batchnorm_fates(fused.matches)),
        f"{operators[0]} operators before, {operators[1]} now; {sizes[0]:.2f} MiB before, {sizes[1]:.2f} MiB now",
    ]
