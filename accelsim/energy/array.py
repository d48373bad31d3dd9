"""Actions of the conv array and of the accumulator behind it (docs/energy.md; docs/microarchitecture.md, §3)."""

from __future__ import annotations

from typing import NamedTuple

from accelsim.config.machine import ArrayConfig, MachineConfig
from accelsim.energy.action import Action, Component, action
from accelsim.energy.parameters import parameter_reads
from accelsim.energy.row_blocks import ifmap_reads
from accelsim.energy.skipped import Skipped, skipped
from accelsim.energy.tiles import tile_classes
from accelsim.program.conv_tiles import ConvTiles
from accelsim.program.phases import Phase
from accelsim.timing.integers import ceil_div
from accelsim.timing.sparsity import kept_channels
from accelsim.timing.zero_folds import block_columns, block_rows, kernel_offsets
from accelsim.weight_layout import kept_weights, stored_weight_bits


class Psums(NamedTuple):
    """What comes to the accumulator."""

    delivered: int
    """Psums that the array delivers."""
    begun: int
    """Outputs that it delivers any for."""
    untouched: int
    """Outputs that it delivers none for, since all their folds are skipped: they are their bias, or zero."""


def convolution_actions(machine: MachineConfig, phase: Phase, tiles: ConvTiles, source: Component) -> list[Action]:
    """Count what happens up to the accumulator.

    Parameters
    ----------
    machine
        The machine.
    phase, tiles
        The convolution, and how it is cut.
    source
        The buffer that holds the ifmap.
    """
    array, bias = machine.array, phase.epilogue.bias
    per_output = _psums_per_output(array, tiles)
    undone = skipped(array, tiles, per_output)
    weights = _weights(array, tiles) - undone.weights
    macs = weights * _vectors(array, tiles)
    psums = _psums(tiles, per_output, undone)
    # what a tile begins with is added to nothing, or to a bias
    psums_read = psums.delivered - psums.begun
    biases = parameter_reads(machine, tile_classes(machine, phase), array.cols) if bias else 0
    return [
        action("conv_array", "multiply", array.operand_bits, macs, by_bits=machine.weight_bits),
        action("conv_array", "add", array.psum_bits, macs),
        action(source, "read", phase.source_bits, _ifmap_reads(array, tiles) - undone.ifmap_reads),
        action("weight_buffer", "read", stored_weight_bits(machine, tiles.shape), weights * _readings(array, tiles)),
        action("parameter_buffer", "read", machine.bn.parameter_bits, biases),
        action("accumulator", "add", array.psum_bits, psums_read + psums.begun * bias),
        action("accumulator", "read", array.psum_bits, psums_read),
        action("accumulator", "write", array.psum_bits, psums.delivered + psums.untouched),
    ]


def _weights(array: ArrayConfig, tiles: ConvTiles) -> int:
    shape = tiles.shape
    return kept_weights(array, shape, shape.input.channels // shape.groups, shape.output.channels)


def _vectors(array: ArrayConfig, tiles: ConvTiles) -> int:
    """Vectors that every kept weight meets, and is multiplied with: with their padding and with what is dropped."""
    shape = tiles.shape
    if array.ifmap_streaming == "raster":
        return sum(tile.padded_positions(shape.window) for tile in tiles.pixels)
    return shape.batch * shape.output.pixels


def _readings(array: ArrayConfig, tiles: ConvTiles) -> int:
    """How often a weight is read: preloaded once for all pixels of a tile, or streamed past each block of them."""
    if array.dataflow == "ws":
        return len(tiles.pixels)
    side = array.cols if array.dataflow == "is" else array.rows
    return sum(ceil_div(tile.pixels, side) for tile in tiles.pixels)


def _ifmap_reads(array: ArrayConfig, tiles: ConvTiles) -> int:
    """Read the ifmap in every fold, skipped or not, once: as it is preloaded or streams past; zeros are not read."""
    in_a_column = sum(int(ifmap_reads(array, tiles, channels.size).sum()) for channels in tiles.ks)
    columns = sum(ceil_div(channels.size, block_columns(array, channels.size)) for channels in tiles.channels)
    return tiles.shape.groups * columns * in_a_column


def _psums_per_output(array: ArrayConfig, tiles: ConvTiles) -> int:
    """Psums for an output from all folds, skipped or not: one from each of its K; in ``os`` from each operation."""
    positions = tiles.shape.window.positions
    offsets = kernel_offsets(array, positions)
    rows = [kept_channels(array.sparsity, channels.size) * positions // offsets for channels in tiles.ks]
    return offsets * sum(ceil_div(count, block_rows(array, count)) for count in rows)


def _psums(tiles: ConvTiles, per_output: int, undone: Skipped) -> Psums:
    pixels, channels = tiles.shape.batch * tiles.shape.output.pixels, tiles.shape.output.channels
    return Psums(
        pixels * (channels * per_output - undone.psums),
        pixels * (channels - undone.untouched),
        pixels * undone.untouched,
    )
