"""Actions of the conv array and of the accumulator behind it (docs/energy.md; docs/microarchitecture.md, §3)."""

from __future__ import annotations

from typing import NamedTuple

from accelsim.config.machine import ArrayConfig, MachineConfig
from accelsim.energy.action import Action, Component, action
from accelsim.energy.parameters import parameter_reads
from accelsim.energy.taps import positions_inside, taps_by_position, taps_inside
from accelsim.energy.tiles import tile_classes
from accelsim.errors import InputError
from accelsim.mapping.tiling import spans
from accelsim.program.conv_tiles import ConvTiles
from accelsim.program.phases import Phase
from accelsim.timing.integers import ceil_div
from accelsim.timing.sparsity import kept_channels
from accelsim.weight_layout import kept_weights, stored_weight_bits


class OperandReads(NamedTuple):
    """Elements that go from the buffers into the array."""

    ifmap: int
    weight: int


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

    Raises
    ------
    InputError
        If the array skips folds of this convolution.
    """
    if tiles.shape.zero_kernels:
        raise InputError(
            "energy is not counted where folds of zero weights are skipped; set it to false",
            key="machine.array.skip_zero_folds",
        )
    array, bias = machine.array, phase.epilogue.bias
    outputs = tiles.shape.batch * tiles.shape.output.elements
    macs = _macs(machine, tiles)
    reads = _operand_reads(machine, tiles)
    sums = outputs * _sums_per_output(machine, tiles)
    # what a tile begins with is added to nothing, or to a bias
    sums_read = sums - outputs
    biases = parameter_reads(machine, tile_classes(machine, phase), array.cols) if bias else 0
    return [
        action("conv_array", "multiply", array.operand_bits, macs, by_bits=machine.weight_bits),
        action("conv_array", "add", array.psum_bits, macs),
        action(source, "read", phase.source_bits, reads.ifmap),
        action("weight_buffer", "read", stored_weight_bits(machine, tiles.shape), reads.weight),
        action("parameter_buffer", "read", machine.bn.parameter_bits, biases),
        action("accumulator", "add", array.psum_bits, sums_read + outputs * bias),
        action("accumulator", "read", array.psum_bits, sums_read),
        action("accumulator", "write", array.psum_bits, sums),
    ]


def _macs(machine: MachineConfig, tiles: ConvTiles) -> int:
    """Multiply-accumulates: every kept weight meets every vector that streams past, padding and what is dropped."""
    shape = tiles.shape
    vectors = shape.batch * shape.output.pixels
    if machine.array.ifmap_streaming == "raster":
        vectors = sum(tile.padded_positions(shape.window) for tile in tiles.pixels)
    return vectors * _weights(machine, tiles)


def _operand_reads(machine: MachineConfig, tiles: ConvTiles) -> OperandReads:
    """Read the stationary operand once a fold as it is preloaded, the other as it streams past; zeros are not read."""
    array, shape, weights = machine.array, tiles.shape, _weights(machine, tiles)
    pixels = [tile.pixels for tile in tiles.pixels]
    taps = shape.input.channels * taps_inside(shape)
    column_blocks = sum(ceil_div(channels.size, array.cols) for channels in tiles.channels)
    if array.dataflow == "is":
        return OperandReads(len(tiles.channels) * taps, sum(ceil_div(count, array.cols) for count in pixels) * weights)
    if array.dataflow == "os":
        return OperandReads(column_blocks * taps, sum(ceil_div(count, array.rows) for count in pixels) * weights)
    if array.ifmap_streaming == "raster":
        rows, columns = {tile.rows for tile in tiles.pixels}, {tile.columns for tile in tiles.pixels}
        channels = sum(sum(_channels_read(array, depth.size, 1)) for depth in tiles.ks)
        taps = shape.groups * channels * shape.window.positions * positions_inside(shape, rows, columns)
    else:
        taps_here = taps_by_position(shape)
        taps = shape.groups * sum(
            count * channels
            for depth in tiles.ks
            for count, channels in zip(taps_here, _channels_read(array, depth.size, len(taps_here)), strict=True)
        )
    return OperandReads(column_blocks * taps, len(pixels) * weights)


def _sums_per_output(machine: MachineConfig, tiles: ConvTiles) -> int:
    """Psums that the array delivers for an output: one for each fold of its K; in ``os`` one for each operation."""
    array, positions = machine.array, tiles.shape.window.positions
    depths = [kept_channels(array.sparsity, channels.size) for channels in tiles.ks]
    if array.dataflow == "os":
        return len(depths)
    if array.ifmap_streaming == "raster":
        return positions * sum(ceil_div(depth, array.rows) for depth in depths)
    return sum(ceil_div(depth * positions, array.rows) for depth in depths)


def _channels_read(array: ArrayConfig, channels: int, positions: int) -> list[int]:
    """Return how many channels are read for a vector of an operation at each of these kernel positions.

    A block of channels is read for every fold that has some of its rows: they follow one another, and may be in two.
    """
    counts = [0] * positions
    first_row = 0
    for block in spans(channels, array.sparsity.block):
        rows = kept_channels(array.sparsity, block.size)
        for position in range(positions):
            folds = (first_row + rows - 1) // array.rows - first_row // array.rows + 1
            counts[position] += folds * block.size
            first_row += rows
    return counts


def _weights(machine: MachineConfig, tiles: ConvTiles) -> int:
    shape = tiles.shape
    return kept_weights(machine.array, shape, shape.input.channels // shape.groups, shape.output.channels)
