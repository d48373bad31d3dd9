"""The datapath of a machine as tiles: modules of the RTL that are synthesised once and placed many times.

A processing element is a tile, and so is each lane of a stage, each adder of the accumulator, each bit of a pipeline
register. Hence areas are exactly proportional to their number.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from accelsim.config.machine import MachineConfig
from accelsim.program.drain import uses_function_unit
from accelsim.program.operations import Stage


class Tile(NamedTuple):
    """A module of the RTL with its parameters."""

    module: str
    parameters: tuple[tuple[str, int], ...]

    @property
    def values(self) -> str:
        """The parameters, as they are written in a table."""
        return " ".join(f"{name}={value}" for name, value in self.parameters)


class Part(NamedTuple):
    """Equal tiles of a unit."""

    unit: str
    tile: Tile
    copies: int


def datapath(machine: MachineConfig, stages: Iterable[Stage]) -> list[Part]:
    """Return what the datapath of a machine consists of.

    Memories, control (sequencers, address generators, DMA) and the multiplexers that lead a row to fewer lanes are not
    in it.

    Parameters
    ----------
    machine
        The machine.
    stages
        The stages that it is built with, from :func:`accelsim.built_stages.built_stages`.
    """
    array = machine.array
    adder = _tile("accumulator", ("COLS", 1), ("PSUM_BITS", array.psum_bits))
    behind = [part for stage in stages for part in _stage(machine, stage)]
    return [_array(machine), Part("accumulator", adder, array.cols), *behind]


def _array(machine: MachineConfig) -> Part:
    array = machine.array
    operand, weight, psum = array.operand_bits, machine.weight_bits, ("PSUM_BITS", array.psum_bits)
    if array.dataflow == "os":  # PEs of a column share a bus, so the column is the tile
        column = (("ROWS", array.rows), ("COLS", 1), ("LEFT_BITS", operand), ("TOP_BITS", weight), psum)
        return Part("conv_array", _tile("array_output", *column), array.cols)
    stationary, stream = (operand, weight) if array.dataflow == "is" else (weight, operand)
    shadow = ("SHADOW", int(array.stationary_double_buffer))
    pe = _tile("pe_stationary", ("STATIONARY_BITS", stationary), ("STREAM_BITS", stream), psum, shadow)
    return Part("conv_array", pe, array.rows * array.cols)


def _stage(machine: MachineConfig, stage: Stage) -> list[Part]:
    """Lanes, no more than a row of the array is wide, and their pipeline registers, which a function unit lacks."""
    config = machine.stage(stage)
    lanes = min(config.lanes, machine.array.cols)
    parts = [Part(stage, _lane(machine, stage), lanes)]
    if not uses_function_unit(machine) and config.latency_cycles:
        register = _tile("delay_line", ("WIDTH", 1), ("CYCLES", 1))
        parts.append(Part(stage, register, lanes * machine.array.psum_bits * config.latency_cycles))
    return parts


def _lane(machine: MachineConfig, stage: Stage) -> Tile:
    """One lane of a stage; its module has the name of the stage."""
    parameter = ("PARAMETER_BITS", machine.bn.parameter_bits)
    more: dict[Stage, tuple[tuple[str, int], ...]] = {
        "bn_stage": (parameter, ("RAW", int(machine.bn.parameters == "raw"))),
        "requantizer": (parameter,),
        "residual_add": (("OPERAND_BITS", machine.array.operand_bits),),
    }
    width = ("PSUM_BITS", machine.array.psum_bits)
    return _tile(stage, ("LANES", 1), ("LATENCY", 0), width, *more.get(stage, ()))


def _tile(module: str, *parameters: tuple[str, int]) -> Tile:
    return Tile(module, parameters)
