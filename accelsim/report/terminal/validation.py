"""The tables of ``accelsim validate``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from accelsim.report.terminal.name import Name

if TYPE_CHECKING:
    from accelsim.validation.scalesim import LayerComparison


def comparison_table(comparisons: Sequence[LayerComparison]) -> Table:
    """One line per layer: the cycles that the array computes in SCALE-Sim and here, and how many more here."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("layer")
    for title in ("cycles\nSCALE-Sim", "cycles\naccelsim", "difference"):
        table.add_column(title, justify="right", no_wrap=True)
    for comparison in comparisons:
        table.add_row(
            Name(comparison.layer),
            f"{comparison.scalesim_cycles:,}",
            f"{comparison.accelsim_cycles:,}",
            f"{comparison.difference:+,}" if comparison.difference else "0",
        )
    return table


def equality_line(comparisons: Sequence[LayerComparison]) -> str:
    """Say how many layers take equally long in both."""
    equal = sum(not comparison.difference for comparison in comparisons)
    return f"{equal} of {len(comparisons)} layers equal"
