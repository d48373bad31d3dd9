"""Cycles of the conv array (docs/microarchitecture.md, §3).

The fold times are those of a systolic array that streams psums into the accumulator; SCALE-Sim v3 counts the same
(Samajdar et al., ISPASS 2020, eq. 1 to 3, with the preload of its cycle-accurate backend).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, NamedTuple

from accelsim.config.machine import ArrayConfig
from accelsim.timing.integers import Integer, ceil_div, larger, smaller
from accelsim.timing.sparsity import kept_channels
from accelsim.timing.work import ArrayWork, Block
from accelsim.timing.zero_folds import ZeroFolds, zero_folds


class Folding(NamedTuple, Generic[Integer]):
    """How an operation falls into folds."""

    folds: Integer
    """Number of folds that are executed, F."""
    streamed: Integer
    """Length of what streams past the stationary operand, T."""
    rows_out: Integer
    """Rows of psums that one fold streams out."""


class ArrayTotals(NamedTuple):
    """What the array executes, and what it skips."""

    macs: int = 0
    """Multiply-accumulates of kept weights."""
    skipped_folds: int = 0
    """Folds of which all weights are zero."""


def groups_per_fold(array: ArrayConfig, work: ArrayWork[Integer]) -> Integer:
    """Groups that share a fold, p: 1 unless the machine packs them block-diagonally."""
    one = work.groups * 0 + 1
    if array.grouped == "sequential":
        return one
    rows = _stationary_rows(array, work)
    return larger(one, smaller(array.rows // rows, array.cols // work.out_channels))


def folding(array: ArrayConfig, work: ArrayWork[Integer]) -> Folding[Integer]:
    """Return the folds of one operation, without those that are skipped."""
    found = _all_folds(array, work)
    skipped = skipped_folds(array, work).folds
    return found._replace(folds=found.folds - skipped) if skipped else found


def skipped_folds(array: ArrayConfig, work: ArrayWork[Any]) -> ZeroFolds:
    """Return the folds of one operation that the array skips; arrays of shapes have no zero kernels, and so none."""
    if not (array.skip_zero_folds and work.zero_kernels):
        return ZeroFolds()
    return zero_folds(array, groups_per_fold(array, work), work)


def executed_macs(array: ArrayConfig, work: ArrayWork[int]) -> int:
    """Return the multiply-accumulates of one operation that the array executes, for the pixels that are asked for.

    They are those of the kept weights; without those of folds that are skipped. What ``raster`` streams beside the
    pixels is not counted.
    """
    kept = kept_channels(array.sparsity, work.in_channels) * work.kernel_positions * work.out_channels * work.groups
    return work.pixels * (kept - skipped_folds(array, work).weights)


def array_totals(array: ArrayConfig, works: Mapping[ArrayWork[int], int]) -> ArrayTotals:
    """Return what the array executes of some operations, given how many there are of each kind."""
    return ArrayTotals(
        sum(count * executed_macs(array, work) for work, count in works.items()),
        sum(count * skipped_folds(array, work).folds for work, count in works.items()),
    )


def _all_folds(array: ArrayConfig, work: ArrayWork[Integer]) -> Folding[Integer]:
    k = kept_channels(array.sparsity, work.in_channels) * work.kernel_positions
    n = work.out_channels
    if array.dataflow == "os":
        folds = work.groups * ceil_div(work.pixels, array.rows) * ceil_div(n, array.cols)
        return Folding(folds, k, n * 0 + array.rows)
    if array.dataflow == "is":
        return Folding(work.groups * ceil_div(k, array.rows) * ceil_div(work.pixels, array.cols), n, n)
    packs = ceil_div(work.groups, groups_per_fold(array, work))
    column_blocks = ceil_div(n, array.cols)
    row_blocks = ceil_div(_stationary_rows(array, work), array.rows)
    if array.ifmap_streaming == "raster":
        folds = packs * work.kernel_positions * row_blocks * column_blocks
        return Folding(folds, work.positions, work.positions)
    return Folding(packs * row_blocks * column_blocks, work.pixels, work.pixels)


def fold_cycles(array: ArrayConfig, streamed: Integer) -> Integer:
    """Cycles of one fold that overlaps with no other."""
    preload = 0 if array.dataflow == "os" else array.rows
    return preload + streamed + (array.rows + array.cols - 2)


def array_cycles(array: ArrayConfig, work: ArrayWork[Integer]) -> Integer:
    """Cycles D of one operation of the conv array, all its folds."""
    folds, streamed, _ = folding(array, work)
    if work.zero_kernels and not folds:
        return folds + 1  # for its tokens, which it takes and gives all the same
    alone = fold_cycles(array, streamed)
    if not array.stationary_double_buffer:
        return folds * alone
    pitch = larger(streamed, streamed * 0 + array.rows)
    return (folds - 1) * pitch + alone


def drain_blocks(array: ArrayConfig, work: ArrayWork[Integer]) -> tuple[Block[Integer], ...]:
    """Blocks of psums in which the accumulator holds the result of ``work``.

    Blocks may be empty (count, rows or columns of 0) and then cost nothing.
    """
    pixels, n, groups = work.pixels, work.out_channels, work.groups
    if array.dataflow == "is":
        return (
            Block(groups * (pixels // array.cols), n, n * 0 + array.cols),
            Block(groups, n, pixels % array.cols),
        )
    packed = groups_per_fold(array, work)
    packs = groups // packed
    width = packed * n
    return (
        Block(packs * (width // array.cols), pixels, n * 0 + array.cols),
        Block(packs, pixels, width % array.cols),
        Block(groups * 0 + 1, pixels, (groups % packed) * n),
    )


def _stationary_rows(array: ArrayConfig, work: ArrayWork[Integer]) -> Integer:
    """Rows that one group's weights take in ``ws``: all of K, or one kernel offset's channels under ``raster``."""
    kept = kept_channels(array.sparsity, work.in_channels)
    return kept if array.ifmap_streaming == "raster" else kept * work.kernel_positions
