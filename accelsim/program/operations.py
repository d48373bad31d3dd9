"""The operations of a program: what each unit executes, in order. Plain data; units derive the cycles.

``takes`` lists tokens in the order of the table in docs/microarchitecture.md, §2: a wait is blamed on the first that is
missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple, get_args

from accelsim.config.machine import MachineConfig
from accelsim.timing.work import ArrayWork, Block, Transfer


class Token(StrEnum):
    """A counter that operations take from and give to (docs/microarchitecture.md, §2)."""

    IFMAP_FULL = "ifmap_full"
    IFMAP_FREE = "ifmap_free"
    WEIGHT_FULL = "weight_full"
    WEIGHT_FREE = "weight_free"
    BIAS_FULL = "bias_full"
    PARAMETER_FULL = "parameter_full"
    PARAMETER_FREE = "parameter_free"
    RESIDUAL_FULL = "residual_full"
    RESIDUAL_FREE = "residual_free"
    ACCUMULATOR_FULL = "accumulator_full"
    ACCUMULATOR_FREE = "accumulator_free"
    OFMAP_FULL = "ofmap_full"
    OFMAP_FREE = "ofmap_free"
    FUNCTION_UNIT_READY = "function_unit_ready"
    ARRAY_STREAM = "array_stream"


Tokens = tuple[Token, ...]

Stage = Literal["bn_stage", "requantizer", "residual_add", "pooling", "activation"]
"""A stage of the post-pipeline, in the order in which data passes them."""

STAGES: tuple[Stage, ...] = get_args(Stage)

Pass = Literal["batchnorm", "requantize", "residual_add", "pooling", "activation", "readout"]
"""A pass of the function unit, in the order in which they run."""


class TransferOperation(NamedTuple):
    """DMA: move one transfer. Reads give their tokens one read latency after the port is free."""

    label: str
    transfer: Transfer
    takes: Tokens
    gives: Tokens


class ArrayOperation(NamedTuple):
    """Conv array: multiply one ifmap half with one weight half.

    ``announces`` are tokens given at the *start* of the operation and usable in that same cycle: the stream to the
    function unit.
    """

    label: str
    work: ArrayWork[int]
    takes: Tokens
    gives: Tokens
    announces: Tokens = ()


class DrainOperation(NamedTuple):
    """Post-pipeline: stream blocks of psums (or of a loaded tile) through some of the stages."""

    label: str
    stages: tuple[Stage, ...]
    window: int
    """Positions of the pooling window; the pooling stage reads that many rows for each row of ``blocks``."""
    blocks: tuple[Block[int], ...]
    takes: Tokens
    gives: Tokens


class AccumulateOperation(NamedTuple):
    """Function unit: accumulate what one array operation streams out, for as long as that takes.

    ``offers`` are the tokens given as soon as the unit is ready for it.
    """

    label: str
    work: ArrayWork[int]
    takes: Tokens
    gives: Tokens
    offers: Tokens


class PassOperation(NamedTuple):
    """Function unit: one pass over the blocks of a tile."""

    label: str
    kind: Pass
    window: int
    """Positions of the pooling window where ``kind`` is pooling, else 1."""
    blocks: tuple[Block[int], ...]
    takes: Tokens
    gives: Tokens


FunctionUnitOperation = AccumulateOperation | PassOperation


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The operations of one layer, per unit and in order; a unit that the machine lacks has none.

    ``tokens`` are the counts at the start; a token left out starts at 0.
    """

    transfers: Sequence[TransferOperation]
    array: Sequence[ArrayOperation]
    drains: Sequence[DrainOperation]
    function_unit: Sequence[FunctionUnitOperation]
    tokens: Mapping[Token, int]


def free_halves(machine: MachineConfig, ifmap_on_chip: bool) -> dict[Token, int]:
    """Return the tokens at the start of a layer: all halves free, but for an ofmap half that holds its ifmap."""
    buffers = machine.buffers
    return {
        Token.IFMAP_FREE: buffers.ifmap.halves,
        Token.WEIGHT_FREE: buffers.weight.halves,
        Token.PARAMETER_FREE: buffers.parameter.halves,
        Token.RESIDUAL_FREE: buffers.residual.halves,
        Token.ACCUMULATOR_FREE: machine.accumulator.halves,
        Token.OFMAP_FREE: buffers.ofmap.halves - ifmap_on_chip,
    }
