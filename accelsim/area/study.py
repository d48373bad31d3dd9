"""How much of a datapath its BN stage is: square arrays with a lane per column, over size, width and style of BN."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from accelsim.area.datapath import Tile, datapath
from accelsim.area.estimate import ARRAY_AND_BN, ARRAY_BN_AND_ACTIVATION, machine_area
from accelsim.area.figures import FigureSource, shipped_figures
from accelsim.built_stages import built_stages
from accelsim.config.machine import MachineConfig
from accelsim.errors import InputError
from accelsim.results.saved import known_saved_percent

SIDES = (8, 16, 32, 64)

PSUM_BITS = {4: 16, 8: 32}
"""By the width of operands."""


FIXED = ("LANES", "LATENCY", "COLS", "SHADOW")
"""Parameters that are the same in all tiles of the study."""


class Style(NamedTuple):
    """How a BN stage computes."""

    name: str
    parameters: str
    words_per_psum: int
    """Parameter words that are as wide as one psum."""


STYLES = (
    Style("scale, shift; half as wide as psums", "scale_shift", 2),
    Style("scale, shift; as wide as psums", "scale_shift", 1),
    Style("raw: four steps; half as wide as psums", "raw", 2),
)


class Share(NamedTuple):
    """What the BN stage of a machine takes, in percent of the area without memories."""

    side: int
    operand_bits: int
    style: Style
    of_array: float
    """Of array and BN stage."""

    of_array_and_activation: float
    """Of array, BN stage and activation stage."""

    of_datapath: float
    """Of all units."""


def shares(source: FigureSource) -> list[Share]:
    """Return the share of the BN stage in every machine of the study.

    Raises
    ------
    InputError
        If the source is a table that lacks one of their tiles.
    ToolError
        If the source is synthesis, and that fails.
    """
    return [
        _share(side, operand_bits, style, source) for operand_bits in PSUM_BITS for style in STYLES for side in SIDES
    ]


def shares_table(found: Iterable[Share]) -> str:
    """Return shares as a Markdown table, a line per width and style; see docs/area.md."""
    lines = [
        f"| operands | BN stage | {' | '.join(f'{side}x{side}' for side in SIDES)} |",
        f"|---|---|{'---|' * len(SIDES)}",
    ]
    for (bits, style), cells in groupby(found, lambda share: (share.operand_bits, share.style)):
        lines.append(f"| {bits} bits | {style.name} | {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines)


def tiles_table() -> str:
    """Return the tiles of the study as a Markdown table; see docs/area.md."""
    machines = [square_machine(SIDES[0], bits, style) for bits in PSUM_BITS for style in STYLES]
    tiles = dict.fromkeys(
        part.tile for machine in machines for part in datapath(machine, built_stages(machine, "unfused", ()))
    )
    lines = ["| tile | parameters | µm² | cells | LUT | FF | DSP |", "|---|---|--:|--:|--:|--:|--:|"]
    for tile in tiles:
        cells, fpga, _ = shipped_figures()[tile]
        counts = " | ".join(f"{count:,}" for count in (cells.cells, *fpga))
        lines.append(f"| `{tile.module}` | {_varying(tile)} | {cells.area_um2:z,.0f} | {counts} |")
    return "\n".join(lines)


def square_machine(side: int, operand_bits: int, style: Style) -> MachineConfig:
    """Return a weight-stationary machine whose stages have a lane for each column; its memories do not matter here."""
    psum_bits = PSUM_BITS[operand_bits]
    buffer, stage = {"kib": 1}, {"lanes": side}
    return MachineConfig.model_validate(
        {
            "array": {"rows": side, "cols": side, "operand_bits": operand_bits, "psum_bits": psum_bits},
            "accumulator": {"psums": side},
            "buffers": dict.fromkeys(("ifmap", "weight", "parameter", "residual", "ofmap"), buffer),
            "dram": {"bytes_per_cycle": 1},
            "bn": stage | {"parameters": style.parameters, "parameter_bits": psum_bits // style.words_per_psum},
            "residual_add": stage,
            "pooling": stage,
            "activation": stage,
        }
    )


def _cell(share: Share) -> str:
    return " / ".join(
        f"{percent:z.1f}" for percent in (share.of_array, share.of_array_and_activation, share.of_datapath)
    )


def _varying(tile: Tile) -> str:
    return ", ".join(f"{name} {value}" for name, value in tile.parameters if name not in FIXED)


def _share(side: int, operand_bits: int, style: Style, source: FigureSource) -> Share:
    """Hold the machine for networks whose BatchNorms are all folded against the one with its BN stage."""
    machine = square_machine(side, operand_bits, style)
    fused, unfused = (
        machine_area(machine, built_stages(machine, variant, ()), source) for variant in ("fused", "unfused")
    )
    percents = (
        known_saved_percent(fused.of_units(ARRAY_AND_BN), unfused.of_units(ARRAY_AND_BN)),
        known_saved_percent(fused.of_units(ARRAY_BN_AND_ACTIVATION), unfused.of_units(ARRAY_BN_AND_ACTIVATION)),
        known_saved_percent(fused.datapath_um2, unfused.datapath_um2),
    )
    return Share(side, operand_bits, style, *(_known(percent, source) for percent in percents))


def _known(percent: float | None, source: FigureSource) -> float:
    if percent is None:
        raise InputError(f"{source.name} lacks tiles of the study: python benchmarks/area.py figures")
    return percent
