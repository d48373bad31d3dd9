"""What blocks of rows read of the ifmap: a group's weights that meet in a fold (docs/microarchitecture.md, §3).

A block of channels with sparse weights is read by every fold that has some of its rows (§11): they follow one another,
and may be in two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from accelsim.config.machine import ArrayConfig
from accelsim.energy.taps import positions_inside, taps_by_position
from accelsim.program.conv_tiles import ConvTiles
from accelsim.timing.integers import ceil_div
from accelsim.timing.zero_folds import block_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray


def ifmap_reads(array: ArrayConfig, tiles: ConvTiles, channels: int) -> NDArray[np.int64]:
    """Return the reads of the ifmap that each block of rows makes over all pixels, in one column of folds.

    Parameters
    ----------
    array
        The array.
    tiles
        The convolution, and how it is cut.
    channels
        Input channels of a group that an operation works on.

    Returns
    -------
    ndarray of int64
        Elements that are no padding, by block of rows; under ``raster`` of all kernel positions together.
    """
    shape = tiles.shape
    if array.ifmap_streaming == "raster":
        rows, columns = {tile.rows for tile in tiles.pixels}, {tile.columns for tile in tiles.pixels}
        vectors = [shape.window.positions * positions_inside(shape, rows, columns)]
    else:
        vectors = taps_by_position(shape)
    reads: NDArray[np.int64] = _channels_read(array, channels, len(vectors)) @ np.array(vectors, dtype=np.int64)
    return reads


def _channels_read(array: ArrayConfig, channels: int, positions: int) -> NDArray[np.int64]:
    """Return how many channels a vector has in each block of rows, at each of these kernel positions."""
    starts = np.arange(0, channels, array.sparsity.block)
    sizes = np.repeat(np.minimum(array.sparsity.block, channels - starts), positions)
    kept = np.minimum(array.sparsity.kept, sizes)
    ends = np.cumsum(kept)
    side = block_rows(array, int(ends[-1]))
    first, last = (ends - kept) // side, (ends - 1) // side
    position = np.tile(np.arange(positions), len(starts))
    # what begins with a block of rows, less what has ended before it
    change = np.zeros((ceil_div(int(ends[-1]), side) + 1, positions), dtype=np.int64)
    np.add.at(change, (first, position), sizes)
    np.subtract.at(change, (last + 1, position), sizes)
    return np.cumsum(change, axis=0)[:-1]
