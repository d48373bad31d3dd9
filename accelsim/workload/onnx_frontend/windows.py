"""Kernels, strides and padding, as ONNX writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from accelsim.workload.shapes import Window


class Padding(NamedTuple):
    """Zeros before and after a feature map, by axis, without batch and channels."""

    before: tuple[int, ...]
    after: tuple[int, ...]


def window_of(
    options: Mapping[str, Any],
    kernel: Sequence[int],
    source: Sequence[int],
    result: Sequence[int],
    padded: Padding | None = None,
) -> Window:
    """Return the window of a convolution or pooling; one-dimensional ones have a height of 1.

    Parameters
    ----------
    options
        The operator's attributes: ``strides``, ``dilations``, ``pads``, ``auto_pad``, ``ceil_mode``.
    kernel, source, result
        Sides of the kernel, of the input and of the output, without batch and channels.
    padded
        What a Pad before it has added to the input already.
    """
    axes = len(kernel)
    strides = list(options.get("strides") or [1] * axes)
    dilations = list(options.get("dilations") or [1] * axes)
    before, after = _padding(options, kernel, strides, dilations, source)
    for axis in range(axes):
        extent = (kernel[axis] - 1) * dilations[axis] + 1
        reached = (result[axis] - 1) * strides[axis] + extent - source[axis] - before[axis]
        if options.get("ceil_mode"):
            after[axis] = max(after[axis], reached)
        elif after[axis] >= extent:  # so exporters make up for ceil_mode where their opset has none; not all is reached
            after[axis] = max(0, reached)
    if padded is not None:
        before = [sum(pads) for pads in zip(before, padded.before, strict=True)]
        after = [sum(pads) for pads in zip(after, padded.after, strict=True)]
    return Window(_two(kernel, 1), _two(strides, 1), (*_two(before, 0), *_two(after, 0)), _two(dilations, 1))


def pads_whole_windows(window: Window) -> bool:
    """Whether some window may consist of padding alone, which the simulator's graph refuses."""
    top, left, bottom, right = window.padding
    rows, columns = window.extent
    return max(top, bottom) >= rows or max(left, right) >= columns


def _padding(
    options: Mapping[str, Any],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    source: Sequence[int],
) -> tuple[list[int], list[int]]:
    """Return the padding before and after the input, by axis."""
    axes = len(kernel)
    auto = options.get("auto_pad", b"NOTSET")
    if auto in (b"SAME_UPPER", b"SAME_LOWER"):
        outputs = [-(-size // stride) for size, stride in zip(source, strides, strict=True)]
        sums = [
            max(0, (outputs[axis] - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1 - source[axis])
            for axis in range(axes)
        ]
        smaller, larger = [total // 2 for total in sums], [total - total // 2 for total in sums]
        return (smaller, larger) if auto == b"SAME_UPPER" else (larger, smaller)
    pads = list(options.get("pads") or [0] * 2 * axes) if auto == b"NOTSET" else [0] * 2 * axes
    return pads[:axes], pads[axes:]


def _two(sizes: Sequence[int], height: int) -> tuple[int, int]:
    return (sizes[0], sizes[1]) if len(sizes) == 2 else (height, sizes[0])
