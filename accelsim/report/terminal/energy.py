"""The table of energy by component, by part and in all, fused beside unfused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

from accelsim.report.component_names import COMPONENT_NAMES, PART_NAMES
from accelsim.report.energy_unit import energy_unit
from accelsim.report.terminal.layer_columns import NOTHING
from accelsim.report.terminal.tables import SAVED_TITLES, saved_text

if TYPE_CHECKING:
    from accelsim.results.summary import Summary


TOTAL = "total"


def energy_table(summary: Summary) -> Table:
    """One line per component, per part of all energy, and for all of it; one column per variant, and what fusing saved.

    Parameters
    ----------
    summary
        The totals of a result with energies.
    """
    variants = summary.variants
    unit = energy_unit(max(variant.energy_pj or 0.0 for variant in variants.values()))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column(f"energy, {unit.name}")
    for variant in variants:
        table.add_column(variant, justify="right")
    for variant in summary.savings:
        table.add_column(SAVED_TITLES[variant], justify="right")
    by_component: dict[str, Mapping[Any, float]] = {name: of.energy_by_component_pj for name, of in variants.items()}
    by_part: dict[str, Mapping[Any, float]] = {name: of.energy_by_part_pj for name, of in variants.items()}
    in_all: dict[str, Mapping[Any, float]] = {name: {TOTAL: of.energy_pj or 0.0} for name, of in variants.items()}
    for names, energies in ((COMPONENT_NAMES, by_component), (PART_NAMES, by_part), ({TOTAL: TOTAL}, in_all)):
        for name, values in _lines(names, energies):
            cells = [NOTHING if value is None else f"{value / unit.pj:z,.4f}" for value in values.values()]
            cells.extend(saved_text(values[variant] or 0.0, values["unfused"] or 0.0) for variant in summary.savings)
            table.add_row(name, *cells)
        table.add_section()
    return table


def _lines(
    names: Mapping[str, str], energies_pj: Mapping[str, Mapping[Any, float]]
) -> Iterator[tuple[str, dict[str, float | None]]]:
    """Yield what some variant has an energy of: its name, and its energy in each variant."""
    for key, name in names.items():
        values = {variant: of_variant.get(key) for variant, of_variant in energies_pj.items()}
        if any(value is not None for value in values.values()):
            yield name, values
