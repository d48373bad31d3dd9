"""The area of a machine, fused and unfused, from figures of its tiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from accelsim.area.datapath import BN_STAGE, Part, datapath, fused_datapath
from accelsim.area.figures import FigureSource, FpgaFigures
from accelsim.area.sram import Memory, memories
from accelsim.config.machine import MachineConfig

ARRAY_AND_BN = ("conv_array", BN_STAGE)

ARRAY_BN_AND_ACTIVATION = (*ARRAY_AND_BN, "activation")
"""The units of which the source document gives the share of BN."""


class UnitArea(NamedTuple):
    """What a unit of the datapath takes: fused and unfused."""

    unit: str
    fused_um2: float
    unfused_um2: float

    @property
    def saved_percent(self) -> float:
        """What fusing saves of it."""
        return 100 * (1 - self.fused_um2 / self.unfused_um2)


class UnitFpga(NamedTuple):
    """What a unit of the datapath takes of an FPGA: fused and unfused."""

    unit: str
    fused: FpgaFigures
    unfused: FpgaFigures


class MachineArea(NamedTuple):
    """What a machine takes."""

    source: str
    """Where the figures of its tiles are from."""

    units: Sequence[UnitArea]
    memories: Sequence[Memory]

    @property
    def memories_um2(self) -> float:
        """All memories; they are the same in both variants."""
        return sum(memory.area_um2 for memory in self.memories)

    @property
    def datapath(self) -> UnitArea:
        """All units, without memories."""
        return _together("datapath", self.units)

    @property
    def machine(self) -> UnitArea:
        """All units and memories."""
        units = self.datapath
        return UnitArea("machine", units.fused_um2 + self.memories_um2, units.unfused_um2 + self.memories_um2)

    def of_units(self, names: Sequence[str]) -> UnitArea:
        """Some units together."""
        return _together(" + ".join(names), [unit for unit in self.units if unit.unit in names])


def machine_area(machine: MachineConfig, source: FigureSource) -> MachineArea:
    """Add up what the tiles of a machine take.

    Parameters
    ----------
    machine
        The machine.
    source
        Where the figures of its tiles come from.

    Raises
    ------
    InputError
        If the source is a table that lacks one of the tiles.
    ToolError
        If the source is synthesis, and that fails.
    """
    units = [
        UnitArea(unit, _area(fused, source), _area(unfused, source)) for unit, fused, unfused in _variants(machine)
    ]
    return MachineArea(source.name, units, memories(machine))


def machine_fpga(machine: MachineConfig, source: FigureSource) -> list[UnitFpga]:
    """Add up what the tiles of a machine take of an FPGA.

    Parameters
    ----------
    machine
        The machine.
    source
        Where the figures of its tiles come from.

    Raises
    ------
    InputError
        If the source is a table that lacks one of the tiles.
    ToolError
        If the source is synthesis, and that fails.
    """
    return [UnitFpga(unit, _fpga(fused, source), _fpga(unfused, source)) for unit, fused, unfused in _variants(machine)]


def _variants(machine: MachineConfig) -> list[tuple[str, list[Part], list[Part]]]:
    """Return every unit with its parts, fused and unfused."""
    fused, unfused = fused_datapath(machine), datapath(machine)
    units = dict.fromkeys(part.unit for part in unfused)
    return [(unit, _of_unit(unit, fused), _of_unit(unit, unfused)) for unit in units]


def _of_unit(unit: str, parts: Iterable[Part]) -> list[Part]:
    return [part for part in parts if part.unit == unit]


def _area(parts: Iterable[Part], source: FigureSource) -> float:
    return sum(part.copies * source.cells(part.tile).area_um2 for part in parts)


def _fpga(parts: Iterable[Part], source: FigureSource) -> FpgaFigures:
    luts = flip_flops = dsps = 0
    for part in parts:
        tile = source.fpga(part.tile)
        luts += part.copies * tile.luts
        flip_flops += part.copies * tile.flip_flops
        dsps += part.copies * tile.dsps
    return FpgaFigures(luts, flip_flops, dsps)


def _together(name: str, units: Sequence[UnitArea]) -> UnitArea:
    return UnitArea(name, sum(unit.fused_um2 for unit in units), sum(unit.unfused_um2 for unit in units))
