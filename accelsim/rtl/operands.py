"""Random integers for a layer: what it multiplies, adds and scales with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from accelsim.config.machine import MachineConfig
from accelsim.layers import ConvShape
from accelsim.program.phases import Phase
from accelsim.rtl.multiplier import random_multipliers

if TYPE_CHECKING:
    from accelsim.rtl.packing import Integers

MAX_BIAS_BITS = 12
"""Wider words hold values that would drown the psums of small layers."""


class Pooling(NamedTuple):
    """How a window is pooled: its maximum, or its sum times a reciprocal in 1/65536."""

    average: bool
    reciprocal: int


class Operands(NamedTuple):
    """The operands of one phase; those that it does not need are empty."""

    weights: Integers
    bias: Integers
    """Channel by word, of which there is one."""
    bn_words: Integers
    """Channel by word: scale and shift, or γ, β, μ and σ²."""
    multipliers: Integers
    """Channel by word, of which there is one: the requantiser's, where each channel has its own."""
    multiplier: int
    """The requantiser's for all channels of other phases."""
    residual: Integers
    pooling: Pooling
    clip_high: int
    """Where a clipped activation function ends, in psums."""

    @property
    def parameters(self) -> Integers:
        """All words of a channel, as they lie in memory: its bias first."""
        return np.concatenate([self.bias, self.bn_words, self.multipliers], axis=1)


def random_feature_map(random: np.random.Generator, shape: tuple[int, ...], bits: int) -> Integers:
    """Return integers of all values that ``bits`` bits hold."""
    return random.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), shape)


def random_operands(random: np.random.Generator, machine: MachineConfig, phase: Phase) -> Operands:
    """Return what one phase needs beside its ifmap."""
    shape, epilogue, bits = phase.shape, phase.epilogue, machine.array.operand_bits
    channels = shape.output.channels
    convolution = isinstance(shape, ConvShape)
    groups = shape.groups if isinstance(shape, ConvShape) else 1
    weights = (channels, shape.input.channels // groups, *shape.window.kernel) if convolution else (0,)
    output = (shape.batch, *shape.output) if epilogue.residual else (0,)
    bias_bits = min(machine.bn.parameter_bits, MAX_BIAS_BITS)
    shared, *own = _random_multipliers(random, machine, phase, 1 + channels * phase.multiplier_words)
    return Operands(
        weights=random_feature_map(random, weights, machine.weight_bits),
        bias=random_feature_map(random, (channels, int(epilogue.bias)), bias_bits),
        bn_words=_random_bn_words(random, machine, channels)[:, : machine.bn.words * epilogue.batchnorm],
        multipliers=np.array(own, dtype=np.int64).reshape(channels, phase.multiplier_words),
        multiplier=int(shared),
        residual=random_feature_map(random, output, bits),
        pooling=Pooling(bool(random.integers(2)), round(65536 / shape.window.positions)),
        clip_high=int(random.integers(1, 2 ** min(machine.array.psum_bits - 1, 14))),
    )


def _random_multipliers(random: np.random.Generator, machine: MachineConfig, phase: Phase, count: int) -> Integers:
    """Return multiplier words that fit what a phase sums up: about the root of its taps times a product."""
    shape, psum_bits = phase.shape, phase.source_bits
    if isinstance(shape, ConvShape):
        taps = shape.input.channels // shape.groups * shape.window.positions
        psum_bits = machine.array.operand_bits + machine.weight_bits - 2 + taps.bit_length() // 2
    return random_multipliers(random, count, machine.bn.parameter_bits, psum_bits, phase.stored_bits)


def _random_bn_words(random: np.random.Generator, machine: MachineConfig, channels: int) -> Integers:
    """Return scales around 1 (``scale_shift``: in 2^−(bits/2)), or variances of all sizes, and small shifts."""
    bits = machine.bn.parameter_bits
    small = random_feature_map(random, (channels, machine.bn.words), min(bits, MAX_BIAS_BITS))
    if machine.bn.parameters == "scale_shift":
        small[:, 0] = random_feature_map(random, (channels,), min(bits, bits // 2 + 2))
    else:
        small[:, 3] = random.integers(0, 2 ** random.integers(1, max(2, bits - 1), channels))
    return small
