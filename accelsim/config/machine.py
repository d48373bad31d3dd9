"""The machine: one pydantic model per block of ``docs/microarchitecture.md``, §1."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from accelsim.config.sparsity import DENSE, SparsityText

KIB = 1024

MAX_ARRAY_SIDE = 4096
MAX_LANES = 65536
MAX_CYCLES = 10**6
MAX_KIB = 2**20


class Section(BaseModel):
    """A part of the configuration: immutable, and every key must be known."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


RATIONAL = r"^\d{1,9}(\.\d{1,20}|/\d{1,9})?$"
"""How a rate may be written as text. Bounded, because ``Fraction("1e999999999")`` computes for hours."""


def _exact_rational(value: Any) -> Any:
    """Read 16, 12.8 or '64/5' as the rational number that was written, never as its nearest float."""
    is_number = isinstance(value, int | float | Fraction) and not isinstance(value, bool)
    if not is_number and not (isinstance(value, str) and re.match(RATIONAL, value, re.ASCII)):
        raise ValueError("must be a number, or a fraction such as '64/5'")
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{value} is not a finite number") from None


def _plain_number(value: Fraction) -> int | str:
    return value.numerator if value.denominator == 1 else str(value)


def _bounded_rate(value: Fraction) -> Fraction:
    if not Fraction(1, 1024) <= value <= 65536:
        raise ValueError("must be between 1/1024 and 65536")
    return value


Rate = Annotated[
    Fraction,
    Field(strict=False),
    BeforeValidator(_exact_rational),
    PlainSerializer(_plain_number),
    WithJsonSchema({"type": ["number", "string"], "pattern": RATIONAL}),
]

Bits = Annotated[int, Field(ge=1, le=64)]
OperandBits = Annotated[int, Field(ge=1, le=32)]
Lanes = Annotated[int, Field(ge=1, le=MAX_LANES)]
Cycles = Annotated[int, Field(ge=0, le=MAX_CYCLES)]
Halves = Annotated[int, Field(ge=1, le=16)]


class ArrayConfig(Section):
    """The systolic array and what it multiplies."""

    rows: int = Field(ge=1, le=MAX_ARRAY_SIDE, description="physical rows R")
    cols: int = Field(ge=1, le=MAX_ARRAY_SIDE, description="physical columns C")
    dataflow: Literal["ws", "is", "os"] = Field("ws", description="weight-, input- or output-stationary")
    ifmap_streaming: Literal["im2col", "raster"] = Field(
        "im2col",
        description="im2col: an address generator reads the window; raster: all padded input positions "
        "stream past every kernel offset (ws, stride 1)",
    )
    stationary_double_buffer: bool = Field(
        False, description="shadow registers: the next fold preloads while this one streams (ws, is)"
    )
    grouped: Literal["sequential", "block_diagonal"] = Field(
        "sequential", description="groups one after another, or several side by side in one fold (ws)"
    )
    operand_bits: OperandBits = Field(8, description="width of ifmap, residual and ofmap elements")
    weight_bits: OperandBits | None = Field(None, description="width of weights; default: operand_bits")
    psum_bits: Bits = Field(32, description="width of an accumulator word; it holds at least one product")
    sparsity: SparsityText = Field(
        DENSE,
        description="'N:M': weights of N of every M consecutive input channels are kept, and PEs select their "
        "operand of the ifmap (ws, os); or dense",
        json_schema_extra={"default": str(DENSE)},
    )
    skip_zero_folds: bool = Field(
        False, description="whether folds of which all weights are zero (zero_weights of a network) take no time"
    )


class AccumulatorConfig(Section):
    """Storage for partial sums, told in psums or in KiB."""

    psums: int | None = Field(None, ge=1, le=2**32, description="capacity of one half, in psums")
    kib: int | None = Field(
        None, ge=1, le=MAX_KIB, description="instead of psums: total capacity in KiB, all halves together"
    )
    halves: Halves = Field(2, description="parts used in turn: 2 lets the array run while one drains")

    @model_validator(mode="after")
    def _one_capacity(self) -> Self:
        if self.psums is None and self.kib is None:
            raise ValueError("needs a capacity: either psums (of one half) or kib (of all halves together)")
        if self.psums is not None and self.kib is not None:
            raise ValueError(
                f"has two capacities, psums {self.psums} and kib {self.kib}: leave one out, or set it to null, "
                "as with --set machine.accumulator.psums=null"
            )
        return self


