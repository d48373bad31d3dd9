"""What one operation has to do, in shapes: the arguments of the closed forms. No cycle counts here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Literal, NamedTuple

from accelsim.timing.integers import Integer

if TYPE_CHECKING:
    from accelsim.workload.shapes import ZeroKernels


class ArrayWork(NamedTuple, Generic[Integer]):
    """One operation of the conv array: one ifmap half × one weight half (docs/microarchitecture.md, §3)."""

    pixels: Integer
    """Output pixels, P."""
    positions: Integer
    """Padded input positions behind those pixels, I (what ``raster`` streams)."""
    kernel_positions: Integer
    """Positions of the kernel, KH·KW."""
    in_channels: Integer
    """Input channels per group, kc."""
    out_channels: Integer
    """Output channels per group, n."""
    groups: Integer
    """Groups, g."""
    zero_kernels: tuple[ZeroKernels, ...] = ()
    """Kernels of which all weights are zero: output channels of all groups × input channels of a group."""

    @property
    def macs(self) -> Integer:
        """Multiply-accumulates of the operation (padding counts, as in the literature)."""
        return self.pixels * self.kernel_positions * self.in_channels * self.out_channels * self.groups


class Block(NamedTuple, Generic[Integer]):
    """``repeat`` equal blocks of psums in the accumulator, each of ``rows`` rows that are ``columns`` wide."""

    repeat: Integer
    rows: Integer
    columns: Integer


class Transfer(NamedTuple):
    """One descriptor of the DMA: ``images × planes × rows`` runs of ``row_bytes`` contiguous bytes.

    The strides are the distances in bytes between the starts of neighbouring rows, planes and images; they mean nothing
    where the count is 1.
    """

    direction: Literal["read", "write"]
    buffer: Literal["ifmap", "weight", "parameter", "residual", "ofmap"]
    address: int
    row_bytes: int
    rows: int = 1
    row_stride_bytes: int = 0
    planes: int = 1
    plane_stride_bytes: int = 0
    images: int = 1
    image_stride_bytes: int = 0

    @property
    def runs(self) -> int:
        """Number of contiguous runs."""
        return self.images * self.planes * self.rows

    @property
    def bytes(self) -> int:
        """Bytes moved."""
        return self.runs * self.row_bytes
