"""What of a window lies inside a map, against looking at every position."""

from __future__ import annotations

from itertools import product

import pytest

from accelsim.energy.taps import positions_inside, taps_inside
from accelsim.layers import ConvShape
from accelsim.layout import Span
from accelsim.mapping.tiling import spans
from accelsim.workload.shapes import Shape, Window


def shape_of(window: Window, height: int, width: int, batch: int = 1) -> ConvShape:
    return ConvShape(batch, Shape(1, height, width), Shape(1, *window.output_size(height, width)), window, 1)


WINDOWS = [
    Window((kernel, 2), (stride, 1), (top, 1, bottom, 0), (dilation, 2))
    for kernel, stride, dilation, top, bottom in product((1, 2, 3), (1, 2, 4), (1, 3), (0, 1, 2), (0, 2))
]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_taps_inside(window: Window) -> None:
    shape = shape_of(window, height=7, width=4, batch=2)
    inside = 0
    for y, x, ky, kx in product(*map(range, (*shape.output[1:], *window.kernel))):
        row = y * window.stride[0] + ky * window.dilation[0] - window.padding[0]
        column = x * window.stride[1] + kx * window.dilation[1] - window.padding[1]
        inside += 0 <= row < 7 and 0 <= column < 4
    assert taps_inside(shape) == 2 * inside


def test_a_tap_that_meets_nothing_but_padding_counts_nothing() -> None:
    # one row, padded by 5 above: only the last of 6 kernel rows ever meets it
    assert taps_inside(shape_of(Window((6, 1), padding=(5, 0, 0, 0)), height=1, width=1)) == 1


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_positions_inside(size: int) -> None:
    # 8 rows padded by 2, kernel of 3 rows with a hole between them: tiles of `size` rows overlap by 4
    window = Window((3, 1), (1, 1), (2, 0, 2, 0), (2, 1))
    shape = shape_of(window, height=8, width=5, batch=3)
    rows = spans(shape.output.height, size)
    met = sum(0 <= row - 2 < 8 for tile in rows for row in range(tile.start, tile.start + tile.size + 4))
    assert positions_inside(shape, rows, [Span(0, 5)]) == 3 * met * 5


def test_a_tile_of_padding_has_no_position_inside() -> None:
    shape = shape_of(Window(padding=(2, 0, 0, 0)), height=1, width=1)
    assert [positions_inside(shape, [Span(row, 1)], [Span(0, 1)]) for row in range(3)] == [0, 0, 1]
