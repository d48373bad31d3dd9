"""The area of a machine as it is built for one variant, from figures of its tiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import fsum
from typing import NamedTuple

from accelsim.area.datapath import Part, Tile, datapath
from accelsim.area.figures import FigureSource, FpgaFigures
from accelsim.area.sram import Memory, memories
from accelsim.config.machine import MachineConfig
from accelsim.program.operations import Stage

ARRAY_AND_BN = ("conv_array", "bn_stage")

ARRAY_BN_AND_ACTIVATION = (*ARRAY_AND_BN, "activation")
"""The units of which the source document gives the share of BN."""


class UnitArea(NamedTuple):
    """What a unit of the datapath takes."""

    unit: str
    area_um2: float | None
    """``None`` where the source of figures lacks one of its tiles."""

    missing: tuple[Tile, ...] = ()
    """The tiles that the source lacks."""


class UnitFpga(NamedTuple):
    """What a unit of the datapath takes of an FPGA."""

    unit: str
    figures: FpgaFigures | None
    """``None`` where the source of figures lacks one of its tiles."""


class MachineArea(NamedTuple):
    """What a machine takes, as it is built for one variant."""

    source: str
    """Where the figures of its tiles are from."""

    units: Sequence[UnitArea]
    """The units that it has."""

    memories: Sequence[Memory]

    @property
    def memories_um2(self) -> float:
        """All memories; they are the same in all variants."""
        return fsum(memory.area_um2 for memory in self.memories)

    @property
    def datapath_um2(self) -> float | None:
        """All units, without memories; ``None`` if one of them is not known."""
        return _total_um2(self.units)

    @property
    def machine_um2(self) -> float | None:
        """All units and memories; ``None`` if one of the units is not known."""
        units_um2 = self.datapath_um2
        return None if units_um2 is None else units_um2 + self.memories_um2

    @property
    def known_um2(self) -> float:
        """The units that are known, without memories: less than the datapath where one is not."""
        return fsum(unit.area_um2 for unit in self.units if unit.area_um2 is not None)

    def of_units(self, names: Sequence[str]) -> float | None:
        """Some units together, of which the machine may lack some; ``None`` if one that it has is not known."""
        return _total_um2([unit for unit in self.units if unit.unit in names])


def machine_area(machine: MachineConfig, stages: Iterable[Stage], source: FigureSource) -> MachineArea:
    """Add up what the tiles of a machine take.

    Parameters
    ----------
    machine
        The machine.
    stages
        The stages that it is built with, from :func:`accelsim.built_stages.built_stages`.
    source
        Where the figures of its tiles come from.

    Raises
    ------
    ToolError
        If the source is synthesis, and that fails.
    """
    units = [_unit_area(unit, parts, source) for unit, parts in _by_unit(machine, stages)]
    return MachineArea(source.name, units, memories(machine))


def machine_fpga(machine: MachineConfig, stages: Iterable[Stage], source: FigureSource) -> list[UnitFpga]:
    """Add up what the tiles of a machine take of an FPGA; parameters and errors as of :func:`machine_area`."""
    return [UnitFpga(unit, _fpga(parts, source)) for unit, parts in _by_unit(machine, stages)]


def _by_unit(machine: MachineConfig, stages: Iterable[Stage]) -> Iterable[tuple[str, Iterable[Part]]]:
    return groupby(datapath(machine, stages), lambda part: part.unit)


def _unit_area(unit: str, parts: Iterable[Part], source: FigureSource) -> UnitArea:
    found = [(part, source.cells(part.tile)) for part in parts]
    missing = tuple(part.tile for part, cells in found if cells is None)
    known_um2 = fsum(part.copies * cells.area_um2 for part, cells in found if cells is not None)
    return UnitArea(unit, None if missing else known_um2, missing)


def _fpga(parts: Iterable[Part], source: FigureSource) -> FpgaFigures | None:
    luts = flip_flops = dsps = 0
    for part in parts:
        tile = source.fpga(part.tile)
        if tile is None:
            return None
        luts += part.copies * tile.luts
        flip_flops += part.copies * tile.flip_flops
        dsps += part.copies * tile.dsps
    return FpgaFigures(luts, flip_flops, dsps)


def _total_um2(units: Iterable[UnitArea]) -> float | None:
    areas_um2 = [unit.area_um2 for unit in units]
    known_um2 = [area_um2 for area_um2 in areas_um2 if area_um2 is not None]
    return fsum(known_um2) if len(known_um2) == len(areas_um2) else None
