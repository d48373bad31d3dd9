"""How feature maps lie in DRAM, and what a piece of one costs to move (docs/microarchitecture.md, §6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from accelsim.timing.integers import ceil_div
from accelsim.timing.work import Transfer

if TYPE_CHECKING:
    from accelsim.workload.graph import Shape


class Span(NamedTuple):
    """``size`` elements of one dimension, from ``start``."""

    start: int
    size: int


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
        start = self.address + region.image * self.image_bytes + channels.start * self.plane_bytes
        start += region.top * self.row_bytes + region.left * self.element_bits // 8
        transfer = Transfer(direction, buffer, start, 0, images=region.images, image_stride_bytes=self.image_bytes)
        rows = region.bottom - region.top
        if region.right - region.left < self.shape.width:
            width_bytes = ceil_div(region.right * self.element_bits, 8) - region.left * self.element_bits // 8
            return transfer._replace(
                row_bytes=width_bytes,
                rows=rows,
                row_stride_bytes=self.row_bytes,
                planes=channels.size,
                plane_stride_bytes=self.plane_bytes,
            )
        if rows < self.shape.height:
            return transfer._replace(
                row_bytes=rows * self.row_bytes, planes=channels.size, plane_stride_bytes=self.plane_bytes
            )
        if channels.size < self.shape.channels:
            return transfer._replace(row_bytes=channels.size * self.plane_bytes)
        return transfer._replace(row_bytes=region.images * self.image_bytes, images=1)
