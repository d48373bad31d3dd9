"""How feature maps lie in DRAM, and what a piece of one costs to move (docs/microarchitecture.md, §6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from accelsim.timing.integers import ceil_div
from accelsim.timing.work import Transfer

if TYPE_CHECKING:
    from accelsim.workload.shapes import Shape


class Span(NamedTuple):
    """``size`` elements of one dimension, from ``start``."""

    start: int
    size: int

    @property
    def end(self) -> int:
        """The first element behind it."""
        return self.start + self.size


class Region(NamedTuple):
    """A box of a feature map: ``images`` images from ``image``, rows and columns from the first to before the end."""

    image: int
    images: int
    top: int
    bottom: int
    left: int
    right: int


class FeatureMap(NamedTuple):
    """A tensor of ``batch`` images in DRAM: NCHW, each row of a plane on a byte boundary."""

    batch: int
    shape: Shape
    element_bits: int
    address: int = 0

    @property
    def row_bytes(self) -> int:
        """Bytes from one row to the next."""
        return ceil_div(self.shape.width * self.element_bits, 8)

    @property
    def plane_bytes(self) -> int:
        """Bytes from one channel to the next."""
        return self.shape.height * self.row_bytes

    @property
    def image_bytes(self) -> int:
        """Bytes from one image to the next."""
        return self.shape.channels * self.plane_bytes

    @property
    def bytes(self) -> int:
        """Bytes of the whole tensor."""
        return self.batch * self.image_bytes

    def transfer(
        self,
        direction: Literal["read", "write"],
        buffer: Literal["ifmap", "residual", "ofmap"],
        region: Region,
        channels: Span,
    ) -> Transfer:
        """Return the DMA descriptor for some channels of a region, with runs that touch merged."""
        bits = self.element_bits
        row_bytes = self.row_bytes
        plane_bytes = self.shape.height * row_bytes
        image_bytes = self.shape.channels * plane_bytes
        first_byte = region.left * bits // 8
        start = self.address + region.image * image_bytes + channels.start * plane_bytes
        run = ceil_div(region.right * bits, 8) - first_byte
        rows, planes, images = region.bottom - region.top, channels.size, region.images
        if run == row_bytes:
            run, rows = run * rows, 1
        if run == plane_bytes:
            run, planes = run * planes, 1
        if run == image_bytes:
            run, images = run * images, 1
        return Transfer(
            direction,
            buffer,
            start + region.top * row_bytes + first_byte,
            run,
            rows,
            row_bytes,
            planes,
            plane_bytes,
            images,
            image_bytes,
        )
