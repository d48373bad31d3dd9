"""All tilings of a layer that could be the best one, as columns of integers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from accelsim.layers import ConvShape
from accelsim.mapping.pixel_cuts import PixelCut, PixelCuts, PixelPlane, as_columns, pixel_cuts
from accelsim.mapping.problem import MappingProblem
from accelsim.mapping.tiling import Tiling, tile_sizes
from accelsim.timing.integers import ceil_div
from accelsim.weight_layout import stored_weight_bits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from accelsim.timing.integers import IntArray

CutsOf = Callable[[PixelPlane], "PixelCut[IntArray]"]
""":func:`pixel_cuts`, or what remembers its results."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Tilings, one per element of each column.

    ``cut`` indexes the columns of ``cuts``; the others are the tile sizes of :class:`Tiling`.
    """

    cuts: PixelCut[IntArray]
    cut: IntArray
    groups: IntArray
    out_channels: IntArray
    in_channels: IntArray
    reuse_ifmap: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.cut)

    def per_cut(self, number: Callable[[PixelCut[IntArray]], IntArray]) -> IntArray:
        """Return a number of each candidate's pixel cut."""
        return number(self.cuts)[self.cut]

    def where(self, chosen: NDArray[np.bool_]) -> Candidates:
        """Return only the chosen ones."""
        return replace(
            self,
            cut=self.cut[chosen],
            groups=self.groups[chosen],
            out_channels=self.out_channels[chosen],
            in_channels=self.in_channels[chosen],
            reuse_ifmap=self.reuse_ifmap[chosen],
        )

    def tiling(self, index: int) -> Tiling:
        """Return one of them."""
        cut = self.cut[index]
        return Tiling(
            images=int(self.cuts.images[cut]),
            out_height=int(self.cuts.out_height[cut]),
            out_width=int(self.cuts.out_width[cut]),
            groups=int(self.groups[index]),
            out_channels=int(self.out_channels[index]),
            in_channels=int(self.in_channels[index]),
            reuse="ifmap" if self.reuse_ifmap[index] else "weight",
        )


def only(problem: MappingProblem, tiling: Tiling) -> Candidates:
    """Return a single tiling as candidates."""
    cut = PixelCuts(problem.pixel_plane).cut(tiling.images, tiling.out_height, tiling.out_width)
    zero = np.zeros(1, dtype=np.int64)
    return Candidates(
        as_columns([cut]),
        zero,
        zero + tiling.groups,
        zero + tiling.out_channels,
        zero + tiling.in_channels,
        np.array([tiling.reuse == "ifmap"]),
    )


def enumerate_candidates(problem: MappingProblem, cuts_of: CutsOf = pixel_cuts) -> Candidates:
    """List the tilings worth looking at; whether they fit is not asked yet."""
    cuts = cuts_of(problem.pixel_plane)
    number_of_cuts = len(cuts.images)
    channels = np.array(_channel_tiles(problem), dtype=np.int64)
    cut = np.repeat(np.arange(number_of_cuts, dtype=np.int64), len(channels))
    groups, out_channels = np.tile(channels, (number_of_cuts, 1)).T
    no_reuse = np.zeros(len(cut), dtype=np.bool_)
    if not isinstance(problem.shape, ConvShape):
        return Candidates(cuts, cut, groups, out_channels, out_channels, no_reuse)
    whole_k = np.full_like(cut, problem.shape.input.channels // problem.groups)
    whole = Candidates(cuts, cut, groups, out_channels, whole_k, no_reuse)
    return _in_both_orders(_joined([whole, _with_split_k(problem, problem.shape, whole)]))


def _channel_tiles(problem: MappingProblem) -> list[tuple[int, int]]:
    """Pairs of groups and output channels per group: several groups whole, or a part of one."""
    array = problem.machine.array
    n = problem.shape.output.channels // problem.groups
    column_sizes = {*_with_multiples(tile_sizes(n), array.cols, n), min(array.rows, n)}
    tiles = [(1, size) for size in sorted(column_sizes, reverse=True)]
    if problem.groups > 1:
        pack = max(1, array.cols // n) if array.grouped == "block_diagonal" else 1
        tiles += [(size, n) for size in _with_multiples(tile_sizes(problem.groups), pack, problem.groups) if size > 1]
    return tiles


def _with_multiples(sizes: Iterable[int], unit: int, limit: int) -> list[int]:
    """Sizes, and beside each the next multiple of ``unit``: no more tiles than it has, and fuller folds."""
    rounded = {min(ceil_div(size, unit) * unit, limit) for size in sizes}
    return sorted(rounded.union(sizes), reverse=True)


def _with_split_k(problem: MappingProblem, shape: ConvShape, whole: Candidates) -> Candidates:
    """The candidates of one group with K cut by input channels, as few times as ifmap and weight halves allow.

    How often K is cut does not change the traffic, only whether it is cut at all.
    """
    machine, sparsity = problem.machine, problem.machine.array.sparsity
    block = sparsity.block
    one_group = whole.where(whole.groups == 1)
    bits_of_block = sparsity.kept * shape.window.positions * stored_weight_bits(machine, shape)
    blocks = machine.buffers.weight.half_bytes * 8 // (bits_of_block * one_group.out_channels)
    if not problem.ifmap_on_chip:
        largest_bytes = one_group.per_cut(lambda cut: cut.largest_ifmap_bytes)
        blocks = np.minimum(blocks, machine.buffers.ifmap.half_bytes // (block * largest_bytes))
    pieces = _even(one_group.in_channels, blocks * block, _fold_step(problem, shape), block)
    split = replace(one_group, in_channels=pieces)
    return split.where((blocks > 0) & (split.in_channels < one_group.in_channels))


def _even(channels: IntArray, fits: IntArray, step: int, block: int) -> IntArray:
    """Cut channels into the fewest equal pieces that fit, of whole folds where one fold fits, else of whole blocks.

    Equal pieces, because a short operation cannot hide the load of the long one behind it.
    """
    unit = np.where(fits >= step, step, block)
    largest = np.maximum(fits // unit * unit, block)
    size = ceil_div(channels, ceil_div(channels, largest))
    return ceil_div(size, unit) * unit


def _fold_step(problem: MappingProblem, shape: ConvShape) -> int:
    """Input channels that fill whole folds: whole blocks, of each of which some rows are kept."""
    array = problem.machine.array
    if array.dataflow == "os":
        return array.sparsity.block
    positions = 1 if array.ifmap_streaming == "raster" else shape.window.positions
    return array.sparsity.block * array.rows // math.gcd(array.rows, array.sparsity.kept * positions)


def _in_both_orders(candidates: Candidates) -> Candidates:
    other = replace(candidates, reuse_ifmap=~candidates.reuse_ifmap)
    return _joined([candidates, other])


def _joined(parts: list[Candidates]) -> Candidates:
    return Candidates(
        parts[0].cuts,
        np.concatenate([part.cut for part in parts]),
        np.concatenate([part.groups for part in parts]),
        np.concatenate([part.out_channels for part in parts]),
        np.concatenate([part.in_channels for part in parts]),
        np.concatenate([part.reuse_ifmap for part in parts]),
    )
