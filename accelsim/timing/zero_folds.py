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
    zero = zero_blocks(array, groups_per_fold, work)
    rows, offsets = _rows(array, work), kernel_offsets(array, work.kernel_positions)
    columns = _sizes(work.out_channels, block_columns(array, work.out_channels))
    sizes = np.multiply.outer(columns, _sizes(rows, block_rows(array, rows)))
    equal = {"ws": offsets, "is": ceil_div(work.pixels, array.cols), "os": ceil_div(work.pixels, array.rows)}
    packs = zero[::groups_per_fold]
    return ZeroFolds(int(packs.sum()) * equal[array.dataflow], offsets * int((zero * sizes).sum()))


def zero_blocks(array: ArrayConfig, groups_per_fold: int, work: ArrayWork[int]) -> NDArray[np.bool_]:
    """Tell of every block of weights that meets in a fold whether all of them are zero.

    Parameters
    ----------
    array, groups_per_fold, work
        As of :func:`zero_folds`.

    Returns
    -------
    ndarray of bool
        Group × block of output channels (all of them in ``is``) × block of rows (all of them in ``os``). Groups that
        share a fold all say the same. Under ``raster`` it is so at every kernel position.
    """
    zero = _zero_weights(array.sparsity, work)
    rows, columns = _rows(array, work), block_columns(array, work.out_channels)
    channels = _channel_of_row(array.sparsity.kept, zero.shape[2], rows // zero.shape[2])
    found = _all_of_pieces(zero[:, :, channels], block_rows(array, rows), axis=2)
    packs = _all_of_pieces(_all_of_pieces(found, columns, axis=1), groups_per_fold, axis=0)
    return np.repeat(packs, groups_per_fold, axis=0)[: work.groups]


def kernel_offsets(array: ArrayConfig, positions: int) -> int:
    """Return how many of the kernel's positions have folds of their own: under ``raster`` all, else they share them."""
    return positions if array.ifmap_streaming == "raster" else 1


def block_rows(array: ArrayConfig, rows: int) -> int:
    """Return how many rows of weights, of these, meet in a fold: as many as the array has, in ``os`` all."""
    return rows if array.dataflow == "os" else array.rows


def block_columns(array: ArrayConfig, channels: int) -> int:
    """Return how many output channels, of these, meet in a fold: as many as the array has columns, in ``is`` all."""
    return channels if array.dataflow == "is" else array.cols


def _rows(array: ArrayConfig, work: ArrayWork[int]) -> int:
    """Return the rows of a group's weights; under ``raster`` at one kernel position."""
    kept = kept_channels(array.sparsity, work.in_channels)
    return kept * work.kernel_positions // kernel_offsets(array, work.kernel_positions)


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


def _channel_of_row(kept: int, channels: int, positions: int) -> NDArray[np.int64]:
    """Return the kept channel of every row: rows go through blocks, in them positions, in these kept channels."""
    whole = channels // kept * kept
    blocks = np.arange(whole, dtype=np.int64).reshape(-1, 1, kept)
    rest = np.arange(whole, channels, dtype=np.int64)
    return np.concatenate([np.repeat(blocks, positions, axis=1).reshape(-1), np.tile(rest, positions)])


def _all_of_pieces(zero: NDArray[np.bool_], size: int, axis: int) -> NDArray[np.bool_]:
    """Tell which pieces of ``size`` along an axis are zero throughout."""
    found: NDArray[np.bool_] = np.logical_and.reduceat(zero, np.arange(0, zero.shape[axis], size), axis=axis)
    return found


def _sizes(extent: int, size: int) -> NDArray[np.int64]:
    """Cut ``extent`` into pieces of ``size``, the last of which may be smaller, and return how large they are."""
    return np.diff(np.append(np.arange(0, extent, size), extent))
