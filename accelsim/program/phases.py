"""The phases of a layer, and which tile of the tensors each operation of its program works on.

A program's operations hold shapes; where in the tensors these lie is known from the tiling, in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, product
from typing import NamedTuple

from accelsim.config.machine import MachineConfig
from accelsim.layers import ConvShape, Epilogue, Layer, StreamShape
from accelsim.layout import Span
from accelsim.mapping.plan import LayerMapping, streamed_shape
from accelsim.mapping.tiling import PixelTile, Tiling, pixel_tiles, spans
from accelsim.program.conv_tiles import ConvJob, ConvTiles, TileIndex, worked_shape
from accelsim.requantization import multiplier_words, requantizes
from accelsim.timing.array import groups_per_fold


class OutputTile(NamedTuple):
    """Pixels and channels of the output that are drained together.

    ``groups`` of a convolution lie in it, ``packed`` of which share a fold; both are 1 in what is streamed.
    """

    pixels: PixelTile
    channels: Span
    groups: int = 1
    packed: int = 1


class Phase(NamedTuple):
    """A convolution, or what is streamed: a layer, or one of the two phases of a layer with an off-chip BN."""

    shape: ConvShape | StreamShape
    epilogue: Epilogue
    parameters_at_once: bool
    source_bits: int
    stored_bits: int
    tiles: Sequence[OutputTile]
    """In the order in which they are drained."""
    conv_tiles: ConvTiles | None
    """Where the phase is a convolution: its tiles, in the order in which the array works on them."""
    requantizes: bool
    """Whether its results pass the requantiser."""
    multiplier_words: int
    """Parameter words per channel that the requantiser takes; where there are none it uses a register."""

    @property
    def order(self) -> Sequence[TileIndex]:
        """The tiles of the array's operations."""
        return self.conv_tiles.order if self.conv_tiles else ()

    @property
    def ifmap_loads(self) -> Sequence[tuple[PixelTile, Span]]:
        """What every filling of the ifmap buffer holds: the input behind which pixels, and which channels."""
        tiles = self.conv_tiles
        if tiles is None:
            return [(tile.pixels, tile.channels) for tile in self.tiles]
        used = [next(same) for _, same in groupby(tiles.order, lambda index: (index.group, index.pixel, index.k))]
        return [(tiles.pixels[index.pixel], tiles.input_channels(index)) for index in used]

    @property
    def weight_loads(self) -> Sequence[tuple[Span, Span]]:
        """What every filling of the weight buffer holds: which output channels, and which inputs of each group."""
        tiles = self.conv_tiles
        if tiles is None:
            return ()
        used = [next(same) for _, same in groupby(tiles.order, lambda index: (index.group, index.channel, index.k))]
        return [(tiles.output_channels(index), tiles.ks[index.k]) for index in used]

    @property
    def parameter_loads(self) -> Sequence[Span]:
        """The channels that every filling of the parameter buffer holds."""
        if not (self.epilogue.bias or self.epilogue.batchnorm or self.multiplier_words):
            return ()
        if self.parameters_at_once:
            return [Span(0, self.shape.output.channels)]
        return [channels for channels, _ in groupby(tile.channels for tile in self.tiles)]


def layer_phases(machine: MachineConfig, layer: Layer, mapping: LayerMapping) -> list[Phase]:
    """Return the phases of a layer, in order."""
    operand_bits, at_once = machine.array.operand_bits, mapping.parameters_at_once
    if not isinstance(layer.shape, ConvShape):
        return [_streamed(machine, layer.shape, layer.epilogue, mapping.tiling, at_once, operand_bits, operand_bits)]
    if mapping.second_phase is None or not layer.epilogue.batchnorm:
        return [_convolution(machine, layer.shape, layer.epilogue, mapping.tiling, at_once, operand_bits, operand_bits)]
    between = machine.intermediate_bits
    first = Epilogue(bias=layer.epilogue.bias, folded_scale=layer.epilogue.folded_scale)
    second = layer.epilogue._replace(bias=False, folded_scale=False)
    return [
        _convolution(machine, layer.shape, first, mapping.tiling, at_once, operand_bits, between),
        _streamed(machine, streamed_shape(layer.shape), second, mapping.second_phase, at_once, between, operand_bits),
    ]


def _convolution(
    machine: MachineConfig,
    shape: ConvShape,
    epilogue: Epilogue,
    tiling: Tiling,
    at_once: bool,
    source_bits: int,
    stored_bits: int,
) -> Phase:
    shape = worked_shape(machine, shape)
    tiles = ConvTiles(ConvJob(shape, epilogue, tiling, at_once, stored_bits, ifmap_on_chip=False, ofmap_on_chip=False))
    # K is innermost: an output tile is what the operations of one group, pixel and channel tile have in common.
    outputs = dict.fromkeys(index._replace(k=0) for index in tiles.order)
    drained = [
        OutputTile(
            tiles.pixels[index.pixel],
            tiles.output_channels(index),
            tiles.groups[index.group].size,
            groups_per_fold(machine.array, tiles.work(index)),
        )
        for index in outputs
    ]
    return Phase(
        shape,
        epilogue,
        at_once,
        source_bits,
        stored_bits,
        drained,
        tiles,
        requantizes(machine, epilogue, convolution=True),
        multiplier_words(machine, epilogue, convolution=True),
    )


def _streamed(
    machine: MachineConfig,
    shape: StreamShape,
    epilogue: Epilogue,
    tiling: Tiling,
    at_once: bool,
    source_bits: int,
    stored_bits: int,
) -> Phase:
    pixels = pixel_tiles(shape.batch, shape.output, tiling.images, tiling.out_height, tiling.out_width)
    channels = spans(shape.output.channels, tiling.out_channels)
    drained = [OutputTile(tile, span) for span, tile in product(channels, list(pixels))]
    return Phase(
        shape,
        epilogue,
        at_once,
        source_bits,
        stored_bits,
        drained,
        None,
        requantizes(machine, epilogue, convolution=False),
        multiplier_words(machine, epilogue, convolution=False),
    )
