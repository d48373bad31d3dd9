"""What a layer computes, in numpy: the integers that RTL has to deliver (docs/rtl.md, arithmetic)."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from accelsim.config.machine import MachineConfig
from accelsim.layers import ConvShape, StreamShape
from accelsim.program.phases import Phase
from accelsim.rtl.multiplier import mantissas_and_shifts
from accelsim.rtl.operands import Operands, Pooling
from accelsim.rtl.packing import wrapped

if TYPE_CHECKING:
    from accelsim.rtl.packing import Integers


def phase_psums(machine: MachineConfig, phase: Phase, operands: Operands, ifmap: Integers) -> Integers:
    """Return what reaches the conversion to the output width: everything but shift and saturation."""
    bits = machine.array.psum_bits
    values = wrapped(_source(phase, operands, ifmap, bits), bits)
    if phase.epilogue.batchnorm:
        values = _normalised(machine, values, operands.bn_words)
    if phase.requantizes:
        values = _requantised(machine, phase, values, operands)
    if phase.epilogue.residual:
        values = wrapped(values + operands.residual, bits)
    if phase.epilogue.pooling:
        values = _pooled(values, phase.shape, operands.pooling, bits)
    if phase.epilogue.activation is not None:
        values = np.maximum(values, 0)
    if phase.epilogue.activation == "relu6":
        values = np.minimum(values, operands.clip_high)
    return values


def converted(psums: Integers, shift: int, bits: int) -> Integers:
    """Shift and saturate to the output width."""
    narrow: Integers = np.clip(psums >> shift, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return narrow


def fitting_shift(psums: Integers, bits: int) -> int:
    """Return a shift after which nearly all values fit, and the largest saturate."""
    largest = int(np.abs(psums).max(initial=0))
    return min(63, max(0, largest.bit_length() - bits))


def _source(phase: Phase, operands: Operands, ifmap: Integers, psum_bits: int) -> Integers:
    if not isinstance(phase.shape, ConvShape):
        return ifmap
    psums = convolved(ifmap, operands.weights, phase.shape)
    return psums + wrapped(operands.bias, psum_bits)[:, :, None] if operands.bias.size else psums


def convolved(ifmap: Integers, weights: Integers, shape: ConvShape) -> Integers:
    """Sum over kernel positions and, group by group, over input channels."""
    inputs = ifmap.reshape(shape.batch, shape.groups, -1, *shape.input[1:])
    kernels = weights.reshape(shape.groups, -1, *weights.shape[1:])
    total = np.zeros((shape.batch, shape.groups, kernels.shape[1], *shape.output[1:]), dtype=np.int64)
    for (y, x), seen in _window_positions(inputs, shape, padding=0):
        total += np.einsum("bgchw,gnc->bgnhw", seen, kernels[..., y, x])
    return total.reshape(shape.batch, *shape.output)


def _window_positions(
    values: Integers, shape: ConvShape | StreamShape, padding: int
) -> list[tuple[tuple[int, int], Integers]]:
    """Return for each position of the kernel what it meets at each output."""
    window, (height, width) = shape.window, shape.output[1:]
    top, left, bottom, right = window.padding
    around = [(0, 0)] * (values.ndim - 2) + [(top, bottom), (left, right)]
    padded = np.pad(values, around, constant_values=padding)
    seen = []
    for y, x in product(range(window.kernel[0]), range(window.kernel[1])):
        rows = np.arange(height) * window.stride[0] + y * window.dilation[0]
        columns = np.arange(width) * window.stride[1] + x * window.dilation[1]
        seen.append(((y, x), padded[..., rows[:, None], columns]))
    return seen


def _pooled(values: Integers, shape: ConvShape | StreamShape, pooling: Pooling, psum_bits: int) -> Integers:
    """Pool windows: padding never is the maximum, and counts as 0 in an average."""
    padding = 0 if pooling.average else -(2 ** (psum_bits - 1))
    seen = [met for _, met in _window_positions(values, shape, padding)]
    if not pooling.average:
        largest: Integers = np.maximum.reduce(seen)
        return largest
    total = wrapped(np.sum(seen, axis=0), psum_bits).astype(object)
    return _lowest(total * pooling.reciprocal >> 16, psum_bits)


def _normalised(machine: MachineConfig, values: Integers, words: Integers) -> Integers:
    """Return the BatchNorm in exact integers: products are wider than 64 bits."""
    exact = values.astype(object)
    columns = [words[:, word].astype(object)[:, None, None] for word in range(words.shape[1])]
    if machine.bn.parameters == "scale_shift":
        scale, shift = columns
        result = (exact * scale >> machine.bn.parameter_bits // 2) + shift
    else:
        gamma, beta, mean, variance = columns
        result = _truncated_quotient(gamma * (exact - mean), _roots(variance + 1)) + beta
    return _lowest(result, machine.array.psum_bits)


def _requantised(machine: MachineConfig, phase: Phase, values: Integers, operands: Operands) -> Integers:
    """Multiply, shift with a half rounded up, and clip to the width in which the phase is stored."""
    words = operands.multipliers[:, 0] if phase.multiplier_words else np.array([operands.multiplier])
    factors = mantissas_and_shifts(words, machine.bn.parameter_bits)
    mantissas, shifts = (factor.astype(object)[:, None, None] for factor in factors)
    scaled = values.astype(object) * mantissas + 2**shifts // 2 >> shifts
    largest = 2 ** (min(phase.stored_bits, machine.array.psum_bits) - 1) - 1
    requantised: Integers = np.clip(scaled, -largest - 1, largest).astype(np.int64)
    return requantised


def _truncated_quotient(dividend: Any, divisor: Any) -> Any:
    """Divide and round towards zero, as hardware does."""
    return np.sign(dividend) * (abs(dividend) // divisor)


def _roots(squares: Any) -> Any:
    return np.vectorize(math.isqrt, otypes=[object])(squares)


def _lowest(exact: Any, bits: int) -> Integers:
    """Keep the lowest bits of integers of any size, as signed numbers."""
    half = 2 ** (bits - 1)
    lowest: Integers = ((exact + half) % (2 * half) - half).astype(np.int64)
    return lowest
