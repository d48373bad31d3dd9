"""When a lane turns to another channel, row by row and lane by lane."""

from __future__ import annotations

from itertools import product

import pytest

from accelsim.energy.parameters import channel_changes, parameter_reads
from accelsim.energy.tiles import TileClass
from accelsim.timing.work import Block
from tests.energy.cases import machine


def turns_by_walking(rows: int, columns: int, lanes: int) -> int:
    held: dict[int, int] = {}
    turns = 0
    for _row, column in product(range(rows), range(columns)):
        turns += held.get(column % lanes) != column
        held[column % lanes] = column
    return turns


@pytest.mark.parametrize(("rows", "columns", "lanes"), list(product((1, 2, 5), range(1, 9), range(1, 10))))
def test_a_column_is_a_channel(rows: int, columns: int, lanes: int) -> None:
    classes = [TileClass(3, (Block(2, rows, columns),))]
    expected = 3 * 2 * turns_by_walking(rows, columns, lanes)
    for dataflow in ("ws", "os"):
        on = machine(array={"dataflow": dataflow})
        assert parameter_reads(on, classes, lanes) == channel_changes(on, classes, lanes) == expected


def test_a_row_is_a_channel() -> None:
    # 7 rows of 5 pixels, twice, and 7 of 1: a read for each row, which up to 3 lanes turn to
    on = machine(array={"dataflow": "is"})
    classes = [TileClass(10, (Block(2, 7, 5), Block(1, 7, 1)))]
    assert parameter_reads(on, classes, lanes=3) == 10 * (2 * 7 + 7)
    assert channel_changes(on, classes, lanes=3) == 10 * (2 * 7 * 3 + 7)
