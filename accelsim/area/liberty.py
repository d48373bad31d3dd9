"""The cells that modules are mapped to, and their liberty: areas and functions, no timing.

The sizes are those of LEF in ``sky130_fd_sc_hd``, the high-density library of the open 130 nm process of SkyWater
(Copyright 2020 The SkyWater PDK Authors, Apache-2.0), of the smallest drive strength each; names are without the
library's prefix. A synchronous reset is a gate before a flip-flop: the library has no flip-flop with one.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from accelsim.documents.csv_document import COMMENT

CELLS = Path(__file__).parent / "cells.csv"

LIBRARY = "sky130_fd_sc_hd"

STATE = "IQ"
"""What a flip-flop holds, in its function."""


class Cell(NamedTuple):
    """A standard cell with one output."""

    name: str
    width_um: float
    height_um: float
    output: str
    function: str
    """Of the inputs; of a flip-flop its next state."""

    clock: str
    """Pin at whose rising edge a flip-flop takes it over; empty for a gate."""

    @property
    def area_um2(self) -> float:
        """Area of the cell's outline."""
        return round(self.width_um * self.height_um, 4)

    @property
    def inputs(self) -> list[str]:
        """Pins that the function reads."""
        return sorted(set(re.findall(r"[A-Z]\w*", self.function)) - {STATE})


@cache
def cells() -> tuple[Cell, ...]:
    """Read the cells that come with the package."""
    with CELLS.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith(COMMENT))
        return tuple(
            Cell(
                row["cell"],
                float(row["width_um"]),
                float(row["height_um"]),
                row["output"],
                row["function"],
                row["clock"],
            )
            for row in rows
        )


def liberty(library: Iterable[Cell]) -> str:
    """Return cells as a liberty file, as far as synthesis for area needs one."""
    lines = [f"library({LIBRARY}_area) {{", '  time_unit : "1ns";', "  capacitive_load_unit(1, pf);"]
    for cell in library:
        lines += [f"  cell({cell.name}) {{", f"    area : {cell.area_um2};"]
        lines += [f"    pin({pin}) {{ direction : input; }}" for pin in cell.inputs]
        lines += _flip_flop(cell) if cell.clock else [_output(cell, cell.function)]
        lines.append("  }")
    return "\n".join([*lines, "}", ""])


def _flip_flop(cell: Cell) -> list[str]:
    return [
        f"    pin({cell.clock}) {{ direction : input; clock : true; }}",
        f'    ff({STATE}, {STATE}N) {{ clocked_on : "{cell.clock}"; next_state : "{cell.function}"; }}',
        _output(cell, STATE),
    ]


def _output(cell: Cell, function: str) -> str:
    return f'    pin({cell.output}) {{ direction : output; function : "{function}"; }}'
