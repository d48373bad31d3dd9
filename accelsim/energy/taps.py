"""Which positions of moving windows lie inside the map: padding is not in a buffer, so it is not read from one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from accelsim.layers import ConvShape, StreamShape
from accelsim.layout import Span
from accelsim.timing.integers import ceil_div


def taps_inside(shape: ConvShape | StreamShape) -> int:
    """Pairs of an output pixel and a position of its window that is no padding, over all images, for one channel."""
    return sum(taps_by_position(shape))


def taps_by_position(shape: ConvShape | StreamShape) -> list[int]:
    """Output pixels for which a position of the window is no padding, over all images, for every position."""
    rows, columns = _taps_of_axis(shape, 0), _taps_of_axis(shape, 1)
    return [shape.batch * down * right for down, right in product(rows, columns)]


def positions_inside(shape: ConvShape, rows: Iterable[Span], columns: Iterable[Span]) -> int:
    """Input positions behind tiles of output pixels that are no padding, over all images and tiles, for one channel.

    Parameters
    ----------
    shape
        A convolution of stride 1, as ``raster`` streams it.
    rows, columns
        How its output is cut into tiles.
    """
    return shape.batch * _positions_of_axis(shape, 0, rows) * _positions_of_axis(shape, 1, columns)


def _taps_of_axis(shape: ConvShape | StreamShape, axis: int) -> list[int]:
    """Output rows (columns) for which a kernel row (column) meets the input, for every one of the kernel."""
    window = shape.window
    stride, dilation, padding = window.stride[axis], window.dilation[axis], window.padding[axis]
    size, outputs = (shape.input.height, shape.input.width)[axis], (shape.output.height, shape.output.width)[axis]
    taps = []
    for kernel in range(window.kernel[axis]):
        # output o meets input o·stride + offset, which lies inside if it is at least 0 and less than size
        offset = kernel * dilation - padding
        first = max(0, ceil_div(-offset, stride))
        end = min(outputs, ceil_div(size - offset, stride))
        taps.append(max(0, end - first))
    return taps


def _positions_of_axis(shape: ConvShape, axis: int, tiles: Iterable[Span]) -> int:
    """Input rows (columns) behind each tile that lie inside the map, summed over the tiles."""
    size, padding = (shape.input.height, shape.input.width)[axis], shape.window.padding[axis]
    extent = shape.window.extent[axis]
    positions = 0
    for tile in tiles:
        first = tile.start - padding
        positions += max(0, min(first + tile.size - 1 + extent, size) - max(first, 0))
    return positions
