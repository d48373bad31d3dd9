"""What tiles take, and the table of it that ships with the package."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from accelsim.area.datapath import Tile

SHIPPED = Path(__file__).parent / "figures.csv"


class CellFigures(NamedTuple):
    """Standard cells of a tile."""

    area_um2: float
    cells: int


class FpgaFigures(NamedTuple):
    """What a tile takes of an FPGA (7-series)."""

    luts: int
    flip_flops: int
    dsps: int


class Figures(NamedTuple):
    """A line of the table."""

    cells: CellFigures
    fpga: FpgaFigures
    rtl: str
    """Fingerprint of the sources that were synthesised."""


class FigureSource(NamedTuple):
    """Where figures come from."""

    name: str
    cells: Callable[[Tile], CellFigures | None]
    """``None`` where the source does not know the tile."""

    fpga: Callable[[Tile], FpgaFigures | None]
    """The same."""


@cache
def shipped_figures() -> dict[Tile, Figures]:
    """Read the table that ships with the package."""
    with SHIPPED.open(encoding="utf-8", newline="") as file:
        return {_tile(row): _figures(row) for row in csv.DictReader(file)}


def shipped() -> FigureSource:
    """Return the table as a source of figures; it does not know tiles that it does not hold."""
    return FigureSource("the table that ships with accelsim", _shipped_cells, _shipped_fpga)


def write_figures(path: Path, figures: Iterable[tuple[Tile, Figures]]) -> None:
    """Write a table, in the order given."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["module", "parameters", *CellFigures._fields, *FpgaFigures._fields, "rtl"])
        for tile, (cells, fpga, rtl) in figures:
            table.writerow([tile.module, tile.values, *cells, *fpga, rtl])


def _shipped_cells(tile: Tile) -> CellFigures | None:
    figures = shipped_figures().get(tile)
    return None if figures is None else figures.cells


def _shipped_fpga(tile: Tile) -> FpgaFigures | None:
    figures = shipped_figures().get(tile)
    return None if figures is None else figures.fpga


def _tile(row: dict[str, str]) -> Tile:
    parameters = (parameter.split("=") for parameter in row["parameters"].split())
    return Tile(row["module"], tuple((name, int(value)) for name, value in parameters))


def _figures(row: dict[str, str]) -> Figures:
    return Figures(
        CellFigures(float(row["area_um2"]), int(row["cells"])),
        FpgaFigures(*(int(row[field]) for field in FpgaFigures._fields)),
        row["rtl"],
    )
