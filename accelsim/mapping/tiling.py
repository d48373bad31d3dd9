"""Tilings: how a layer is cut into pieces that fit the machine (docs/microarchitecture.md, §9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from accelsim.layout import Region, Span
from accelsim.timing.integers import ceil_div
from accelsim.workload.shapes import Shape, Window


def spans(extent: int, size: int) -> list[Span]:
    """Cut ``extent`` elements into pieces of ``size``; the last may be smaller."""
    return [Span(start, min(size, extent - start)) for start in range(0, extent, size)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiling:
    """Sizes of a full tile in every dimension.

    Pixels are cut along one dimension at a time: ``images`` is 1 unless tiles hold whole images, and ``out_height`` is
    1 where rows are cut. ``groups`` is 1 unless tiles hold whole groups. Layers without a convolution have one
    group, and ``in_channels`` equals ``out_channels``.
    """

    images: int
    out_height: int
    out_width: int
    groups: int
    out_channels: int
    in_channels: int
    reuse: Literal["ifmap", "weight"] = "weight"

    def __str__(self) -> str:
        return (
            f"{self.images} x {self.out_height}x{self.out_width} pixels, {self.groups} x {self.out_channels} output "
            f"channels, {self.in_channels} input channels, reuse {self.reuse}"
        )


class PixelTile(NamedTuple):
    """Some output pixels: images, rows, columns."""

    images: Span
    rows: Span
    columns: Span

    @property
    def pixels(self) -> int:
        """Number of output pixels."""
        return self.images.size * self.rows.size * self.columns.size

    @property
    def output_region(self) -> Region:
        """Where the pixels lie in the ofmap."""
        return Region(
            self.images.start,
            self.images.size,
            self.rows.start,
            self.rows.start + self.rows.size,
            self.columns.start,
            self.columns.start + self.columns.size,
        )

    def padded_positions(self, window: Window) -> int:
        """Input positions behind the pixels, padding included."""
        rows, columns = window.extent
        height = (self.rows.size - 1) * window.stride[0] + rows
        width = (self.columns.size - 1) * window.stride[1] + columns
        return self.images.size * height * width

    def input_region(self, window: Window, input_shape: Shape) -> Region:
        """What has to be fetched for the pixels: the input behind them without its padding."""
        top, bottom = _fetched(self.rows, window.stride[0], window.extent[0], window.padding[0], input_shape.height)
        left, right = _fetched(self.columns, window.stride[1], window.extent[1], window.padding[1], input_shape.width)
        return Region(self.images.start, self.images.size, top, bottom, left, right)


def _fetched(outputs: Span, stride: int, extent: int, padding: int, size: int) -> tuple[int, int]:
    """First and last-plus-one input position of one dimension, clipped to the tensor but never empty."""
    first = outputs.start * stride - padding
    end = first + (outputs.size - 1) * stride + extent
    start = min(max(first, 0), size - 1)
    return start, max(min(end, size), start + 1)


def pixel_tiles(batch: int, output: Shape, images: int, out_height: int, out_width: int) -> Iterator[PixelTile]:
    """All tiles of an output, in the order in which they are computed."""
    for image in spans(batch, images):
        for rows in spans(output.height, out_height):
            for columns in spans(output.width, out_width):
                yield PixelTile(image, rows, columns)


def tile_sizes(extent: int) -> list[int]:
    """Return the smallest tile size for every possible number of tiles, largest first.

    Where traffic depends on the number of tiles alone (channels, groups, images), no other size can be better: the
    smallest fits wherever a larger one with the same number of tiles does.
    """
    sizes = []
    count = 1
    while True:
        size = ceil_div(extent, count)
        sizes.append(size)
        if size == 1:
            return sizes
        count = ceil_div(extent, size - 1)
