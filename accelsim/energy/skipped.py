"""What the folds that an array skips would have done (docs/energy.md; docs/microarchitecture.md, §11)."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import NamedTuple

import numpy as np

from accelsim.config.machine import ArrayConfig
from accelsim.energy.row_blocks import ifmap_reads
from accelsim.mapping.tiling import spans
from accelsim.program.conv_tiles import ConvTiles, TileIndex
from accelsim.timing.array import groups_per_fold, skipped_folds
from accelsim.timing.work import ArrayWork
from accelsim.timing.zero_folds import block_columns, kernel_offsets, zero_blocks


class Skipped(NamedTuple):
    """What is left undone in a convolution."""

    weights: int = 0
    """Kept weights in skipped folds, each once."""
    ifmap_reads: int = 0
    """Elements of the ifmap that only they would have read."""
    psums: int = 0
    """Psums that they would have delivered for one pixel, of all output channels."""
    untouched: int = 0
    """Output channels to which no fold is left."""


def skipped(array: ArrayConfig, tiles: ConvTiles, psums_per_output: int) -> Skipped:
    """Sum up what all skipped folds of a convolution would have done.

    Parameters
    ----------
    array
        The array.
    tiles
        The convolution, and how it is cut.
    psums_per_output
        Psums that all folds, skipped or not, deliver for an output.
    """
    if not tiles.shape.zero_kernels:
        return Skipped()
    found = [
        [count * value for value in _of_outputs(array, tiles, works, psums_per_output)]
        for works, count in _works_of_outputs(tiles).items()
    ]
    return Skipped(*(sum(values) for values in zip(*found, strict=True)))


def _works_of_outputs(tiles: ConvTiles) -> Counter[tuple[ArrayWork[int], ...]]:
    """Count the tiles of output channels by their operations over K, for the first pixels: all meet the same folds."""
    groups, channels, ks = (range(len(cut)) for cut in (tiles.groups, tiles.channels, tiles.ks))
    return Counter(tuple(tiles.work(TileIndex(g, 0, n, k)) for k in ks) for g, n in product(groups, channels))


def _of_outputs(
    array: ArrayConfig, tiles: ConvTiles, works: tuple[ArrayWork[int], ...], psums_per_output: int
) -> Skipped:
    """Sum up over K, for one tile of output channels."""
    of_k = [zero_blocks(array, groups_per_fold(array, work), work) for work in works]
    reads = sum(
        int(blocks.sum(axis=(0, 1)) @ ifmap_reads(array, tiles, work.in_channels))
        for blocks, work in zip(of_k, works, strict=True)
    )
    # psums that an output of each group and block of output channels misses
    missing = kernel_offsets(array, works[0].kernel_positions) * sum(blocks.sum(axis=2) for blocks in of_k)
    channels = works[0].out_channels
    columns = np.array([span.size for span in spans(channels, block_columns(array, channels))])
    return Skipped(
        sum(skipped_folds(array, work).weights for work in works),
        reads,
        int((missing * columns).sum()),
        int(((missing == psums_per_output) * columns).sum()),
    )
