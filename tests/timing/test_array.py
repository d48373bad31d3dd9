"""Closed forms of the conv array, on an array of R = 4 rows and C = 3 columns unless a test says otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.config.machine import ArrayConfig
from accelsim.timing.array import array_cycles, drain_blocks, fold_cycles, folding, groups_per_fold
from accelsim.timing.work import ArrayWork
from tests.hand_built import work


def array(**settings: Any) -> ArrayConfig:
    return ArrayConfig.model_validate({"rows": 4, "cols": 3, **settings})


WS, IS, OS = array(), array(dataflow="is"), array(dataflow="os")
RASTER = array(ifmap_streaming="raster")
DIAGONAL = array(rows=8, grouped="block_diagonal")


class TestFolding:
    """F, T and rows streamed out: 5 pixels, 5·2 = 10 rows of K, 4 output channels, 2 groups."""

    SHAPE = work(pixels=5, kc=5, n=4, kernel=2, groups=2, positions=12)

    def test_weight_stationary(self) -> None:
        # 2 groups · ⌈10/4⌉ = 3 row blocks · ⌈4/3⌉ = 2 column blocks; all 5 pixels stream past each.
        assert folding(WS, self.SHAPE) == (12, 5, 5)

    def test_input_stationary(self) -> None:
        # 2 groups · 3 row blocks · ⌈5/3⌉ = 2 blocks of pixels; the 4 kernels stream past each.
        assert folding(IS, self.SHAPE) == (12, 4, 4)

    def test_output_stationary(self) -> None:
        # 2 groups · ⌈5/4⌉ = 2 blocks of pixels · ⌈4/3⌉ = 2 of channels; 10 operands stream, all 4 rows leave.
        assert folding(OS, self.SHAPE) == (8, 10, 4)

    def test_raster(self) -> None:
        # 2 groups · 2 kernel offsets · ⌈5/4⌉ = 2 row blocks · 2 column blocks; all 12 positions stream.
        assert folding(RASTER, self.SHAPE) == (16, 12, 12)

    def test_block_diagonal(self) -> None:
        # k = 2 and n = 1 fit an 8×3 array min(⌊8/2⌋, ⌊3/1⌋) = 3 times: ⌈7/3⌉ = 3 folds.
        shape = work(pixels=5, kc=1, n=1, kernel=2, groups=7)
        assert groups_per_fold(DIAGONAL, shape) == 3
        assert folding(DIAGONAL, shape) == (3, 5, 5)
        # Under raster kc = 1 takes the place of k = 2: min(8, 3) is 3 again, in 3 packs at each of 2 offsets.
        raster = DIAGONAL.model_copy(update={"ifmap_streaming": "raster"})
        assert folding(raster, shape._replace(positions=9)) == (6, 9, 9)

    def test_groups_too_large_to_share_a_fold(self) -> None:
        # k = 9 > 8 rows: one at a time, in 2 row blocks. n = 2: ⌊3/2⌋ = 1.
        assert groups_per_fold(DIAGONAL, work(pixels=5, kc=9, n=1, groups=7)) == 1
        assert groups_per_fold(DIAGONAL, work(pixels=5, kc=1, n=2, groups=7)) == 1
        assert folding(DIAGONAL, work(pixels=5, kc=9, n=1, groups=7)) == (14, 5, 5)

    def test_groups_that_are_not_there_share_no_fold(self) -> None:
        # 3 would fit, but there are 2: one fold all the same.
        assert folding(DIAGONAL, work(pixels=5, kc=1, n=1, groups=2)).folds == 1

    def test_sequential_groups_share_no_fold(self) -> None:
        assert groups_per_fold(WS, work(pixels=5, kc=1, n=1, groups=7)) == 1


class TestCycles:
    def test_one_fold(self) -> None:
        # ws, is: 2R + C + T − 2 = 8 + 3 + 5 − 2. os: R + C + T − 2 = 4 + 3 + 5 − 2.
        assert [fold_cycles(config, 5) for config in (WS, IS, OS)] == [14, 14, 10]

    @pytest.mark.parametrize(("pixels", "kc", "n"), [(5, 4, 3), (5, 1, 1), (5, 3, 2)])
    def test_an_edge_fold_pays_the_whole_array(self, pixels: int, kc: int, n: int) -> None:
        # However little of R and C it uses.
        assert array_cycles(WS, work(pixels, kc, n)) == 14

    def test_one_more_row_is_a_fold_more(self) -> None:
        # k = 5 takes two row blocks, and n = 4 two column blocks.
        assert array_cycles(WS, work(5, 5, 3)) == array_cycles(WS, work(5, 4, 4)) == 2 * 14

    def test_folds_follow_one_another(self) -> None:
        # The folds of TestFolding: ws 12·(8 + 3 + 5 − 2), is 12·(8 + 3 + 4 − 2), os 8·(4 + 3 + 10 − 2),
        # raster 16·(8 + 3 + 12 − 2).
        shape = TestFolding.SHAPE
        assert [array_cycles(config, shape) for config in (WS, IS, OS, RASTER)] == [168, 156, 120, 336]

    @pytest.mark.parametrize("dataflow", ["ws", "is"])
    @pytest.mark.parametrize(
        ("T", "cycles"),
        [
            # Three folds: R + 2·max(T, R) + T + R + C − 2.
            (2, 4 + 2 * 4 + 2 + 4 + 3 - 2),  # T < R: a fold waits for its preload
            (4, 4 + 2 * 4 + 4 + 4 + 3 - 2),
            (7, 4 + 2 * 7 + 7 + 4 + 3 - 2),  # T > R: a preload waits for the fold
        ],
    )
    def test_shadow_registers(self, dataflow: str, T: int, cycles: int) -> None:
        config = array(dataflow=dataflow, stationary_double_buffer=True)
        shape = work(pixels=T, kc=12, n=3) if dataflow == "ws" else work(pixels=3, kc=12, n=T)
        assert array_cycles(config, shape) == cycles

    def test_shadow_registers_do_nothing_for_a_single_fold(self) -> None:
        shadow = array(stationary_double_buffer=True)
        assert array_cycles(shadow, work(5, 4, 3)) == array_cycles(WS, work(5, 4, 3)) == 14

    def test_the_source_documents_machine(self) -> None:
        # 8×8, 36 positions past 9 offsets: 9·(16 + 8 + 36 − 2) = 9·58; with shadow registers
        # 8 + 8·36 + 36 + 8 + 8 − 2.
        alpha5 = array(rows=8, cols=8, ifmap_streaming="raster")
        shape = work(pixels=16, kc=8, n=8, kernel=9, positions=36)
        assert array_cycles(alpha5, shape) == 522
        shadow = alpha5.model_copy(update={"stationary_double_buffer": True})
        assert array_cycles(shadow, shape) == 346


class TestDrainBlocks:
    def rows(self, config: ArrayConfig, shape: ArrayWork[int]) -> Counter[int]:
        """Widths of all rows of psums, with how many rows are that wide."""
        widths: Counter[int] = Counter()
        for block in drain_blocks(config, shape):
            widths[block.columns] += block.repeat * block.rows
        return +Counter({width: count for width, count in widths.items() if width})

    def test_weight_and_output_stationary(self) -> None:
        # n = 7 in blocks of 3, 3 and 1; a row per pixel in each, for each of 2 groups.
        shape = work(pixels=5, kc=1, n=7, groups=2)
        assert self.rows(WS, shape) == self.rows(OS, shape) == {3: 2 * 2 * 5, 1: 2 * 5}

    def test_input_stationary(self) -> None:
        # P = 5 in blocks of 3 and 2 pixels; a row per output channel in each, for each of 2 groups.
        assert self.rows(IS, work(pixels=5, kc=1, n=7, groups=2)) == {3: 2 * 7, 2: 2 * 7}

    def test_block_diagonal(self) -> None:
        # Packs of 3, 3 and 1 groups are 3, 3 and 1 columns wide.
        shape = work(pixels=5, kc=1, n=1, kernel=2, groups=7)
        assert self.rows(DIAGONAL, shape) == {3: 10, 1: 5}

    @given(st.data())
    def test_rows_one_by_one(self, data: st.DataObject) -> None:
        config = data.draw(ARRAYS)
        shape = data.draw(SHAPES)
        assert self.rows(config, shape) == Counter(walk_rows(config, shape))


def walk_rows(config: ArrayConfig, shape: ArrayWork[int]) -> Iterator[int]:
    """Widths of the rows of psums, block by block."""
    if config.dataflow == "is":
        for _group in range(shape.groups):
            for first in range(0, shape.pixels, config.cols):
                for _channel in range(shape.out_channels):
                    yield min(config.cols, shape.pixels - first)
        return
    left = shape.groups
    while left:
        groups = min(left, int(groups_per_fold(config, shape)))
        left -= groups
        columns = groups * shape.out_channels
        for first in range(0, columns, config.cols):
            for _pixel in range(shape.pixels):
                yield min(config.cols, columns - first)


SIZES = st.integers(1, 20)
SHAPES = st.builds(ArrayWork[int], SIZES, SIZES, SIZES, SIZES, SIZES, SIZES)
WEIGHT_STATIONARY = st.builds(
    array,
    rows=st.integers(1, 9),
    cols=st.integers(1, 9),
    ifmap_streaming=st.sampled_from(["im2col", "raster"]),
    stationary_double_buffer=st.booleans(),
    grouped=st.sampled_from(["sequential", "block_diagonal"]),
)
OTHERS = st.builds(array, rows=st.integers(1, 9), cols=st.integers(1, 9), dataflow=st.sampled_from(["is", "os"]))
ARRAYS = WEIGHT_STATIONARY | OTHERS


@given(ARRAYS, st.lists(SHAPES, min_size=1, max_size=10))
def test_arrays_of_shapes_element_by_element(config: ArrayConfig, shapes: list[ArrayWork[int]]) -> None:
    columns = ArrayWork(*np.array([shape[:6] for shape in shapes], dtype=np.int64).T)
    assert array_cycles(config, columns).tolist() == [array_cycles(config, shape) for shape in shapes]
    for number, values in enumerate(folding(config, columns)):
        assert np.broadcast_to(values, len(shapes)).tolist() == [folding(config, shape)[number] for shape in shapes]
    for number, block in enumerate(drain_blocks(config, columns)):
        assert np.transpose(block).tolist() == [list(drain_blocks(config, shape)[number]) for shape in shapes]
