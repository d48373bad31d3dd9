"""The datapath of a machine as tiles: modules of the RTL that are synthesised once and placed many times.

A processing element is a tile, and so is each lane of a stage, each adder of the accumulator, each bit of a pipeline
register. Hence areas are exactly proportional to their number.
"""

from __future__ import annotations

from typing import NamedTuple

from accelsim.config.machine import BnConfig, MachineConfig, StageConfig

BN_STAGE = "bn_stage"


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


def datapath(machine: MachineConfig) -> list[Part]:
    """Return what the datapath of a machine consists of, its BN stage and its requantiser, if it has one, included.

    Memories, control (sequencers, address generators, DMA) and the multiplexers that lead a row to fewer lanes are not
    in it.
    """
    array, bits = machine.array, machine.array.psum_bits
    word, operand = ("PSUM_BITS", bits), ("OPERAND_BITS", array.operand_bits)
    parameter = ("PARAMETER_BITS", machine.bn.parameter_bits)
    raw, requantization = ("RAW", int(machine.bn.parameters == "raw")), machine.requantization
    return [
        _array(machine),
        Part("accumulator", _tile("accumulator", ("COLS", 1), word), array.cols),
        *_stage(machine, machine.bn, _lane("bn_stage", word, parameter, raw)),
        *(_stage(machine, requantization, _lane("requantizer", word, parameter)) if requantization else ()),
        *_stage(machine, machine.residual_add, _lane("residual_add", word, operand)),
        *_stage(machine, machine.pooling, _lane("pooling", word)),
        *_stage(machine, machine.activation, _lane("activation", word)),
    ]


def fused_datapath(machine: MachineConfig) -> list[Part]:
    """Return what is left of it in a machine for networks whose BatchNorms are folded.

    Into weights or into the requantiser's multipliers does not matter: one lane multiplies by one word either way.
    """
    stays = machine.bn.when_fused == "bypassed"
    return [part for part in datapath(machine) if stays or part.unit != BN_STAGE]


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


def _stage(machine: MachineConfig, stage: BnConfig | StageConfig, lane: Tile) -> list[Part]:
    """Lanes, no more than a row of the array is wide, and their pipeline registers, which a function unit lacks."""
    lanes = min(stage.lanes, machine.array.cols)
    parts = [Part(lane.module, lane, lanes)]
    if machine.bn.placement != "pass" and stage.latency_cycles:
        register = _tile("delay_line", ("WIDTH", 1), ("CYCLES", 1))
        parts.append(Part(lane.module, register, lanes * machine.array.psum_bits * stage.latency_cycles))
    return parts


def _lane(module: str, *parameters: tuple[str, int]) -> Tile:
    return _tile(module, ("LANES", 1), ("LATENCY", 0), *parameters)


def _tile(module: str, *parameters: tuple[str, int]) -> Tile:
    return Tile(module, parameters)
