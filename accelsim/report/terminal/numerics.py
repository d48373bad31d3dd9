"""The report of ``accelsim validate numerics``: how far a fused network is from the network as it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from accelsim.config.sparsity import Sparsity
from accelsim.report.terminal.name import Name
from accelsim.validation.numerics import TOLERANCE_FLOAT64, Numerics

if TYPE_CHECKING:
    from accelsim.quantisation.layer import Widths
    from accelsim.validation.accuracy import VariantAccuracy
    from accelsim.validation.quantisation import QuantisedTensor


def differences_table(numerics: Numerics) -> Table:
    """One line per tensor; results of folded layers also say how far the layer is off in float64."""
    table = _table()
    table.add_column("tensor")
    table.add_column("", no_wrap=True)
    with_layers = any(difference.role == "layer" for difference in numerics.differences)
    titles = ("scale", "largest\nerror", "relative", "SQNR\ndB", *["float64\nrelative"] * with_layers)
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    exact = {layer.tensor: layer.relative_error for layer in numerics.layers}
    for difference in numerics.differences:
        table.add_row(
            Name(difference.tensor),
            difference.role,
            f"{difference.scale:.2e}",
            *map(_error, (difference.max_error, difference.relative_error)),
            f"{difference.sqnr_db:z.0f}",
            *([_error(exact[difference.tensor])] if difference.role == "layer" else []),
        )
    return table


def verdict_lines(numerics: Numerics, seed: int, inputs: Path | None) -> list[str]:
    """Say whether both are the same, as executed and in float64, by which tolerance, and on what inputs."""
    random = f"random, seed {seed}"
    return [
        f"onnxruntime: {_verdict_as_executed(numerics)}",
        f"float64, layer by layer: {_verdict_in_float64(numerics)}",
        f"inputs: {random}" if inputs is None else f"inputs: {inputs}; inputs of single layers: {random}",
    ]


def _verdict_as_executed(numerics: Numerics) -> str:
    tolerance = f"(tolerance {numerics.tolerance:.0e})"
    wrong = [difference for difference in numerics.differences if not difference.within(numerics.tolerance)]
    if not wrong:
        largest = max((difference.relative_error for difference in numerics.differences), default=0.0)
        return f"same; off by at most {_error(largest)} of a tensor's scale {tolerance}"
    if all(difference.same_where_finite(numerics.tolerance) for difference in wrong):
        return f"cannot be compared: '{wrong[0].tensor}' holds NaN or infinity in the original already"
    worst = max(wrong, key=lambda difference: (bool(difference.not_finite), difference.relative_error))
    fault = f"is off by {worst.relative_error:.1e} of its scale {tolerance}"
    if worst.not_finite:
        fault = f"holds NaN or infinity in the {' and the '.join(worst.not_finite)} model"
    return f"DIFFERENT in {len(wrong)} of {len(numerics.differences)} tensors; '{worst.tensor}' {fault}"


def _verdict_in_float64(numerics: Numerics) -> str:
    if not numerics.layers:
        return "nothing was folded"
    tolerance = f"of the magnitudes added up (tolerance {TOLERANCE_FLOAT64:.0e})"
    worst = max(numerics.layers, key=lambda layer: layer.relative_error)
    if numerics.same_in_float64:
        return f"same; off by at most {_error(worst.relative_error)} {tolerance}"
    return f"DIFFERENT; '{worst.layer}' is off by {worst.relative_error:.1e} {tolerance}"


def quantisation_table(tensors: Sequence[QuantisedTensor]) -> Table:
    """One line per tensor, width and granularity: what quantising the weights leaves of it, unfused and fused."""
    table = _table()
    table.title = Text("SQNR in dB with the weights quantised, against the original in float")
    table.title_justify = "left"
    for title in ("weights", "scale"):
        table.add_column(title, no_wrap=True)
    table.add_column("tensor")
    for title in ("original", "fused", "difference"):
        table.add_column(title, justify="right", no_wrap=True)
    for tensor in tensors:
        original, fused = tensor.original_db, tensor.fused_db
        gained = fused - original if fused != original else 0.0  # both may be infinite
        table.add_row(
            f"{tensor.bits} bits",
            tensor.granularity,
            Name(tensor.tensor),
            *map(_decibels, (original, fused, gained)),
        )
    return table


def accuracy_table(found: Sequence[VariantAccuracy]) -> Table:
    """One line per tensor, widths and granularity: SQNR and top-1 agreement of every variant."""
    table = _table()
    table.title = Text("SQNR in dB with weights and activations quantised, against the original in float")
    table.title_justify = "left"
    for title in ("weights", "activations", "scale"):
        table.add_column(title, no_wrap=True)
    table.add_column("tensor")
    for title in ("unfused", "fused", "fused into\nrequantiser"):
        table.add_column(title, justify="right", no_wrap=True)
    for title in ("top-1\nunfused", "top-1\nfused", "top-1\nrequantiser"):
        table.add_column(title, justify="right", no_wrap=True)
    lines: dict[tuple[Widths, str], list[VariantAccuracy]] = defaultdict(list)
    for one in found:
        lines[one.widths, one.tensor].append(one)
    for (widths, tensor), variants in lines.items():
        table.add_row(
            f"{widths.weight_bits} bits",
            f"{widths.activation_bits} bits",
            widths.granularity,
            Name(tensor),
            *(_decibels(one.sqnr_db) for one in variants),
            *(_agreement(one) for one in variants),
        )
    return table


def _agreement(found: VariantAccuracy) -> str:
    return "-" if found.same_top1 is None else f"{found.same_top1} of {found.images}"


def psum_lines(found: Sequence[VariantAccuracy]) -> list[str]:
    """Say how wide psums have to be, and in how many channels a bias did not fit them."""
    needed, given = max(one.psum_bits for one in found), max(one.widths.psum_bits for one in found)
    lines = [f"psums: {needed} bits hold them all, whatever is fed"]
    if needed > given:
        lines[0] += f"; the {given} assumed might OVERFLOW"
    coarser = max(one.coarser_channels for one in found)
    if coarser:
        lines.append(f"channels with coarser weights, whose bias would not fit a psum: {coarser}")
    return lines


def calibration_lines(seed: int, inputs: Path | None, percentile: float) -> list[str]:
    """Say what the steps of activations were measured on."""
    what = "the largest magnitude" if percentile == 100 else f"the {percentile:g}th percentile of magnitudes"
    return [f"steps of activations: {what} in {f'random images, seed {seed + 1}' if inputs is None else inputs}"]


def sparsity_lines(sparsity: Sparsity | None) -> list[str]:
    """Say what was set to zero ahead of everything else."""
    if sparsity is None or sparsity.is_dense:
        return []
    kept, block = sparsity
    return [
        f"sparsity {sparsity}: the original here has {kept} of every {block} weights left",
        "its BatchNorms are as they were, so SQNR says little unless it was trained to be sparse; "
        "'accelsim export --sparsity' makes a model in which they fit",
    ]


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")


def _error(value: float) -> str:
    """Write an error with one digit: it is rounding, mostly, and that depends on the processor and on onnxruntime."""
    return f"{value:.0e}"


def _decibels(value: float) -> str:
    return f"{value:z.1f}"
