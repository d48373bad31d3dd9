"""Symmetric quantisation, integers times a step without a zero point (Krishnamoorthi, 2018, arXiv:1806.08342, §2.2)."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from accelsim.workload.affine import Doubles

Integers = npt.NDArray[np.int64]

Granularity = Literal["per-tensor", "per-channel"]
GRANULARITIES: tuple[Granularity, ...] = get_args(Granularity)

MIN_BITS, MAX_BITS = 2, 16
"""Of an operand."""


def steps(largest: npt.ArrayLike, bits: int) -> Doubles:
    """Return the step with which the largest magnitude is the largest integer, 2^(bits−1) − 1; of zeros, any does."""
    magnitudes = np.asarray(largest, dtype=np.float64)
    found: Doubles = np.where(magnitudes > 0, magnitudes, 1.0) / limits(bits)[1]
    return found


def limits(bits: int) -> tuple[int, int]:
    """Return the smallest and the largest two's complement number of some bits."""
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def weight_steps(weights: Doubles, bits: int, granularity: Granularity) -> Doubles:
    """Return the step of each output channel's weights, of shape (output channels,); one for all if per tensor.

    Parameters
    ----------
    weights
        Shape (output channels, ...).
    bits
        Bits of a weight.
    granularity
        Whether the largest magnitude is that of all weights or that of a channel.
    """
    largest = np.abs(weights.reshape(len(weights), -1)).max(axis=1, initial=0)
    return steps(np.full_like(largest, largest.max(initial=0)) if granularity == "per-tensor" else largest, bits)


def rounded_weights(weights: Doubles, step: Doubles, bits: int) -> Integers:
    """Return weights as integers: to the nearest, ties to even, as they are made once, in software."""
    along = (-1, *[1] * (weights.ndim - 1))
    largest = limits(bits)[1]
    return np.clip(np.rint(weights / step.reshape(along)), -largest, largest).astype(np.int64)


def rounded_half_up(values: Doubles) -> Integers:
    """Return the nearest integers, ties up, as hardware rounds: it adds a half and drops the fraction."""
    return np.floor(values + 0.5).astype(np.int64)


def rounded_activations(values: Doubles, step: float, bits: int) -> Integers:
    """Return activations as integers of some bits; what is too large is the largest."""
    return np.clip(rounded_half_up(values / step), *limits(bits))
