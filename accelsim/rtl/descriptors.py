"""A program's operations as RTL takes them: shapes, addresses and tokens. There are no cycle counts in them."""

from __future__ import annotations

from collections.abc import Iterable

from accelsim.config.machine import MachineConfig
from accelsim.layout import Region
from accelsim.mapping.tiling import PixelTile
from accelsim.program.conv_tiles import ConvTiles, TileIndex
from accelsim.program.operations import (
    AccumulateOperation,
    ArrayOperation,
    DrainOperation,
    Pass,
    PassOperation,
    Stage,
    Token,
    TransferOperation,
)
from accelsim.program.phases import OutputTile, Phase
from accelsim.rtl.machine_parameters import BUFFERS
from accelsim.rtl.operands import Operands
from accelsim.rtl.words import Words, field_words
from accelsim.timing.array import groups_per_fold
from accelsim.timing.integers import ceil_div
from accelsim.workload.shapes import Window

TOKENS: tuple[Token, ...] = (
    Token.ARRAY_STREAM,
    Token.IFMAP_FULL,
    Token.WEIGHT_FULL,
    Token.BIAS_FULL,
    Token.ACCUMULATOR_FREE,
    Token.FUNCTION_UNIT_READY,
    Token.ACCUMULATOR_FULL,
    Token.PARAMETER_FULL,
    Token.RESIDUAL_FULL,
    Token.OFMAP_FREE,
    Token.OFMAP_FULL,
    Token.IFMAP_FREE,
    Token.WEIGHT_FREE,
    Token.PARAMETER_FREE,
    Token.RESIDUAL_FREE,
)
"""In the order in which RTL numbers them, which is that in which every unit looks at them."""

_STAGE_BITS: dict[Stage, int] = {"bn_stage": 1, "requantizer": 2, "residual_add": 4, "pooling": 8, "activation": 16}
_PASS_BITS: dict[Pass, int] = {
    "batchnorm": 1,
    "requantize": 2,
    "residual_add": 4,
    "pooling": 8,
    "activation": 16,
    "readout": 16,
}


DRAIN_FIELDS = 11 + 3 * 15 + 13
"""Fields of a drain's descriptor, of which its three windows have 15 each."""


def transfer_words(operation: TransferOperation, region: Region | None = None, bits: int = 8) -> Words:
    """Return the DMA's descriptor.

    Parameters
    ----------
    operation
        The transfer.
    region, bits
        What of the tensor a write moves, and the width of its elements: it leaves the bits beside it as they are.
    """
    transfer = operation.transfer
    head, tail, masked_bytes = 0xFF, 0xFF, transfer.row_bytes
    if region is not None:
        masked_bytes = ceil_div(region.right * bits, 8) - region.left * bits // 8  # rows that touch are one run
        head = 0xFF << region.left * bits % 8 & 0xFF
        tail = 0xFF >> -region.right * bits % 8
    return field_words(
        [
            _mask(operation.takes),
            _mask(operation.gives),
            int(transfer.direction == "write"),
            BUFFERS.index(transfer.buffer),
            transfer.address,
            transfer.row_bytes,
            transfer.rows,
            transfer.row_stride_bytes,
            transfer.planes,
            transfer.plane_stride_bytes,
            transfer.images,
            transfer.image_stride_bytes,
            masked_bytes,
            head,
            tail,
        ]
    )


def product_words(
    machine: MachineConfig, phase: Phase, tiles: ConvTiles, operation: ArrayOperation, index: TileIndex
) -> Words:
    """Return the conv array's descriptor of one of the operations of a convolution."""
    work = operation.work
    window, pixels = phase.shape.window, tiles.pixels[index.pixel]
    raster = machine.array.ifmap_streaming == "raster"
    grid = (pixels.rows.size, pixels.columns.size)
    if raster:  # the window stands at every padded position
        grid = (grid[0] + window.extent[0] - 1, grid[1] + window.extent[1] - 1)
    return field_words(
        [
            _mask(operation.takes),
            _mask(operation.gives),
            *_source_fields(phase, pixels, tiles.input_channels(index).size, grid),
            work.pixels,
            work.positions if raster else work.pixels,
            int(raster),
            pixels.rows.size,
            pixels.columns.size,
            work.kernel_positions,
            work.in_channels,
            work.out_channels,
            work.groups,
            groups_per_fold(machine.array, work),
            int(phase.epilogue.bias),
            tiles.output_channels(index).start if phase.parameters_at_once else 0,
            parameter_words(machine, phase),
        ]
    )


