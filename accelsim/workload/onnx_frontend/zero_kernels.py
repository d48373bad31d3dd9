"""Kernels of which all weights are zero, found in the weights of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from accelsim.workload.shapes import ZeroKernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_BLOCKS = 1000
"""Of one layer, the largest ones: what is left is a pattern without structure, in which no fold is zero."""

FEWEST_KERNELS = 16
"""Smaller blocks fill no fold of any but the smallest arrays; they count only if they span all there is of a side."""


def zero_kernels(weights: NDArray[Any]) -> tuple[ZeroKernels, ...]:
    """Return blocks of zero kernels; a block is as wide as a run of input channels and as high as equal runs lie below.

    Parameters
    ----------
    weights
        Output channels × input channels of a group × kernel, of any number type.
    """
    zero = _zero(weights) if weights.size else np.zeros((0, 0), dtype=np.bool_)
    if not zero.any():
        return ()
    edges = np.diff(np.pad(zero, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    outputs, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    order = np.lexsort((outputs, ends, starts))
    outputs, starts, ends = outputs[order], starts[order], ends[order]
    goes_on = (np.diff(outputs) == 1) & (np.diff(starts) == 0) & (np.diff(ends) == 0)
    first = np.flatnonzero(np.append(True, ~goes_on))
    last = np.append(first[1:], len(outputs)) - 1
    blocks = np.stack([outputs[first], outputs[last] + 1, starts[first], ends[first]], axis=1)
    sides = np.stack([blocks[:, 1] - blocks[:, 0], blocks[:, 3] - blocks[:, 2]], axis=1)
    kernels = sides.prod(axis=1)
    matter = (kernels >= FEWEST_KERNELS) | (sides == zero.shape).any(axis=1)
    largest = np.argsort(-kernels[matter], kind="stable")[:MAX_BLOCKS]
    chosen = blocks[matter][np.sort(largest)]
    return tuple(ZeroKernels(*block) for block in chosen.tolist())


def _zero(weights: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which kernels are zero; most networks have no zero at even the first position, and need no second look."""
    positions = weights.reshape(*weights.shape[:2], -1)
    zero: NDArray[np.bool_] = np.equal(positions[:, :, 0], 0)
    return ~np.any(positions, axis=2) if zero.any() else zero
