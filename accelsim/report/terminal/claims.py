"""The claims of the source document beside what is measured, as a table for the terminal and for the README."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich import box
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from accelsim.claims.measure import Measurement


class Claim(NamedTuple):
    """A claim, and the rows of figures that speak of it."""

    text: str
    rows: tuple[tuple[str, Callable[[Measurement], str]], ...]


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:z.2f} %"


def _within(error: float, bound: float, words: str) -> str:
    """Say that an error is within a bound: its own last digits depend on the machine that adds."""
    return words if error <= bound * (1 + 1e-6) else f"{error:.0e}"


CLAIMS = (
    Claim(
        "4.3 % less computation",
        (
            ("operations of convolutions and BN", lambda m: _percent(m.operations_percent)),
            ("busy cycles of the function unit", lambda m: _percent(m.unit_percent)),
            ("all cycles", lambda m: _percent(m.cycles_percent)),
        ),
    ),
    Claim(
        "25 % less hardware",
        (
            ("area of array and BN stage", lambda m: _percent(m.array_area_percent)),
            ("area of the datapath", lambda m: _percent(m.datapath_area_percent)),
            ("area with memories", lambda m: _percent(m.area_percent)),
        ),
    ),
    Claim(
        "lower memory bandwidth",
        (
            ("bytes to and from DRAM", lambda m: _percent(m.dram_percent)),
            ("bytes a cycle, before", lambda m: f"{m.bandwidth[1]:z.2f}"),
            ("bytes a cycle, fused", lambda m: f"{m.bandwidth[0]:z.2f}"),
        ),
    ),
    Claim(
        "no intermediate storage",
        (("bytes that no longer go to DRAM and back", lambda m: f"{m.intermediate_bytes:,}"),),
    ),
    Claim(
        "identical results",
        (
            ("largest error, weights in float64", lambda m: _within(m.float64_error, 1e-14, "below 1e-14")),
            ("largest error, weights in float32", lambda m: _within(m.float32_error, 2.0**-24, "below 2^-24")),
        ),
    ),
)


def claims_table(measurements: Sequence[Measurement]) -> Table:
    """One line per figure, one column per network and placement."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("claim, and what is saved")
    for measured in measurements:
        table.add_column(f"{measured.network}\n{measured.placement}", justify="right")
    for claim in CLAIMS:
        table.add_section()
        table.add_row(Text(f"“{claim.text}”", style="bold"))
        for name, figure in claim.rows:
            table.add_row(f"  {name}", *(figure(measured) for measured in measurements))
    return table


def claims_markdown(measurements: Sequence[Measurement]) -> str:
    """Return the same as a table in Markdown: a column per network, placements beside one another where they differ."""
    networks: dict[str, list[Measurement]] = {}
    for measured in measurements:
        networks.setdefault(measured.network, []).append(measured)
    titles = [f"{name} ({' / '.join(one.placement for one in group)})" for name, group in networks.items()]
    lines = [["claim", "figure", *titles], ["---"] * (len(networks) + 2)]
    for claim in CLAIMS:
        for number, (name, figure) in enumerate(claim.rows):
            cells = [" / ".join(_once([figure(one) for one in group])) for group in networks.values()]
            lines.append([f"“{claim.text}”" if number == 0 else "", name, *cells])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _once(figures: list[str]) -> list[str]:
    return figures[:1] if len(set(figures)) == 1 else figures
