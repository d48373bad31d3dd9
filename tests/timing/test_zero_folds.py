"""Folds of zero weights, against weights that are laid into an array one by one."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.config.machine import ArrayConfig
from accelsim.timing.array import array_cycles, executed_macs, folding, groups_per_fold, skipped_folds
from accelsim.timing.work import ArrayWork
from accelsim.workload.shapes import ZeroKernels
from tests.hand_built import work

ROWS, COLS = 4, 3


def array(**changes: object) -> ArrayConfig:
    return ArrayConfig.model_validate({"rows": ROWS, "cols": COLS, "skip_zero_folds": True, **changes})


SIDES = st.integers(1, 7)


@st.composite
def works(draw: st.DrawFn) -> ArrayWork[int]:
    """Operations of up to 7 in every dimension, with up to 4 blocks of zero kernels."""
    pixels, positions, kernel, channels, outputs, groups = (draw(SIDES) for _ in range(6))

    def some(count: int) -> tuple[int, int]:
        first, last = sorted((draw(st.integers(0, count - 1)), draw(st.integers(0, count - 1))))
        return first, last + 1

    number = draw(st.integers(0, 4))
    zeros = tuple(ZeroKernels(*some(groups * outputs), *some(channels)) for _ in range(number))
    return ArrayWork(pixels, positions, kernel, channels, outputs, groups, zeros)


@st.composite
def arrays(draw: st.DrawFn) -> ArrayConfig:
    """Arrays of every dataflow, dense and sparse."""
    dataflow = draw(st.sampled_from(["ws", "ws", "is", "os"]))
    return array(
        dataflow=dataflow,
        ifmap_streaming="im2col" if dataflow != "ws" else draw(st.sampled_from(["im2col", "raster"])),
        sparsity="dense" if dataflow == "is" else draw(st.sampled_from(["dense", "1:2", "2:4", "2:3", "3:16"])),
        grouped="sequential" if dataflow != "ws" else draw(st.sampled_from(["sequential", "block_diagonal"])),
        stationary_double_buffer=dataflow != "os" and draw(st.booleans()),
    )


def pruned(config: ArrayConfig, shape: ArrayWork[int]) -> list[np.ndarray]:
    """Weights of every group, as rows × output channels × kernel positions they are at: −1 where there is no row.

    A kept weight is 1 plus its channel, or 0 where it is zero: the mask is pruned as a network would be.
    """
    found = []
    for group in range(shape.groups):
        dense = np.arange(1, shape.in_channels + 1) * np.ones((shape.out_channels, 1), dtype=int)
        for zero in shape.zero_kernels:
            for output, channel in product(
                range(zero.first_output, zero.end_output), range(zero.first_input, zero.end_input)
            ):
                if output // shape.out_channels == group:
                    dense[output % shape.out_channels, channel] = 0
        rows = []
        for first in range(0, shape.in_channels, config.sparsity.block):
            block = dense[:, first : first + config.sparsity.block]
            kept = min(config.sparsity.kept, block.shape[1])
            # those that are not zero first, in their order; then zeros
            packed = [[*(weight for weight in one if weight), *[0] * kept][:kept] for one in block]
            rows += [list(of_slot) for _ in range(shape.kernel_positions) for of_slot in zip(*packed, strict=True)]
        found.append(np.array(rows))
    return found


def offset_rows(config: ArrayConfig, shape: ArrayWork[int], rows: np.ndarray) -> list[np.ndarray]:
    """Rows of each kernel position: under ``raster`` every one has folds of its own, else they share them."""
    if config.ifmap_streaming != "raster":
        return [rows]
    parts: list[list[np.ndarray]] = [[] for _ in range(shape.kernel_positions)]
    at = 0
    for first in range(0, shape.in_channels, config.sparsity.block):
        kept = min(config.sparsity.kept, config.sparsity.block, shape.in_channels - first)
        for part in parts:
            part.append(rows[at : at + kept])
            at += kept
    return [np.concatenate(part) for part in parts]


def stationary_blocks(config: ArrayConfig, shape: ArrayWork[int]) -> list[tuple[np.ndarray, int]]:
    """Return the weights that meet in every fold, and how many folds are like it; groups side by side share them."""
    together = groups_per_fold(config, shape)
    weights = pruned(config, shape)
    blocks = []
    for first in range(0, shape.groups, together):
        pack = [offset_rows(config, shape, rows) for rows in weights[first : first + together]]
        for of_groups in zip(*pack, strict=True):
            if together > 1:
                blocks.append((np.concatenate([rows.reshape(-1) for rows in of_groups]), 1))
                continue
            (rows,) = of_groups
            down = range(0, len(rows), len(rows) if config.dataflow == "os" else ROWS)
            right = range(0, rows.shape[1], rows.shape[1] if config.dataflow == "is" else COLS)
            equal = {"ws": 1, "is": -(-shape.pixels // COLS), "os": -(-shape.pixels // ROWS)}[config.dataflow]
            height = len(rows) if config.dataflow == "os" else ROWS
            width = rows.shape[1] if config.dataflow == "is" else COLS
            blocks += [(rows[y : y + height, x : x + width], equal) for y, x in product(down, right)]
    return blocks


@given(arrays(), works())
@settings(max_examples=300)
def test_weights_laid_into_folds_one_by_one(config: ArrayConfig, shape: ArrayWork[int]) -> None:
    blocks = stationary_blocks(config, shape)
    executed = sum(equal for weights, equal in blocks if weights.any())
    skipped = sum(equal for weights, equal in blocks if not weights.any())
    macs = sum(shape.pixels * weights.size for weights, _ in blocks if weights.any())
    assert folding(config, shape).folds == executed
    assert skipped_folds(config, shape).folds == skipped
    assert executed_macs(config, shape) == macs
    streamed = folding(config, shape).streamed
    if config.stationary_double_buffer:
        cycles = (executed - 1) * max(streamed, ROWS) + 2 * ROWS + COLS + streamed - 2
    else:
        cycles = executed * ((1 if config.dataflow == "os" else 2) * ROWS + COLS + streamed - 2)
    assert array_cycles(config, shape) == (cycles if executed else 1)


def test_an_operation_of_zeros_alone_takes_one_cycle() -> None:
    zeros = work(5, 9, 4)._replace(zero_kernels=(ZeroKernels(0, 4, 0, 9),))
    assert array_cycles(array(), zeros) == 1
    assert executed_macs(array(), zeros) == 0
    assert array_cycles(array(skip_zero_folds=False), zeros) == 6 * 14


def test_the_kept_weights_of_a_block_are_those_that_are_not_zero() -> None:
    # 8 channels are 2 blocks of 4, of which 2 are kept: 4 rows of one fold, or 2 folds of 2 rows.
    config = array(rows=2, sparsity="2:4")
    first_block = ZeroKernels(0, 3, 0, 4)
    assert skipped_folds(config, work(5, 8, 3)._replace(zero_kernels=(first_block,))).folds == 1
    three_of_it = first_block._replace(end_input=3)
    assert skipped_folds(config, work(5, 8, 3)._replace(zero_kernels=(three_of_it,))).folds == 0
    # with single rows the second of the kept weights, which is zero then, has a fold of its own
    single = array(rows=1, sparsity="2:4")
    assert skipped_folds(single, work(5, 8, 3)._replace(zero_kernels=(three_of_it,))).folds == 1
