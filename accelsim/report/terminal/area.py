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
from accelsim.documents.wording import counted
from accelsim.report.unit_names import UNIT_NAMES
from accelsim.results.saved import known_saved_percent

if TYPE_CHECKING:
    from accelsim.area.estimate import MachineArea, UnitFpga
    from accelsim.fusion.match import Match

NAMES = UNIT_NAMES | {"accumulator": "accumulator, adders"}

MISSING = "missing"
"""In place of a figure that is not known."""

MOST_NAMED = 2
"""Units that the name of a total names; more of them are counted."""

NO_FPGA = FpgaFigures(0, 0, 0)
"""What a unit takes that a machine does not have."""


def area_table(fused: MachineArea, unfused: MachineArea) -> Table:
    """One line per unit and memory: its area, fused beside unfused, and what fusing saves.

    Units of which a tile is missing are left out of the totals, which say so and save nothing then.
    """
    table = _table("area in µm²")
    for title in ("fused", "unfused", "saved"):
        table.add_column(title, justify="right", no_wrap=True)
    for unit in unfused.units:
        areas_um2 = fused.of_units([unit.unit]), unit.area_um2
        table.add_row(NAMES[unit.unit], *map(_um2, areas_um2), _saved(*areas_um2))
    table.add_section()
    any_known = any(not unit.missing for unit in unfused.units)
    left_out = _left_out([unit.unit for unit in unfused.units if unit.missing]) if any_known else ""
    datapaths = [_um2(area.known_um2 if any_known else None) for area in (fused, unfused)]
    table.add_row(f"without memories{left_out}", *datapaths, _saved(fused.datapath_um2, unfused.datapath_um2))
    table.add_section()
    for memory in unfused.memories:
        table.add_row(f"{memory.name}, {memory.bits:,} bits", *[_um2(memory.area_um2)] * 2, "")
    table.add_section()
    machines = [_um2(area.known_um2 + area.memories_um2) for area in (fused, unfused)]
    name = f"with memories{left_out}" if any_known else "memories alone"
    table.add_row(name, *machines, _saved(fused.machine_um2, unfused.machine_um2))
    return table


def area_lines(fused: MachineArea, unfused: MachineArea, sparsity: Sparsity = DENSE) -> list[str]:
    """Say what is missing, how much of some units together fusing saves, where figures are from, and what they lack."""
    array = known_saved_percent(fused.of_units(ARRAY_AND_BN), unfused.of_units(ARRAY_AND_BN))
    documented = known_saved_percent(fused.of_units(ARRAY_BN_AND_ACTIVATION), unfused.of_units(ARRAY_BN_AND_ACTIVATION))
    selectors = f"without the selectors of sparsity {sparsity}, a multiplexer of {sparsity.block} operands in every PE"
    has_requantizer = any(unit.unit == "requantizer" for unit in unfused.units)
    return [
        *missing_lines(unfused),
        *([] if sparsity.is_dense else [selectors]),
        f"of array and BN stage alone: {_percent(array, ' saved')}; "
        f"of these and the activation stage: {_percent(documented)}",
        *(["fused_into_requant: as fused; a lane multiplies by one word either way"] if has_requantizer else ()),
        f"datapath: {unfused.source}; standard cells of {LIBRARY} (130 nm), without control and wiring",
        "memories: their bits, at the area of a bit in OpenRAM macros of the same process",
    ]


def kept_bn_lines(fused: MachineArea, matches: Sequence[Match]) -> list[str]:
    """Say why the fused machine has a BN stage, where the network does not let it go."""
    left = sum(match.into is None for match in matches)
    if not left or all(unit.unit != "bn_stage" for unit in fused.units):
        return []
    return [
        f"the fused machine keeps its BN stage: {left} of {counted(len(matches), 'BatchNorm')} "
        f"{'is' if left == 1 else 'are'} not folded"
    ]


def missing_lines(area: MachineArea) -> list[str]:
    """Name the tiles that the source of figures lacks, and say how to get them."""
    lines = [
        f"{NAMES[unit.unit]}: {area.source} has no {tile.module} with {tile.values}"
        for unit in area.units
        for tile in unit.missing
    ]
    if not lines:
        return []
    if all(unit.missing for unit in area.units):
        lines.insert(0, "nothing of the datapath is known: only its memories are")
    return [*lines, "what is missing can be synthesised: give --synthesise (pip install 'accelsim[rtl]')"]


def fpga_table(fused: Sequence[UnitFpga], unfused: Sequence[UnitFpga]) -> Table:
    """One line per unit: what it takes of an FPGA, fused beside unfused."""
    table = _table("of a 7-series FPGA")
    for title in ("LUT", "FF", "DSP"):
        for variant in ("fused", "unfused"):
            table.add_column(f"{title}\n{variant}", justify="right", no_wrap=True)
    of_fused = {unit.unit: unit.figures for unit in fused}
    for unit in unfused:
        table.add_row(NAMES[unit.unit], *_pairs(of_fused.get(unit.unit, NO_FPGA), unit.figures))
    table.add_section()
    if all(unit.figures is None for unit in unfused):
        table.add_row("together", *_pairs(None, None))
    else:
        left_out = _left_out([unit.unit for unit in unfused if unit.figures is None])
        table.add_row(f"together{left_out}", *_pairs(_known_sum(fused), _known_sum(unfused)))
    return table


def _table(first: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column(first, no_wrap=True)
    return table


def _left_out(units: Sequence[str]) -> str:
    """Say what a total lacks, behind its name."""
    if not units:
        return ""
    names = [UNIT_NAMES.get(unit, unit) for unit in units]
    return f", without {' and '.join(names) if len(names) <= MOST_NAMED else counted(len(names), 'unit')}"


def _um2(area_um2: float | None) -> str:
    return MISSING if area_um2 is None else f"{area_um2:z,.0f}"


def _saved(fused_um2: float | None, unfused_um2: float | None) -> str:
    """Return what is saved; nothing saved is no figure."""
    percent = known_saved_percent(fused_um2, unfused_um2)
    return _percent(percent) if percent else ""


def _percent(percent: float | None, what: str = "") -> str:
    return "not known" if percent is None else f"{percent:z.2f} %{what}"


def _pairs(fused: FpgaFigures | None, unfused: FpgaFigures | None) -> list[str]:
    columns = [
        [MISSING] * 3 if figures is None else [f"{count:,}" for count in figures] for figures in (fused, unfused)
    ]
    return [cell for pair in zip(*columns, strict=True) for cell in pair]


def _known_sum(units: Sequence[UnitFpga]) -> FpgaFigures:
    known = [unit.figures for unit in units if unit.figures is not None]
    return FpgaFigures(*map(sum, zip(NO_FPGA, *known, strict=True)))