class BufferConfig(Section):
    """One SRAM buffer."""

    kib: int = Field(ge=1, le=MAX_KIB, description="total capacity in KiB, all halves together")
    halves: Halves = Field(2, description="equal parts used in turn")

    @property
    def half_bytes(self) -> int:
        """Capacity of one half in bytes."""
        return self.kib * KIB // self.halves


class BuffersConfig(Section):
    """The five SRAM buffers."""

    ifmap: BufferConfig
    weight: BufferConfig
    parameter: BufferConfig
    residual: BufferConfig
    ofmap: BufferConfig


class DmaConfig(Section):
    """The DMA engine."""

    burst_bytes: int = Field(256, ge=1, le=2**20, description="longest burst; each contiguous run is cut into these")


class DramConfig(Section):
    """The memory behind the DMA."""

    model: Literal["ideal"] = Field("ideal", description="ideal: a rate and a read latency")
    bytes_per_cycle: Annotated[Rate, BeforeValidator(lambda v: _bounded_rate(_exact_rational(v)))] = Field(
        description="port width, an exact number such as 16, 12.8 or '64/5'"
    )
    read_latency_cycles: Cycles = Field(0, description="from the last beat on the port until the data can be used")


class BnConfig(Section):
    """The BatchNorm stage."""

    placement: Literal["inline", "pass", "offchip"] = Field(
        "inline",
        description="inline: a streaming stage behind the accumulator; pass: a shared function unit makes passes "
        "over the accumulated tile; offchip: a second trip through DRAM",
    )
    lanes: Lanes = Field(description="elements normalised per cycle")
    latency_cycles: Cycles = Field(0, description="pipeline latency of the stage (inline, offchip)")
    flush_cycles: Cycles = Field(0, description="cycles a pass of the function unit costs beyond its rows (pass)")
    parameters: Literal["scale_shift", "raw"] = Field(
        "scale_shift", description="2 words per channel (scale, shift), or 4 (gamma, beta, mean, variance)"
    )
    parameter_bits: Bits = Field(32, description="width of every word in the parameter buffer, biases included")
    intermediate_bits: Bits | None = Field(
        None, description="width of what goes off chip before BN (offchip); default: operand_bits"
    )
    when_fused: Literal["removed", "bypassed"] = Field(
        "removed", description="whether a machine for fused networks has no BN stage, or keeps an idle one"
    )

    @property
    def words(self) -> int:
        """Parameter words per channel of an unfused BN."""
        return {"scale_shift": 2, "raw": 4}[self.parameters]


class StageConfig(Section):
    """A streaming stage of the post-pipeline."""

    lanes: Lanes = Field(description="elements per cycle")
    latency_cycles: Cycles = Field(0, description="pipeline latency of the stage (inline, offchip)")


class RequantizationConfig(StageConfig):
    """The requantiser: a stage that brings psums to the width of operands (docs/microarchitecture.md, §4)."""

    weight_scales: Literal["per_tensor", "per_channel"] = Field(
        "per_channel",
        description="scales of quantised weights: one for all (a multiplier in a register), or one for each output "
        "channel (a multiplier in the parameter buffer, unless BN's own constants carry it)",
    )


