"""The tables of ``accelsim run``: layers and totals, fused beside unfused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from math import fsum
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from accelsim.config.run import FOLDED, Variant
from accelsim.report.layer_order import execution_order
from accelsim.report.terminal.layer_columns import DEFAULT_COLUMNS, NOTHING, Row
from accelsim.report.terminal.side_by_side import Difference, column_choices, side_by_side
from accelsim.report.terminal.total_figures import TOTAL_FIGURES, TotalFigure, share_text
from accelsim.report.unit_names import UNIT_NAMES
from accelsim.results.saved import saved_percent
from accelsim.results.summary import BatchNormFate, Saving, Summary, UnmodelledOperator, VariantSummary
from accelsim.workload.nodes import Unmodelled

if TYPE_CHECKING:
    import pandas as pd

    from accelsim.config.machine import ArrayConfig
    from accelsim.workload.graph import Graph

SAVED_TITLES: dict[Variant, str] = {"fused": "saved", "fused_into_requant": "saved into requant"}
"""What is saved by folding BatchNorm into weights, and into the multipliers of the requantiser."""


MAX_NODES_NAMED = 4

MAX_FOLDING_LINES = 10

MUCH_UNMODELLED_PERCENT = 5
"""From this share of the operations on, totals say little of the network."""


def layers_tables(layers: pd.DataFrame, columns: Sequence[str] | None = None) -> Iterator[Table]:
    """Yield the table of layers with all usual columns, and then with ever fewer, for narrow terminals.

    Parameters
    ----------
    layers
        The layers of a result.
    columns
        Names in ``LAYER_COLUMNS`` where just these are to be shown.
    """
    for choice in column_choices(columns, layers.to_dict("records")):
        yield layers_table(layers, choice)


def layers_table(layers: pd.DataFrame, columns: Sequence[str] = DEFAULT_COLUMNS) -> Table:
    """One line per layer; for each figure one column per variant, and the cycles that fusing (into weights) saved.

    A layer that only one variant has stands where it is executed; a BatchNorm that is gone has saved all its cycles.

    Parameters
    ----------
    layers
        The layers of a result.
    columns
        Names in ``LAYER_COLUMNS``.
    """
    rows: dict[str, dict[str, Row]] = {}
    for row in layers.to_dict("records"):
        rows.setdefault(row["variant"], {})[row["layer"]] = row
    names = execution_order(list(of_variant) for of_variant in rows.values())
    folded = [variant for variant in FOLDED if variant in rows]
    saved = {}
    if folded and "unfused" in rows:
        title = "saved\n%" if len(folded) == 1 else f"saved %\n{folded[0]}"
        saved = {"cycles": Difference(title, _saved_cycles(list(rows), folded[0]))}
    return side_by_side(names, rows, columns, saved)


def _saved_cycles(variants: Sequence[str], folded: str) -> Callable[[Sequence[Row | None]], str]:
    def text(rows: Sequence[Row | None]) -> str:
        of = dict(zip(variants, rows, strict=True))
        fused, unfused = of[folded], of["unfused"]
        if unfused is None:
            return NOTHING
        return _percent(saved_percent(fused["cycles"] if fused else 0, unfused["cycles"]))

    return text


def totals_table(summary: Summary) -> Table:
    """The network's totals, one column per variant, and what fusing saved: behind it, into the requantiser."""
    variants = summary.variants
    title = summary.subject
    table = Table(box=box.SIMPLE_HEAD, title=Text(title), title_justify="left", pad_edge=False, header_style="bold")
    table.add_column("total")
    for variant in variants:
        table.add_column(variant, justify="right")
    for variant in summary.savings:
        table.add_column(SAVED_TITLES[variant], justify="right")
    for name, figure in TOTAL_FIGURES.items():
        values = {title: getattr(variant, name) for title, variant in variants.items()}
        if all(value is None or value == _usual(variants[title], figure) for title, value in values.items()):
            continue
        cells = [figure.text(value) for value in values.values()]
        if figure.can_be_saved:
            cells.extend(saved_text(values[variant], values["unfused"]) for variant in summary.savings)
        table.add_row(figure.title, *cells)
    table.add_section()
    for unit, name in UNIT_NAMES.items():
        if any(unit in variant.utilization for variant in variants.values()):
            shares = (share_text(variant.utilization.get(unit)) for variant in variants.values())
            table.add_row(f"{name} utilisation", *shares)
    return table


def _usual(variant: VariantSummary, figure: TotalFigure) -> float | None:
    """Return what a figure is in most runs, if anything."""
    return getattr(variant, figure.differs_from) if figure.differs_from else None


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


def sparsity_lines(array: ArrayConfig) -> list[str]:
    """Say what is taken for granted of the weights."""
    if array.sparsity.is_dense:
        return []
    return [f"weights are taken to be sparse, {array.sparsity} in every layer: whether they are is not looked at"]


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
    share = fsum(operator.operations_percent for operator in unmodelled)
    if share >= MUCH_UNMODELLED_PERCENT:
        missing = f"{share:z.1f} % of the network's operations are not modelled"
        lines.append(f"warning: {missing}: cycles and bytes are those of the rest")
    return lines


def _unmodelled_line(kind: str, operators: Sequence[UnmodelledOperator]) -> str:
    count = len(operators)
    names = [operator.node for operator in operators[:MAX_NODES_NAMED]] + ["..."] * (count > MAX_NODES_NAMED)
    share = fsum(operator.operations_percent for operator in operators)
    nodes = f"{count} node{'s' * (count > 1)}: {', '.join(names)}"
    return f"warning: {kind} is not modelled and takes no time ({nodes}; {share:z.2f} % of the network's operations)"


def _saving_lines(saving: Saving) -> list[str]:
    lines = []
    if saving.convolution_ops_percent is not None:
        lines.append(
            f"operations of convolutions and BN alone (a MAC is 2, BN 4 an element): "
            f"{saving.convolution_ops_percent:z.2f} % saved"
        )
    if saving.function_unit_busy_percent is not None:
        lines.append(f"busy cycles of the function unit: {saving.function_unit_busy_percent:z.2f} % saved")
    return lines


def saved_text(fused: float, unfused: float) -> str:
    """Write what fusing saved of a total, in per cent of unfused; nothing if there was nothing to save."""
    return _percent(saved_percent(fused, unfused)) + " %" if unfused else ""


def _percent(value: float) -> str:
    return f"{value:z.2f}"