def drain_words(
    machine: MachineConfig,
    phase: Phase,
    operation: DrainOperation | PassOperation,
    tile: OutputTile,
    operands: Operands,
    shift: int,
) -> Words:
    """Return the descriptor of a drain, or of one pass over a tile."""
    if isinstance(operation, DrainOperation):
        stages = sum(_STAGE_BITS[stage] for stage in operation.stages)
        activates = converts = True
    else:
        stages = _PASS_BITS[operation.kind]
        activates, converts = operation.kind == "activation", operation.kind == "readout"
    function = phase.epilogue.activation if activates else None
    streamed = phase.conv_tiles is None
    outer, extent, last_extent, rows = _blocks(machine, tile)
    output = tile.pixels.output_region
    return field_words(
        [
            _mask(operation.takes),
            _mask(operation.gives),
            stages,
            int(Token.IFMAP_FULL in operation.takes),
            int(converts),
            int(streamed),
            outer,
            extent,
            last_extent,
            rows,
            operation.window,
            *_source_fields(phase, tile.pixels, tile.channels.size, (tile.pixels.rows.size, tile.pixels.columns.size)),
            *_output_fields(output, tile.channels.size, machine.array.operand_bits),
            *_output_fields(output, tile.channels.size, phase.stored_bits),
            tile.channels.start if phase.parameters_at_once else 0,
            parameter_words(machine, phase),
            int(phase.epilogue.bias),
            int(phase.multiplier_words > 0),
            operands.multiplier >> 32,
            operands.multiplier,
            int(operands.pooling.average),
            operands.pooling.reciprocal,
            int(function is not None),
            int(function == "relu6"),
            operands.clip_high,
            int(converts),
            shift,
        ]
    )


def accumulate_words(operation: AccumulateOperation) -> Words:
    """Return the descriptor of an accumulate of the function unit: an operation without a stage."""
    return field_words([_mask(operation.takes), _mask(operation.gives), *[0] * (DRAIN_FIELDS - 2)])


def parameter_words(machine: MachineConfig, phase: Phase) -> int:
    """Words per channel in the parameter buffer; a bias is the first of them."""
    return phase.epilogue.bias + machine.bn.words * phase.epilogue.batchnorm + phase.multiplier_words


def psum_rows(machine: MachineConfig, tile: OutputTile) -> int:
    """Rows of the psum memory that a tile takes."""
    outer, extent, _, rows = _blocks(machine, tile)
    return outer * ceil_div(extent, machine.array.cols) * rows


def _blocks(machine: MachineConfig, tile: OutputTile) -> tuple[int, int, int, int]:
    """Return in which rows a tile lies (docs/microarchitecture.md, §3): groups or packs of them, columns, rows."""
    pixels, channels = tile.pixels.pixels, tile.channels.size // tile.groups
    if machine.array.dataflow == "is":
        return tile.groups, pixels, pixels, channels
    packs = ceil_div(tile.groups, tile.packed)
    return packs, tile.packed * channels, (tile.groups - (packs - 1) * tile.packed) * channels, pixels


def _source_fields(phase: Phase, pixels: PixelTile, planes: int, grid: tuple[int, int]) -> list[int]:
    """Return the window that moves over a loaded input region."""
    window = phase.shape.window
    region = pixels.input_region(window, phase.shape.input)
    top, left = window.padding[:2]
    origin = (
        pixels.rows.start * window.stride[0] - top - region.top,
        pixels.columns.start * window.stride[1] - left - region.left,
    )
    return _window_fields(window, grid, origin, region, planes, phase.source_bits)


def _output_fields(region: Region, planes: int, bits: int) -> list[int]:
    """Return the window that meets each element of an output tile once."""
    grid = (region.bottom - region.top, region.right - region.left)
    return _window_fields(Window(), grid, (0, 0), region, planes, bits)


def _window_fields(
    window: Window, grid: tuple[int, int], origin: tuple[int, int], region: Region, planes: int, bits: int
) -> list[int]:
    """Return a window over a region in a buffer half: each row from its first byte to its last."""
    first_byte = region.left * bits // 8
    return [
        *grid,
        window.kernel[1],
        *window.stride,
        *window.dilation,
        *origin,
        region.bottom - region.top,
        region.right - region.left,
        planes,
        ceil_div(region.right * bits, 8) - first_byte,
        region.left * bits % 8,
        bits,
    ]


def _mask(tokens: Iterable[Token]) -> int:
    return sum(1 << TOKENS.index(token) for token in tokens)