class MachineConfig(Section):
    """A whole machine; see docs/microarchitecture.md.

    Raises
    ------
    ValueError
        On a combination that the machine cannot have (reported by pydantic with the key).
    """

    name: str = Field("machine", max_length=200)
    clock_mhz: float = Field(500.0, gt=0, le=100_000, description="turns cycles into time")
    array: ArrayConfig
    accumulator: AccumulatorConfig
    buffers: BuffersConfig
    dma: DmaConfig = DmaConfig()
    dram: DramConfig
    bn: BnConfig
    requantization: RequantizationConfig | None = Field(
        None, description="a stage of its own between BN and residual add; default: the activation stage converts"
    )
    residual_add: StageConfig
    pooling: StageConfig
    activation: StageConfig
    keep_on_chip: bool = Field(
        False,
        description="an ofmap that fits one ofmap half stays there for the next layer, if that alone reads it",
    )

    @property
    def can_pool(self) -> bool:
        """Whether what lies behind the pooling stage takes what it delivers (docs/microarchitecture.md, §4).

        Pooling delivers a group of columns as wide as its lanes at once, with the last position of their windows. A
        narrower activation would still be at work on the last group when all others are through.
        """
        widths = [min(stage.lanes, self.array.cols) for stage in (self.pooling, self.activation)]
        return self.bn.placement == "pass" or widths[0] <= widths[1]

    def stage(self, name: str) -> BnConfig | StageConfig:
        """Return a stage of the post-pipeline by the name of its unit, or of a pass of the function unit.

        Raises
        ------
        ValueError
            If it is the requantiser, and the machine has none.
        """
        match name:
            case "bn_stage" | "batchnorm":
                return self.bn
            case "requantizer" | "requantize":
                if self.requantization is None:
                    raise ValueError("the machine has no requantiser")
                return self.requantization
            case "residual_add":
                return self.residual_add
            case "pooling":
                return self.pooling
            case _:
                return self.activation

    @property
    def intermediate_bits(self) -> int:
        """Width of an unfused BN's input in DRAM."""
        return self.bn.intermediate_bits or self.array.operand_bits

    @property
    def weight_bits(self) -> int:
        """Width of a weight."""
        return self.array.weight_bits or self.array.operand_bits

    @property
    def half_psums(self) -> int:
        """Capacity of one half of the accumulator, in psums."""
        accumulator = self.accumulator
        if accumulator.psums is not None:
            return accumulator.psums
        return (accumulator.kib or 0) * KIB * 8 // accumulator.halves // self.array.psum_bits

    @model_validator(mode="after")
    def _combination_exists(self) -> Self:
        array, bn = self.array, self.bn
        product_bits = array.operand_bits + self.weight_bits
        if array.psum_bits < product_bits:
            raise ValueError(
                f"array.psum_bits: {array.psum_bits} is less than the {product_bits} bits of one product: "
                f"operand_bits is {array.operand_bits}, weight_bits {self.weight_bits}"
            )
        if array.ifmap_streaming == "raster" and array.dataflow != "ws":
            raise ValueError(
                "array.ifmap_streaming: 'raster' streams past stationary weights, so it needs array.dataflow 'ws', "
                f"not '{array.dataflow}'"
            )
        if array.stationary_double_buffer and array.dataflow == "os":
            raise ValueError(
                "array.stationary_double_buffer: dataflow 'os' preloads no operand; use it with 'ws' or 'is'"
            )
        if array.grouped == "block_diagonal" and array.dataflow != "ws":
            raise ValueError(
                "array.grouped: 'block_diagonal' packs groups into stationary weights, so it needs array.dataflow "
                f"'ws', not '{array.dataflow}'"
            )
        if array.dataflow == "is" and not array.sparsity.is_dense:
            raise ValueError(
                f"array.sparsity: '{array.sparsity}' selects operands of the ifmap as they stream past weights, but in "
                "dataflow 'is' they are stationary; use 'ws' or 'os', or 'dense'"
            )
        if bn.placement == "pass" and bn.flush_cycles:
            if array.stationary_double_buffer:
                raise ValueError(
                    "bn.flush_cycles: must be 0 with array.stationary_double_buffer, because folds then follow one "
                    "another without a gap for the function unit to flush in"
                )
            spare = array.cols - 1 if array.dataflow == "os" else 2 * array.rows + array.cols - 2
            if bn.flush_cycles > spare:
                raise ValueError(
                    f"bn.flush_cycles: {bn.flush_cycles} is more than the {spare} cycles that a fold of this array "
                    "leaves the function unit"
                )
        return self
