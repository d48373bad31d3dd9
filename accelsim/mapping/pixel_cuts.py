"""The ways to cut the output pixels of a layer, with what each costs per channel.

Neighbouring tiles share input (their halo), and padding clips it near the edges, so traffic depends on where the cuts
lie. All sizes are looked at; those that cost as much as a smaller one with as many tiles are dropped.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, NamedTuple

import numpy as np

from accelsim.layout import FeatureMap
from accelsim.mapping.tiling import tile_sizes
from accelsim.timing.integers import Integer, ceil_div
from accelsim.workload.shapes import Window

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from accelsim.timing.integers import IntArray


class PixelCut(NamedTuple, Generic[Integer]):
    """One way to cut the pixels, or a column of each number: tile sizes, tile counts, and bytes per channel.

    ``full`` tiles all have ``full_pixels`` pixels; ``last`` ones, at the end of the cut dimension, have
    ``last_pixels`` (``last`` is 0 where the size divides the extent).
    """

    images: Integer
    out_height: Integer
    out_width: Integer
    full: Integer
    full_pixels: Integer
    full_positions: Integer
    last: Integer
    last_pixels: Integer
    last_positions: Integer
    largest_ifmap_bytes: Integer
    total_ifmap_bytes: Integer
    largest_stored_bytes: Integer
    largest_ofmap_bytes: Integer
    total_ofmap_bytes: Integer
    ifmap_runs: Integer
    """Contiguous runs per channel in all ifmap tiles; 0 where whole planes make one run of all channels."""
    ofmap_runs: Integer
    """The same for the ofmap."""

    @property
    def tiles(self) -> Integer:
        """Number of pixel tiles."""
        return self.full + self.last


class PixelPlane(NamedTuple):
    """What the cuts of a layer's pixels depend on.

    Parameters
    ----------
    ifmap, ofmap
        The tensors.
    window
        How the kernel moves over the ifmap.
    stored_bits
        Width of the widest result that goes to DRAM.
    worthwhile_pixels
        Numbers of pixels that a tile should be able to reach.
    """

    ifmap: FeatureMap
    ofmap: FeatureMap
    window: Window
    stored_bits: int
    worthwhile_pixels: tuple[int, ...]


def pixel_cuts(plane: PixelPlane) -> PixelCut[IntArray]:
    """Return all cuts worth looking at, as columns."""
    return as_columns(PixelCuts(plane))


def as_columns(cuts: Iterable[PixelCut[int]]) -> PixelCut[IntArray]:
    """Return cuts as one array per number."""
    return PixelCut(*np.array(list(cuts), dtype=np.int64).T)


class PixelCuts:
    """All cuts of a layer's output.

    Parameters
    ----------
    plane
        The layer's pixels.
    """

    def __init__(self, plane: PixelPlane) -> None:
        ifmap, ofmap, window = plane.ifmap, plane.ofmap, plane.window
        self._ifmap = ifmap
        self._ofmap = ofmap
        self._stored_bits = plane.stored_bits
        self._worthwhile_pixels = plane.worthwhile_pixels
        self._rows, self._columns = (
            _Axis(outputs, inputs, window.stride[axis], window.extent[axis], window.padding[axis])
            for axis, (outputs, inputs) in enumerate(zip(ofmap.shape[1:], ifmap.shape[1:], strict=True))
        )

    def __iter__(self) -> Iterator[PixelCut[int]]:
        output = self._ofmap.shape
        for images in sorted({*tile_sizes(self._ofmap.batch), *self._sizes_reaching(output.pixels, self._ofmap.batch)}):
            yield self.cut(images, output.height, output.width)
        for size in self._rows.sizes(8, 8, self._sizes_reaching(output.width, output.height)):
            yield self.cut(1, size, output.width)
        for size in self._columns.sizes(
            self._ifmap.element_bits, self._ofmap.element_bits, self._sizes_reaching(1, output.width)
        ):
            yield self.cut(1, 1, size)

    def _sizes_reaching(self, pixels_each: int, extent: int) -> list[int]:
        """Smallest sizes with which a tile has as many pixels as the array has rows, or columns."""
        return [min(ceil_div(pixels, pixels_each), extent) for pixels in self._worthwhile_pixels]

    def cut(self, images: int, out_height: int, out_width: int) -> PixelCut[int]:
        """Return the cut with these sizes, which cut one dimension at most (see :class:`Tiling`)."""
        sizes = (images, out_height, out_width)
        extents = (self._ofmap.batch, self._ofmap.shape.height, self._ofmap.shape.width)
        last_sizes = tuple(extent % size or size for extent, size in zip(extents, sizes, strict=True))
        full = math.prod(extent // size for extent, size in zip(extents, sizes, strict=True))
        tiles = math.prod(ceil_div(extent, size) for extent, size in zip(extents, sizes, strict=True))
        read_rows, written_rows = self._rows.read(out_height, 8), self._rows.written(out_height, 8)
        read_columns = self._columns.read(out_width, self._ifmap.element_bits)
        stored_columns = self._columns.written(out_width, self._stored_bits)
        ofmap_columns = self._columns.written(out_width, self._ofmap.element_bits)
        batch = self._ofmap.batch
        return PixelCut(
            *sizes,
            full=full,
            full_pixels=math.prod(sizes),
            full_positions=self._positions(*sizes),
            last=tiles - full,
            last_pixels=math.prod(last_sizes),
            last_positions=self._positions(*last_sizes),
            largest_ifmap_bytes=images * int(read_rows.max() * read_columns.max()),
            total_ifmap_bytes=batch * int(read_rows.sum() * read_columns.sum()),
            largest_stored_bytes=images * int(written_rows.max() * stored_columns.max()),
            largest_ofmap_bytes=images * int(written_rows.max() * ofmap_columns.max()),
            total_ofmap_bytes=batch * int(written_rows.sum() * ofmap_columns.sum()),
            ifmap_runs=self._runs(self._ifmap, tiles, read_rows, out_width),
            ofmap_runs=self._runs(self._ofmap, tiles, written_rows, out_width),
        )

    def _runs(self, tensor: FeatureMap, tiles: int, rows: NDArray[np.int64], out_width: int) -> int:
        """Runs per channel: each row of its own where rows are cut, else one for each tile that is no whole plane."""
        if out_width < self._ofmap.shape.width:
            return int(rows.sum()) * tiles // len(rows)
        return 0 if rows.min() == tensor.shape.height else tiles

    def _positions(self, images: int, out_height: int, out_width: int) -> int:
        return images * self._rows.positions(out_height) * self._columns.positions(out_width)


class _Axis:
    """One spatial dimension: for every output, the input positions at which what it reads begins and ends."""

    def __init__(self, outputs: int, inputs: int, stride: int, extent: int, padding: int) -> None:
        first = np.arange(outputs, dtype=np.int64) * stride - padding
        self._outputs = outputs
        self._stride = stride
        self._extent = extent
        self._starts = np.clip(first, 0, inputs - 1)
        self._ends = np.clip(first + extent, 1, inputs)

    def positions(self, size: int) -> int:
        """Padded input positions behind ``size`` outputs."""
        return (size - 1) * self._stride + self._extent

    def read(self, size: int, bits: int) -> NDArray[np.int64]:
        """Bytes read for each tile of ``size`` outputs, at ``bits`` per position."""
        starts = self._starts[::size]
        last_outputs = np.minimum(np.arange(size, self._outputs + size, size), self._outputs) - 1
        return _byte_spans(starts, np.maximum(self._ends[last_outputs], starts + 1), bits)

    def written(self, size: int, bits: int) -> NDArray[np.int64]:
        """Bytes written for each tile of ``size`` outputs, at ``bits`` per position."""
        starts = np.arange(0, self._outputs, size, dtype=np.int64)
        return _byte_spans(starts, np.minimum(starts + size, self._outputs), bits)

    def sizes(self, bits: int, written_bits: int, thresholds: Iterable[int]) -> list[int]:
        """Tile sizes below the whole that are worth looking at.

        Left out are those for which a smaller size has as many tiles, the same cost, reaches the same thresholds, and
        needs no more room for its largest tile. (It can: clipped padding may make the larger of two sizes read less.)
        """
        least_room: dict[tuple[int, ...], int] = {}
        kept = []
        for size in range(1, self._outputs):
            read = self.read(size, bits)
            reached = (size >= threshold for threshold in thresholds)
            key = (len(read), int(read.sum()), int(self.written(size, written_bits).sum()), *reached)
            room = int(read.max())
            if room < least_room.get(key, room + 1):
                least_room[key] = room
                kept.append(size)
        return kept


def _byte_spans(starts: NDArray[np.int64], ends: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    return ceil_div(ends * bits, 8) - starts * bits // 8
