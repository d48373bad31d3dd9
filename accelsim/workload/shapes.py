"""Shapes of feature maps, and of the windows that move over them.

Shapes are per image, ``(channels, height, width)``; the batch is a property of the run. A feature vector
of length n is ``(n, 1, 1)``.
"""

from __future__ import annotations

from typing import NamedTuple

MAX_ELEMENTS = 2**32
"""Larger tensors are taken for a typing error. (With fewer elements no count of bytes or cycles leaves 64 bits.)"""


class Shape(NamedTuple):
    """Shape of a feature map of one image."""

    channels: int
    height: int
    width: int

    @property
    def pixels(self) -> int:
        """Positions of one channel."""
        return self.height * self.width

    @property
    def elements(self) -> int:
        """Elements of all channels."""
        return self.channels * self.pixels

    def __str__(self) -> str:
        return f"{self.channels}x{self.height}x{self.width}"


class Window(NamedTuple):
    """How a kernel moves over a feature map, each pair as (height, width); padding as (top, left, bottom, right)."""

    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)

    @property
    def positions(self) -> int:
        """Positions of the kernel, KH·KW."""
        return self.kernel[0] * self.kernel[1]

    @property
    def extent(self) -> tuple[int, int]:
        """Input rows and columns that one window spans."""
        return (
            (self.kernel[0] - 1) * self.dilation[0] + 1,
            (self.kernel[1] - 1) * self.dilation[1] + 1,
        )

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Output rows and columns over an input of ``height`` × ``width``; below 1 where the window does not fit."""
        top, left, bottom, right = self.padding
        rows, columns = self.extent
        return (
            (height + top + bottom - rows) // self.stride[0] + 1,
            (width + left + right - columns) // self.stride[1] + 1,
        )


class ZeroKernels(NamedTuple):
    """Kernels of a convolution of which all weights are zero: of some output channels, over some input channels.

    Output channels count through all groups, input channels inside a group; both from the first to before the end.
    """

    first_output: int
    end_output: int
    first_input: int
    end_input: int

    def inside(self, outputs: tuple[int, int], inputs: tuple[int, int]) -> ZeroKernels | None:
        """Return what of them lies in a piece of the weights, counted from its start; ``None`` if nothing does.

        Parameters
        ----------
        outputs, inputs
            Channels of the piece, from the first to before the end.
        """
        (first_output, end_output), (first_input, end_input) = outputs, inputs
        found = ZeroKernels(
            max(self.first_output, first_output) - first_output,
            min(self.end_output, end_output) - first_output,
            max(self.first_input, first_input) - first_input,
            min(self.end_input, end_input) - first_input,
        )
        is_empty = found.first_output >= found.end_output or found.first_input >= found.end_input
        return None if is_empty else found
