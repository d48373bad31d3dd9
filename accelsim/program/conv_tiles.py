"""The tiles of a convolution, and the order in which the array works on them (docs/microarchitecture.md, §9)."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

from accelsim.config.machine import MachineConfig
from accelsim.layers import ConvShape, Epilogue
from accelsim.layout import Span
from accelsim.mapping.tiling import PixelTile, Tiling, pixel_tiles, spans
from accelsim.requantization import drain_words
from accelsim.timing.work import ArrayWork
from accelsim.workload.shapes import ZeroKernels


class ConvJob(NamedTuple):
    """What to write a program for: a convolution and what follows it in the same pass."""

    shape: ConvShape
    epilogue: Epilogue
    tiling: Tiling
    parameters_at_once: bool
    """Whether the parameters of all channels are loaded together."""
    stored_bits: int
    """Width of what is stored."""
    ifmap_on_chip: bool
    """Whether the ifmap lies in an ofmap half already."""
    ofmap_on_chip: bool
    """Whether the result stays in an ofmap half."""

    def words(self, machine: MachineConfig) -> int:
        """Parameter words per channel: a bias, and what is taken behind the array."""
        return self.epilogue.bias + self.drain_words(machine)

    def drain_words(self, machine: MachineConfig) -> int:
        """Parameter words per channel of BN or the requantiser."""
        return drain_words(machine, self.epilogue, convolution=True)


def worked_shape(machine: MachineConfig, shape: ConvShape) -> ConvShape:
    """Return a convolution as far as a machine looks at it: at zero weights only if it skips their folds."""
    return shape if machine.array.skip_zero_folds else shape._replace(zero_kernels=())


class TileIndex(NamedTuple):
    """Which tile of every dimension an array operation works on."""

    group: int
    pixel: int
    channel: int
    k: int

    @property
    def output(self) -> str:
        """Name of the output tile."""
        return f"g{self.group} m{self.pixel} n{self.channel}"

    def __str__(self) -> str:
        return f"{self.output} k{self.k}"


class ConvTiles:
    """A convolution cut into tiles.

    Parameters
    ----------
    job
        The convolution, and its tiling.
    """

    def __init__(self, job: ConvJob) -> None:
        shape, tiling = job.shape, job.tiling
        self.shape = shape
        self.groups: list[Span] = spans(shape.groups, tiling.groups)
        self.pixels: list[PixelTile] = list(
            pixel_tiles(shape.batch, shape.output, tiling.images, tiling.out_height, tiling.out_width)
        )
        self.channels: list[Span] = spans(shape.output.channels // shape.groups, tiling.out_channels)
        self.ks: list[Span] = spans(shape.input.channels // shape.groups, tiling.in_channels)
        self.order = self._order(tiling)
        self._pixel_work = [(tile.pixels, tile.padded_positions(shape.window)) for tile in self.pixels]
        self._zero_kernels: dict[tuple[int, int, int], tuple[ZeroKernels, ...]] = {}

    def _order(self, tiling: Tiling) -> list[TileIndex]:
        groups, pixels, channels, ks = (
            range(len(tiles)) for tiles in (self.groups, self.pixels, self.channels, self.ks)
        )
        if tiling.reuse == "ifmap":
            return [TileIndex(g, m, n, k) for g, m, n, k in product(groups, pixels, channels, ks)]
        return [TileIndex(g, m, n, k) for g, n, m, k in product(groups, channels, pixels, ks)]

    def work(self, index: TileIndex) -> ArrayWork[int]:
        """What the array has to do for one operation."""
        pixels, positions = self._pixel_work[index.pixel]
        return ArrayWork(
            pixels,
            positions,
            self.shape.window.positions,
            self.ks[index.k].size,
            self.channels[index.channel].size,
            self.groups[index.group].size,
            self._zero_kernels_of(index),
        )

    def _zero_kernels_of(self, index: TileIndex) -> tuple[ZeroKernels, ...]:
        """Return the zero kernels of an operation, counted from its own channels on."""
        if not self.shape.zero_kernels:
            return ()
        key = (index.group, index.channel, index.k)
        if key not in self._zero_kernels:
            outputs, inputs = ((span.start, span.end) for span in (self.output_channels(index), self.ks[index.k]))
            found = (block.inside(outputs, inputs) for block in self.shape.zero_kernels)
            self._zero_kernels[key] = tuple([block for block in found if block is not None])
        return self._zero_kernels[key]

    def input_channels(self, index: TileIndex) -> Span:
        """The channels of the ifmap that an operation reads."""
        return _across_groups(
            self.groups[index.group], self.ks[index.k], self.shape.input.channels // self.shape.groups
        )

    def output_channels(self, index: TileIndex) -> Span:
        """The channels of the ofmap that an operation computes."""
        per_group = self.shape.output.channels // self.shape.groups
        return _across_groups(self.groups[index.group], self.channels[index.channel], per_group)


def _across_groups(groups: Span, channels: Span, per_group: int) -> Span:
    """Channels of all groups of a tile: whole groups lie side by side, and a part is of one group only."""
    return Span(groups.start * per_group + channels.start, groups.size * channels.size)
