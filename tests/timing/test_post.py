from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from accelsim.timing.post import accumulate_busy_cycles, pass_cycles, rows_cycles
from accelsim.timing.work import Block
from tests.hand_built import machine, work


def test_a_row_takes_as_many_cycles_as_it_has_lanefuls() -> None:
    # 2 blocks of 5 rows of 7: 10 · ⌈7/4⌉; and one of 3 rows of 4: 3 · 1.
    blocks = (Block(2, 5, 7), Block(1, 3, 4))
    assert rows_cycles(blocks, 4) == 23
    assert rows_cycles(blocks, 1) == 10 * 7 + 3 * 4
    assert rows_cycles(blocks, 100) == 10 + 3


def test_rows_do_not_share_a_cycle() -> None:
    # Ten rows of one element, though 8 lanes would hold most of them.
    assert rows_cycles((Block(1, 10, 1),), 8) == 10


def test_a_window_is_read_row_by_row() -> None:
    # 5 rows of 7, each at 9 positions: 45 · ⌈7/4⌉.
    assert rows_cycles((Block(1, 5, 7),), 4, 9) == 90


def test_empty_blocks_cost_nothing() -> None:
    assert rows_cycles((Block(0, 5, 7), Block(2, 0, 7), Block(2, 5, 0)), 4) == 0


def test_the_function_unit_accumulates_what_the_folds_stream_out() -> None:
    # The source document's machine: 9 folds of 36 rows; and one cycle of flush behind each.
    alpha5 = {"rows": 8, "cols": 8, "ifmap_streaming": "raster"}
    shape = work(16, 8, 8, kernel=9, positions=36)
    assert accumulate_busy_cycles(machine(array=alpha5), shape) == 9 * 36
    flushing = machine(array=alpha5, bn={"placement": "pass", "flush_cycles": 1})
    assert accumulate_busy_cycles(flushing, shape) == 9 * 37
    # os streams all R = 4 rows out of each of 2 folds, though only 5 pixels are there.
    assert accumulate_busy_cycles(machine(array={"dataflow": "os"}), work(5, 4, 3)) == 2 * 4


def test_a_pass_flushes_once() -> None:
    # 2 blocks of 5 rows of 7 through 4 lanes, and 6 cycles of flush.
    flushing = machine(bn={"placement": "pass", "flush_cycles": 6})
    assert pass_cycles(flushing, (Block(2, 5, 7),), 4) == 2 * 5 * 2 + 6
    assert pass_cycles(flushing, (Block(2, 5, 7),), 4, window=3) == 2 * 5 * 3 * 2 + 6


SIZES = st.integers(0, 50)


@given(
    st.lists(st.lists(st.tuples(SIZES, SIZES, SIZES), min_size=3, max_size=3), min_size=1, max_size=10),
    st.integers(1, 9),
    st.integers(1, 9),
)
def test_arrays_element_by_element(rows: list[list[tuple[int, int, int]]], lanes: int, window: int) -> None:
    columns = [Block(*np.array(block, dtype=np.int64).T) for block in zip(*rows, strict=True)]
    alone = [[Block(*block) for block in row] for row in rows]
    assert rows_cycles(columns, lanes, window).tolist() == [rows_cycles(row, lanes, window) for row in alone]
