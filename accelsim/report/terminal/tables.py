"""The tables of ``accelsim run``: layers and totals, fused beside unfused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from accelsim.report.terminal.name import Name
from accelsim.results.summary import BatchNormFate, Saving, Summary, UnmodelledOperator, VariantSummary
from accelsim.workload.nodes import Unmodelled

if TYPE_CHECKING:
    import pandas as pd

    from accelsim.workload.graph import Graph

KIB = 1024

NOTHING = "-"
"""In place of a figure of something that a variant does not have."""

MAX_NODES_NAMED = 4

MAX_FOLDING_LINES = 10

MUCH_UNMODELLED_PERCENT = 5
"""From this share of the operations on, totals say little of the network."""

UNIT_NAMES = {
    "dma": "DMA",
    "conv_array": "conv array",
    "bn_stage": "BN stage",
    "residual_add": "residual add",
    "pooling": "pooling",
    "activation": "activation",
    "function_unit": "function unit",
}


_Row = dict[str, Any]

_FIGURES: dict[str, Callable[[_Row], str]] = {
    "cycles": lambda row: f"{row['cycles']:,}",
    "stalled": lambda row: f"{row['stall_cycles']:,}",
    "DRAM KiB": lambda row: f"{(row['dram_read_bytes'] + row['dram_write_bytes']) / KIB:,.1f}",
    "array %": lambda row: f"{100 * row['conv_array_utilization']:.1f}",
}

_DISPENSABLE = ("stalled", "array %")
"""What is left out where there is no room for it, in this order."""


def layers_tables(layers: pd.DataFrame) -> Iterator[Table]:
    """Yield the table of layers with all figures, and then with ever fewer, for narrow terminals."""
    for count in range(len(_DISPENSABLE) + 1):
        yield layers_table(layers, without=_DISPENSABLE[:count])


def layers_table(layers: pd.DataFrame, without: Sequence[str] = ()) -> Table:
    """One line per layer; for each figure one column per variant, and the cycles that fusing saved.

    A layer that only one variant has stands where it is executed; a BatchNorm that is gone has saved all its cycles.

    Parameters
    ----------
    layers
        The layers of a result.
    without
        Figures to leave out.
    """
    figures = {title: text for title, text in _FIGURES.items() if title not in without}
    variants = list(dict.fromkeys(layers["variant"]))
    rows = {variant: layers[layers["variant"] == variant].set_index("layer").to_dict("index") for variant in variants}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("layer")
    for title in figures:
        for variant in variants:
            table.add_column(f"{title}\n{variant}", justify="right", no_wrap=True)
        if title == "cycles" and len(variants) == 2:
            table.add_column("saved\n%", justify="right", no_wrap=True)
    for name in reduce(_merged, [list(rows[variant]) for variant in reversed(variants)]):
        of_variants = [rows[variant].get(name) for variant in variants]
        cells = []
        for title, text in figures.items():
            cells += [text(row) if row else NOTHING for row in of_variants]
            if title == "cycles" and len(variants) == 2:
                cells.append(_saved_cycles(rows["fused"].get(name), rows["unfused"].get(name)))
        table.add_row(Name(name), *cells)
    return table


def _merged(some: list[str], others: list[str]) -> list[str]:
    """Names of both lists, in an order that is that of each."""
    left = iter(others)
    shared = set(others)
    names: list[str] = []
    for name in some:
        if name in shared:
            names.extend(takewhile(name.__ne__, left))
        names.append(name)
    return [*names, *left]


def _saved_cycles(fused: _Row | None, unfused: _Row | None) -> str:
    if unfused is None:
        return NOTHING
    return _percent(100 * (1 - (fused["cycles"] if fused else 0) / unfused["cycles"]))


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
                f"{name} utilisation", *(NOTHING if share is None else f"{100 * share:.2f} %" for share in shares)
            )
    return table


def fusion_lines(summary: Summary) -> list[str]:
    """Say in words what was folded, and what that saved in the two figures that the literature quotes."""
    lines = folding_lines(summary.batchnorms)
    if len(lines) > MAX_FOLDING_LINES:
        lines[MAX_FOLDING_LINES:] = [f"  and {len(lines) - MAX_FOLDING_LINES} more, in summary.json"]
    return lines + (_saving_lines(summary.saving) if summary.saving else [])


def folding_lines(batchnorms: Sequence[BatchNormFate]) -> list[str]:
    """Say how many BatchNorms were folded, and of the others why they were not."""
    unfolded = [f"  not folded: {fate.batchnorm}: {fate.reason}" for fate in batchnorms if fate.reason]
    return [_folded_line(batchnorms), *unfolded]


def _folded_line(batchnorms: Sequence[BatchNormFate]) -> str:
    count = len(batchnorms)
    if not count:
        return "no BatchNorm to fold"
    ahead = sum(fate.ahead for fate in batchnorms)
    behind = sum(fate.folded_into is not None for fate in batchnorms) - ahead
    folded = f"{behind + ahead} of {count} BatchNorms folded"
    if ahead and behind:
        return f"{folded}: {behind} into the layer before them, {ahead} into the layer after them"
    if ahead or behind:
        return f"{folded} into the layer {'after' if ahead else 'before'} them"
    return folded


def network_line(graph: Graph) -> str:
    """Say in a line what a network consists of."""
    counts = Counter(node.operator for node in graph)
    known = " in what is modelled" if counts[Unmodelled.operator] else ""
    return (
        f"{graph.name}: {len(graph.nodes)} layers ({counts['conv']} conv, {counts['batchnorm']} batchnorm), "
        f"{graph.parameter_count:,} parameters, {graph.macs:,} MACs{known}"
    )


def unmodelled_lines(unmodelled: Sequence[UnmodelledOperator]) -> list[str]:
    """Warn of operators without a model, one line a kind of operator, and of their share where it is large."""
    kinds: dict[str, list[UnmodelledOperator]] = {}
    for operator in unmodelled:
        kinds.setdefault(operator.operator, []).append(operator)
    lines = [_unmodelled_line(kind, operators) for kind, operators in kinds.items()]
    share = sum(operator.operations_percent for operator in unmodelled)
    if share >= MUCH_UNMODELLED_PERCENT:
        missing = f"{share:.1f} % of the network's operations are not modelled"
        lines.append(f"warning: {missing}: cycles and bytes are those of the rest")
    return lines


def _unmodelled_line(kind: str, operators: Sequence[UnmodelledOperator]) -> str:
    count = len(operators)
    names = [operator.node for operator in operators[:MAX_NODES_NAMED]] + ["..."] * (count > MAX_NODES_NAMED)
    share = sum(operator.operations_percent for operator in operators)
    nodes = f"{count} node{'s' * (count > 1)}: {', '.join(names)}"
    return f"warning: {kind} is not modelled and takes no time ({nodes}; {share:.2f} % of the network's operations)"


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
