"""The tables of ``accelsim area``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from accelsim.area.estimate import ARRAY_AND_BN, ARRAY_BN_AND_ACTIVATION
from accelsim.area.figures import FpgaFigures
from accelsim.area.liberty import LIBRARY
from accelsim.config.sparsity import DENSE, Sparsity
from accelsim.report.unit_names import UNIT_NAMES

if TYPE_CHECKING:
    from accelsim.area.estimate import MachineArea, UnitArea, UnitFpga

NAMES = UNIT_NAMES | {"accumulator": "accumulator, adders"}


def area_table(area: MachineArea) -> Table:
    """One line per unit and memory: its area, fused beside unfused, and what fusing saves."""
    table = _table("area in µm²")
    for title in ("fused", "unfused", "saved"):
        table.add_column(title, justify="right", no_wrap=True)
    for unit in area.units:
        _add_area(table, NAMES[unit.unit], unit)
    table.add_section()
    _add_area(table, "without memories", area.datapath)
    table.add_section()
    for memory in area.memories:
        table.add_row(f"{memory.name}, {memory.bits:,} bits", *[f"{memory.area_um2:,.0f}"] * 2, "")
    table.add_section()
    _add_area(table, "with memories", area.machine)
    return table


def area_lines(area: MachineArea, sparsity: Sparsity = DENSE) -> list[str]:
    """Say how much of some units together fusing saves, where the figures are from, and what they leave out."""
    documented = area.of_units(ARRAY_BN_AND_ACTIVATION)
    selectors = f"without the selectors of sparsity {sparsity}, a multiplexer of {sparsity.block} operands in every PE"
    has_requantizer = any(unit.unit == "requantizer" for unit in area.units)
    return [
        *([] if sparsity.is_dense else [selectors]),
        f"of array and BN stage alone: {area.of_units(ARRAY_AND_BN).saved_percent:.2f} % saved; "
        f"of these and the activation stage: {documented.saved_percent:.2f} %",
        *(["fused_into_requant: as fused; a lane multiplies by one word either way"] if has_requantizer else ()),
        f"datapath: {area.source}; standard cells of {LIBRARY} (130 nm), without control and wiring",
        "memories: their bits, at the area of a bit in OpenRAM macros of the same process",
    ]


def fpga_table(units: Sequence[UnitFpga]) -> Table:
    """One line per unit: what it takes of an FPGA, fused beside unfused."""
    table = _table("of a 7-series FPGA")
    for title in ("LUT", "FF", "DSP"):
        for variant in ("fused", "unfused"):
            table.add_column(f"{title}\n{variant}", justify="right", no_wrap=True)
    for unit in units:
        table.add_row(NAMES[unit.unit], *_pairs(unit.fused, unit.unfused))
    table.add_section()
    table.add_row("together", *_pairs(_sum([unit.fused for unit in units]), _sum([unit.unfused for unit in units])))
    return table


def _table(first: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column(first, no_wrap=True)
    return table


def _add_area(table: Table, name: str, area: UnitArea) -> None:
    saved = f"{area.saved_percent:.2f} %" if area.fused_um2 != area.unfused_um2 else ""
    table.add_row(name, f"{area.fused_um2:,.0f}", f"{area.unfused_um2:,.0f}", saved)


def _pairs(fused: FpgaFigures, unfused: FpgaFigures) -> list[str]:
    return [f"{count:,}" for pair in zip(fused, unfused, strict=True) for count in pair]


def _sum(figures: Sequence[FpgaFigures]) -> FpgaFigures:
    return FpgaFigures(*(sum(counts) for counts in zip(*figures, strict=True)))
