"""What was pruned: layer by layer, what stays and why, and what the network has become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from accelsim.report.terminal.console import print_lines, print_table
from accelsim.report.terminal.fusion import model_line
from accelsim.report.terminal.name import Name
from accelsim.results.saved import saved_percent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import onnx
    from rich.console import Console

    from accelsim.pruning.apply_onnx import PrunedModel
    from accelsim.pruning.decide import PrunedLayer

MAX_REASONS = 3
"""Of one layer; the others are in the result of ``prune_model``."""


def print_pruned(out: Console, pruned: PrunedModel) -> None:
    """Print what was pruned of a model."""
    if pruned.layers:
        print_table(out, pruned_table(pruned.layers, pruned.threshold))
    print_lines(out, pruning_lines(pruned))


def pruned_table(layers: Sequence[PrunedLayer], threshold: float) -> Table:
    """One line per layer that loses channels, or keeps some although their γ is small."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("layer")
    for title in ("channels\nbefore", f"|γ| below\n{threshold:g}", "channels\nnow"):
        table.add_column(title, justify="right", no_wrap=True)
    for layer in layers:
        table.add_row(Name(layer.name), *(f"{count:,}" for count in (layer.channels, layer.small, layer.left)))
    return table


def pruning_lines(pruned: PrunedModel) -> list[str]:
    """Say how many channels are gone, why others are not, and how large the network was and is."""
    removed = pruned.before.channels - pruned.after.channels
    if not pruned.layers:
        smallest = min(pruned.gammas, key=lambda one: one.magnitudes.min())
        return [
            f"no |γ| is below {pruned.threshold:g}, so no channel is removed; "
            f"the smallest is {smallest.magnitudes.min():g}, of '{smallest.batchnorm}'"
        ]
    before, after = pruned.before, pruned.after
    return [
        *(line for layer in pruned.layers for line in _reasons(layer)),
        f"{removed:,} of {before.channels:,} channels removed",
        f"parameters: {_change(before.parameters, after.parameters)}",
        f"MACs of an image of {pruned.image}: {_change(before.macs, after.macs)}",
    ]


def prune_lines(original: onnx.ModelProto, pruned: PrunedModel, written: Path) -> list[str]:
    """Say how large a model was and is that was pruned and not folded, and where it is."""
    is_smaller = pruned.after.channels < pruned.before.channels
    return [
        model_line(original, pruned.model),
        f"pruned model: {written}" if is_smaller else f"nothing was pruned; written all the same: {written}",
    ]


def _reasons(layer: PrunedLayer) -> list[str]:
    ordered = sorted(layer.kept, key=lambda kept: -kept.channels)
    lines = [
        f"  '{layer.name}': {kept.channels:,} of {layer.channels:,} channels stay, as {kept.reason}"
        for kept in ordered[:MAX_REASONS]
    ]
    others = sum(kept.channels for kept in ordered[MAX_REASONS:])
    return lines + [f"  '{layer.name}': {others:,} more stay, for other such reasons"] * bool(others)


def _change(before: int, after: int) -> str:
    fewer = f" ({saved_percent(after, before):z.2f} % fewer)" if before else ""
    return f"{before:,} before, {after:,} now{fewer}"
