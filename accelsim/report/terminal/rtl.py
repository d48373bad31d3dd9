"""The tables of ``accelsim validate rtl``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from accelsim.report.terminal.name import Name

if TYPE_CHECKING:
    from accelsim.rtl.validate import Comparison


def cases_table(comparisons: Sequence[Comparison]) -> Table:
    """One line per case: its cycles in the model and in RTL, and in how much else they differ."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("case", no_wrap=True)
    table.add_column("machine", no_wrap=True)
    for title in ("cycles\nmodel", "cycles\nRTL", "differences"):
        table.add_column(title, justify="right", no_wrap=True)
    for comparison in comparisons:
        table.add_row(
            Name(comparison.case.name),
            _machine(comparison),
            f"{comparison.record.cycles:,}",
            f"{comparison.rtl_cycles:,}",
            str(len(comparison.differences)),
        )
    return table


def difference_lines(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Say in what the cases differ that do."""
    for comparison in comparisons:
        for what, model, rtl in comparison.differences:
            yield f"{comparison.case.name}: {what}: {model} in the model, {rtl} in RTL"


def equality_line(comparisons: Sequence[Comparison]) -> str:
    """Say how many cases are equal."""
    equal = sum(not comparison.differences for comparison in comparisons)
    return f"{equal}/{len(comparisons)} equal: cycles, busy and stalled by cause of every unit, DRAM bytes, all results"


def _machine(comparison: Comparison) -> str:
    machine = comparison.case.machine
    array = machine.array
    shadow = ", shadow registers" if array.stationary_double_buffer else ""
    return f"{array.rows}x{array.cols} {array.dataflow} {array.ifmap_streaming}{shadow}, {machine.bn.placement}"
