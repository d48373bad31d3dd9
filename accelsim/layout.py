"""How feature maps lie in DRAM, and what a piece of one costs to move (docs/microarchitecture.md, §6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Literal, NamedTuple

from accelsim.timing.integers import Integer, ceil_div
from accelsim.timing.work import Transfer

if TYPE_CHECKING:
    from accelsim.workload.graph import Shape


class Region(NamedTuple):
    """A box of a feature map: ``images`` images from ``image``, rows and columns from the first to before the end."""

    image: int
    images: int
    top: int
    bottom: int
    left: int
    right: int


class ChannelBytes(NamedTuple, Generic[Integer]):
    """Bytes of a region as a function of its channels: ``pieces`` times ⌈channels · bits / 8⌉."""

    pieces: Integer
    bits: Integer


def bytes_of(per_channel: ChannelBytes[Integer], channels: Integer) -> Integer:
    """Bytes that this many channels take."""
    return per_channel.pieces * ((channels * per_channel.bits + 7) // 8)


class FeatureMap(NamedTuple):
    """A tensor of ``batch`` images in DRAM: NCHW, rows on byte boundaries, feature vectors packed."""

    batch: int
    shape: Shape
    element_bits: int
    address: int = 0

    @property
    def is_vector(self) -> bool:
        """Whether planes are one pixel, and so packed across channels."""
        return self.shape.pixels == 1

    @property
    def row_bytes(self) -> int:
        """Bytes from one row to the next."""
        return ceil_div(self.shape.width * self.element_bits, 8)

    @property
    def plane_bytes(self) -> int:
        """Bytes from one channel to the next (of a vector: undefined)."""
        return self.shape.height * self.row_bytes

    @property
    def image_bytes(self) -> int:
        """Bytes from one image to the next."""
        channels = self.shape.channels
        return ceil_div(channels * self.element_bits, 8) if self.is_vector else channels * self.plane_bytes

    @property
    def bytes(self) -> int:
        """Bytes of the whole tensor."""
        return self.batch * self.image_bytes

    def transfer(
        self,
        direction: Literal["read", "write"],
        buffer: Literal["ifmap", "residual", "ofmap"],
        region: Region,
        first_channel: int,
        channels: int,
    ) -> Transfer:
        """Return the DMA descriptor for some channels of a region, with runs that touch merged."""
        image = self.address + region.image * self.image_bytes
        all_channels = channels == self.shape.channels
        if self.is_vector:
            start = image + first_channel * self.element_bits // 8
            run = ceil_div(channels * self.element_bits, 8)
            return self._images(direction, buffer, start, run, region.images, contiguous=all_channels)
        rows = region.bottom - region.top
        start = image + first_channel * self.plane_bytes + region.top * self.row_bytes
        if region.right - region.left < self.shape.width:
            start += region.left * self.element_bits // 8
            run = self._width_bytes(region)
            return Transfer(direction, buffer, start, run, rows, self.row_bytes, channels, self.plane_bytes)
        if rows < self.shape.height:
            return Transfer(direction, buffer, start, rows * self.row_bytes, channels, self.plane_bytes)
        run = channels * self.plane_bytes
        return self._images(direction, buffer, start, run, region.images, contiguous=all_channels)

    def _images(
        self,
        direction: Literal["read", "write"],
        buffer: Literal["ifmap", "residual", "ofmap"],
        start: int,
        run: int,
        images: int,
        *,
        contiguous: bool,
    ) -> Transfer:
        if contiguous or images == 1:
            return Transfer(direction, buffer, start, images * run)
        return Transfer(direction, buffer, start, run, images, self.image_bytes)

    def _width_bytes(self, region: Region) -> int:
        bits = self.element_bits
        return ceil_div(region.right * bits, 8) - region.left * bits // 8
