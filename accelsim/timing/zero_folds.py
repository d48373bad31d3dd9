"""Folds of an array operation of which all weights are zero (docs/microarchitecture.md, §11)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from accelsim.config.machine import ArrayConfig
from accelsim.timing.integers import ceil_div
from accelsim.timing.sparsity import kept_channels
from accelsim.timing.work import ArrayWork

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from accelsim.config.sparsity import Sparsity

_MAX_OPERATIONS = 4096
"""Kinds of operations whose folds are remembered: units, records and formulas ask for the same."""


class ZeroFolds(NamedTuple):
    """Folds of one operation of which all weights are zero, and the kept weights in them (each once)."""

    folds: int = 0
    weights: int = 0


@lru_cache(_MAX_OPERATIONS)
def zero_folds(array: ArrayConfig, groups_per_fold: int, work: ArrayWork[int]) -> ZeroFolds:
    """Count the folds of an operation of which all weights are zero.

    Parameters
    ----------
    array
        The array.
    groups_per_fold
        Groups that share a fold, p.
    work
        The operation; its zero kernels say which weights are zero.
    """
    zero = _zero_weights(array.sparsity, work)
    if groups_per_fold > 1:
        return _of_packs(array, groups_per_fold, work, zero)
    if array.dataflow == "os":
        column_blocks = _all_of_columns(np.all(zero, axis=2), array.cols)
        sizes = _sizes(work.out_channels, array.cols) * zero.shape[2] * work.kernel_positions
        return ZeroFolds(
            int(column_blocks.sum()) * ceil_div(work.pixels, array.rows), int((column_blocks * sizes).sum())
        )
    row_blocks = _row_blocks(array, work, zero)
    offsets = work.kernel_positions if array.ifmap_streaming == "raster" else 1
    rows = _sizes(zero.shape[2] * work.kernel_positions // offsets, array.rows)
    if array.dataflow == "is":
        idle = row_blocks.all(axis=1)
        return ZeroFolds(
            int(idle.sum()) * ceil_div(work.pixels, array.cols), int((idle * rows).sum()) * work.out_channels
        )
    blocks = _all_of_columns(row_blocks, array.cols)
    sizes = _sizes(work.out_channels, array.cols)[:, np.newaxis] * rows
    return ZeroFolds(offsets * int(blocks.sum()), offsets * int((blocks * sizes).sum()))


def _zero_weights(sparsity: Sparsity, work: ArrayWork[int]) -> NDArray[np.bool_]:
    """Tell which kept weights are zero: group × output channel × kept channel; they are at all kernel positions.

    The kept weights of a block lie in the order of their channels, but zero kernels come last: only where fewer than N
    channels of the block have others is one of them kept.
    """
    zero = np.zeros((work.groups * work.out_channels, work.in_channels), dtype=np.bool_)
    for block in work.zero_kernels:
        zero[block.first_output : block.end_output, block.first_input : block.end_input] = True
    if not sparsity.is_dense:
        starts = np.arange(0, work.in_channels, sparsity.block)
        others = np.add.reduceat(~zero, starts, axis=1, dtype=np.int64)
        slots = np.arange(kept_channels(sparsity, work.in_channels))
        zero = slots % sparsity.kept >= others[:, slots // sparsity.kept]
    return zero.reshape(work.groups, work.out_channels, -1)


def _row_blocks(array: ArrayConfig, work: ArrayWork[int], zero: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell for every block of rows (last axis) which output channels have no weight in it that is not zero."""
    positions = 1 if array.ifmap_streaming == "raster" else work.kernel_positions
    rows = zero[:, :, _channel_of_row(array.sparsity.kept, zero.shape[2], positions)]
    found: NDArray[np.bool_] = np.logical_and.reduceat(rows, np.arange(0, rows.shape[2], array.rows), axis=2)
    return found


def _channel_of_row(kept: int, channels: int, positions: int) -> NDArray[np.int64]:
    """Return the kept channel of every row: rows go through blocks, in them positions, in these kept channels."""
    whole = channels // kept * kept
    blocks = np.arange(whole, dtype=np.int64).reshape(-1, 1, kept)
    rest = np.arange(whole, channels, dtype=np.int64)
    return np.concatenate([np.repeat(blocks, positions, axis=1).reshape(-1), np.tile(rest, positions)])


def _all_of_columns(zero: NDArray[np.bool_], columns: int) -> NDArray[np.bool_]:
    """Tell which blocks of output channels (axis 1) are zero throughout."""
    found: NDArray[np.bool_] = np.logical_and.reduceat(zero, np.arange(0, zero.shape[1], columns), axis=1)
    return found


def _of_packs(array: ArrayConfig, packed: int, work: ArrayWork[int], zero: NDArray[np.bool_]) -> ZeroFolds:
    """Count where groups share a fold, and so each has one (under ``raster`` one at each kernel position)."""
    packs = np.logical_and.reduceat(zero.all(axis=(1, 2)), np.arange(0, work.groups, packed))
    offsets = work.kernel_positions if array.ifmap_streaming == "raster" else 1
    weights_of_group = work.out_channels * zero.shape[2] * work.kernel_positions
    groups = _sizes(work.groups, packed)
    return ZeroFolds(offsets * int(packs.sum()), int((packs * groups).sum()) * weights_of_group)


def _sizes(extent: int, size: int) -> NDArray[np.int64]:
    """Cut ``extent`` into pieces of ``size``, the last of which may be smaller, and return how large they are."""
    return np.diff(np.append(np.arange(0, extent, size), extent))
