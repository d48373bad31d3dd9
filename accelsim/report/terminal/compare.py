"""The tables of ``accelsim compare``: two results, A beside B."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from accelsim.report.terminal.layer_columns import LAYER_COLUMNS, NOTHING, Row
from accelsim.report.terminal.name import Name
from accelsim.report.terminal.side_by_side import Difference, column_choices, columns_with_values, side_by_side
from accelsim.report.terminal.tables import MAX_NODES_NAMED
from accelsim.report.terminal.total_figures import TOTAL_FIGURES, share_text
from accelsim.report.unit_names import UNIT_NAMES
from accelsim.results.compare import change_percent

if TYPE_CHECKING:
    from accelsim.results.compare import Comparison, LayerComparison, NetworkChange, Pair, Side, VariantComparison

MAX_LAYERS = 20
"""Layers that are shown where not all are asked for: with the totals above them, about a screen."""

SAME = "same"

_SAVINGS = {
    "cycles_percent": "cycles",
    "dram_bytes_percent": "DRAM bytes",
    "ops_percent": "operations",
    "convolution_ops_percent": "operations of convolutions and BN",
    "function_unit_busy_percent": "busy cycles of the function unit",
    "energy_percent": "energy",
    "energy_delay_percent": "energy · delay",
}


def heading_lines(comparison: Comparison, name_a: str, name_b: str) -> Iterator[str]:
    """Say what the two results are."""
    yield _side_line("A", name_a, comparison.a)
    yield _side_line("B", name_b, comparison.b)
    if comparison.a.accelsim_version != comparison.b.accelsim_version:
        yield f"A was simulated by accelsim {comparison.a.accelsim_version}, B by {comparison.b.accelsim_version}"
    for variant in comparison.variants:
        if variant.a != variant.b:
            yield f"A is shown {variant.a}, B {variant.b}"


def _side_line(letter: str, name: str, side: Side) -> str:
    return f"{letter}: {name}: {side.network}, batch {side.batch}, on {side.machine}"


def config_table(comparison: Comparison) -> Table:
    """One line per key that is set otherwise."""
    table = _table("configuration")
    for title in ("A", "B"):
        table.add_column(title, overflow="fold")
    for key, values in comparison.config.items():
        table.add_row(Name(key), _setting_text(values.a), _setting_text(values.b))
    return table


def network_lines(network: NetworkChange | None) -> Iterator[str]:
    """Say in what the networks differ."""
    if network is None:
        return
    what = [f"{pair.a} and {pair.b}" for pair in (network.name, network.input_shape) if not pair.is_same]
    yield f"networks differ{': ' if what else ''}{', '.join(what)}"
    yield f"nodes that are the same in both: {network.same:,}"
    yield from _names_line("nodes that differ", network.changed)
    yield from _names_line("nodes only in A", network.only_a)
    yield from _names_line("nodes only in B", network.only_b)


def saving_tables(comparison: Comparison) -> Iterator[Table]:
    """What fusing saved in each of them, and by how many percentage points more that is in B; if either has both."""
    if comparison.saving:
        yield _saving_table("saved by fusing", comparison.saving)
    if comparison.saving_into_requant:
        yield _saving_table("saved by fusing into the requantiser", comparison.saving_into_requant)


def _saving_table(title: str, savings: Mapping[str, Pair]) -> Table:
    table = _table(title, "A", "B", "B - A")
    for name, saved in savings.items():
        if saved.a is not None or saved.b is not None:
            table.add_row(_SAVINGS[name], *map(_percent_text, (saved.a, saved.b)), _points_text(saved.a, saved.b))
    return table


def totals_table(variant: VariantComparison) -> Table:
    """The totals of a variant in both, and how much they change from A to B: shares by percentage points."""
    title = variant.a if variant.a == variant.b else f"{variant.a} and {variant.b}"
    table = _table(f"total, {title}", "A", "B", "change")
    for name, figure in TOTAL_FIGURES.items():
        total = variant.totals[name]
        usual = variant.totals[figure.differs_from] if figure.differs_from else None
        if total == usual or (total.a is None and total.b is None):
            continue
        table.add_row(figure.title, figure.text(total.a), figure.text(total.b), _change_text(total.a, total.b, " %"))
    table.add_section()
    for unit, unit_name in UNIT_NAMES.items():
        share = variant.totals.get(f"utilization.{unit}")
        if share:
            points = _points_text(*(None if value is None else 100 * value for value in (share.a, share.b)))
            table.add_row(f"{unit_name} utilisation", share_text(share.a), share_text(share.b), points)
    return table


def layers_shown(variant: VariantComparison, *, every: bool) -> Sequence[LayerComparison]:
    """Return the layers to show: every one that both have, in order; or those that changed most in cycles first."""
    if every:
        return variant.layers
    changed = [layer for layer in variant.layers if not layer.is_same]
    return sorted(changed, key=lambda layer: -abs(layer.figures["cycles"].b - layer.figures["cycles"].a))[:MAX_LAYERS]


def layers_tables(layers: Sequence[LayerComparison], *, wide: bool) -> Iterator[Table]:
    """Yield the table of layers with the usual columns, and then with ever fewer; or one with all that have a value."""
    of_a = {layer.layer: _row(layer, "a") for layer in layers}
    of_b = {layer.layer: _row(layer, "b") for layer in layers}
    rows = [*of_a.values(), *of_b.values()]
    columns = columns_with_values(rows) if wide else None
    differences = {name: Difference("change\n%", _layer_change(name)) for name in ("cycles", "dram")}
    for choice in column_choices(columns, rows):
        yield side_by_side(of_a, {"A": of_a, "B": of_b}, choice, differences)


def layers_lines(variant: VariantComparison, shown: int) -> Iterator[str]:
    """Say how many layers changed, how many of them are shown, and which ones only one result has."""
    changed = sum(not layer.is_same for layer in variant.layers)
    rest = f"; the {shown} that changed most are shown, --all shows every layer" if shown < changed else ""
    yield f"layers in both: {len(variant.layers)}, of which {changed} changed{rest}"
    yield from _names_line("layers only in A", variant.only_a)
    yield from _names_line("layers only in B", variant.only_b)


def _table(title: str, *figures: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column(title)
    for figure in figures:
        table.add_column(figure, justify="right", no_wrap=True)
    return table


def _row(layer: LayerComparison, side: str) -> Row:
    return {name: getattr(pair, side) for name, pair in (layer.figures | layer.tilings).items()}


def _layer_change(column: str) -> Callable[[Sequence[Row | None]], str]:
    value = LAYER_COLUMNS[column].value
    return lambda rows: _change_text(*(value(row) for row in rows if row))


def _names_line(what: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        more = ["..."] * (len(names) > MAX_NODES_NAMED)
        yield f"{what}: {len(names)} ({', '.join([*names[:MAX_NODES_NAMED], *more])})"


def _setting_text(value: Any) -> Text:
    if isinstance(value, bool):
        return Text(str(value).lower())
    if isinstance(value, list):
        return Text(f"[{', '.join(map(str, value))}]")
    return Text(NOTHING if value is None else str(value))


def _percent_text(percent: float | None) -> str:
    return NOTHING if percent is None else f"{percent:z.2f} %"


def _points_text(a: float | None, b: float | None) -> str:
    """Write a difference of two percentages."""
    if a is None or b is None:
        return NOTHING
    return SAME if a == b else f"{b - a:+z.2f} points"


def _change_text(a: float | None, b: float | None, unit: str = "") -> str:
    if a == b:
        return SAME
    percent = change_percent(a, b)
    return NOTHING if percent is None else f"{percent:+z,.2f}{unit}"
