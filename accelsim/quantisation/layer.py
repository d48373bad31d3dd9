"""A convolution, the BatchNorm behind it and ReLU in integers, in three ways.

The ifmap is x = s_x · X and the weights are w = s_w · W, with integers X and W, so psums P = Σ W·X + b/(s_x·s_w) count
in steps of s_x·s_w. What is left of BatchNorm is y = scale · s_x·s_w·P + shift, to be stored as Y = y/s_y:

``unfused``
    The BN stage multiplies by A = scale·s_x·s_w·2^f/s_y and adds B = shift·2^f/s_y: Z = ⌊A·P⌋ + B, in 2^−f of a step of
    the output. Multipliers are per channel and carry the scale of the weights. The requantiser is a shift for the whole
    tensor: Y = ⌊Z·2^−f + ½⌋.
``fused``
    The weights are scale · w, and are quantised as such; the requantiser multiplies: Y = ⌊M·P + ½⌋.
``fused_into_requant``
    The weights are quantised as they were trained; the requantiser's multiplier is M = A·2^−f, channel by channel, and
    B is added ahead of it, as the bias B/A.

Y is saturated to the width of an activation, and ReLU is a lower limit of 0.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np

from accelsim.fusion.fold import Filters
from accelsim.layers import ConvShape
from accelsim.quantisation.fixed_point import FixedPoint, fixed_point
from accelsim.quantisation.symmetric import (
    Granularity,
    Integers,
    limits,
    rounded_weights,
    weight_steps,
)
from accelsim.rtl.reference import convolved
from accelsim.workload.affine import Affine, Doubles

Variant = Literal["unfused", "fused", "fused_into_requant"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)


class Widths(NamedTuple):
    """Bits of everything.

    Parameters
    ----------
    weight_bits, activation_bits
        Of the operands; 2 to 16.
    granularity
        Whether the weights of a layer have one step, or those of every output channel.
    psum_bits
        Of a psum, its bias included.
    multiplier_bits
        Of a multiplier's mantissa with its sign. It is off by up to 2^(1−bits) of itself: with 16, an 8-bit output by
        no more than 1/256 of a step.
    fraction_bits
        Of what the BN stage delivers, below a step of the output. It drops what is smaller, which costs nothing (the
        requantiser rounds once, whatever has been dropped below), and rounds its shift to it.
    """

    weight_bits: int = 8
    activation_bits: int = 8
    granularity: Granularity = "per-tensor"
    psum_bits: int = 32
    multiplier_bits: int = 16
    fraction_bits: int = 8

    @property
    def largest_bias(self) -> int:
        """Half of what a psum holds, so that the other half is left for products."""
        return int(2 ** (self.psum_bits - 2))


class IntegerLayer(NamedTuple):
    """What a layer's units hold.

    Parameters
    ----------
    weights
        In the shape of the filters.
    bias
        In psums. Shape (output channels,).
    multiplier
        Of the BN stage or, where there is none, of the requantiser.
    bn_shift
        What the BN stage adds; ``None`` where there is no BN stage.
    coarser_bits
        Bits that the weights of a channel have lost, so that its bias fits. Shape (output channels,).
    """

    weights: Integers
    bias: Integers
    multiplier: FixedPoint
    bn_shift: Integers | None
    coarser_bits: Integers


class Outputs(NamedTuple):
    """What a layer computes.

    Parameters
    ----------
    values
        What is stored, in the output's steps.
    psums
        Ahead of BN stage and requantiser, exactly: not cut to their width.
    overflowing
        How many of them do not fit their width. Hardware would go wrong in these, and so none may be left.
    """

    values: Integers
    psums: Integers
    overflowing: int


def integer_layer(
    variant: Variant, filters: Filters, affine: Affine, input_step: float, output_step: float, widths: Widths
) -> IntegerLayer:
    """Quantise a layer.

    Parameters
    ----------
    variant
        How BatchNorm is done.
    filters
        Weights and bias as they were trained.
    affine
        The BatchNorm behind them, as scale and shift; of 1 and 0 where there is none.
    input_step, output_step
        Steps of the activations that it reads and stores.
    widths
        Bits of everything.
    """
    if variant == "fused":
        return _fused(filters.folded_behind(affine), input_step, output_step, widths)
    unfused = _unfused(filters, affine, input_step, output_step, widths)
    return unfused if variant == "unfused" else into_requantiser(unfused, widths)


def _unfused(filters: Filters, affine: Affine, input_step: float, output_step: float, widths: Widths) -> IntegerLayer:
    step = weight_steps(filters.weights, widths.weight_bits, widths.granularity)
    unit = output_step / 2**widths.fraction_bits
    return IntegerLayer(
        weights=rounded_weights(filters.weights, step, widths.weight_bits),
        bias=_nearest(filters.bias / (input_step * step)),
        multiplier=fixed_point(affine.scale * input_step * step / unit, widths.multiplier_bits),
        bn_shift=_nearest(affine.shift / unit),
        coarser_bits=np.zeros(len(step), np.int64),
    )


def _fused(folded: Filters, input_step: float, output_step: float, widths: Widths) -> IntegerLayer:
    step = weight_steps(folded.weights, widths.weight_bits, widths.granularity)
    coarser = _excess_bits(folded.bias / (input_step * step), widths)
    if widths.granularity == "per-tensor":
        coarser = np.full_like(coarser, coarser.max(initial=0))
    step = np.ldexp(step, coarser)
    return IntegerLayer(
        weights=rounded_weights(folded.weights, step, widths.weight_bits),
        bias=_nearest(folded.bias / (input_step * step)),
        multiplier=fixed_point(input_step * step / output_step, widths.multiplier_bits),
        bn_shift=None,
        coarser_bits=coarser,
    )


def into_requantiser(unfused: IntegerLayer, widths: Widths) -> IntegerLayer:
    """Move the BN stage of a layer into its requantiser.

    Psums stay the same integers, but for the bias, and so does the multiplier's mantissa. Both layers deliver

    - the same bit for bit in every channel whose bias B/A is an integer: M·(P + B/A) is (A·P + B)·2^−f then, and both
      round it once, since dropping a fraction ahead of rounding at a higher bit changes nothing;
    - else values that are apart by no more than ⌈M/2⌉, the bias being off by up to ½ and the result by up to M/2: by
      one step at most while a psum is no more than two steps of the output.

    Two kinds of channels cannot be done so. With a multiplier of 0 (γ = 0), no bias reaches the output: the weights
    become 0, the multiplier 2^−f, and the bias B, which gives the same bit for bit. Where the bias would take more than
    half of a psum (γ next to 0), the channel's weights are halved, and its multiplier is doubled, until it fits;
    ``coarser_bits`` says how often. In 8 bits and psums of 32 that moves outputs by less than an eighth of a step, with
    up to 8,192 weights a channel: the multiplier is 2^−22 at most then, and each product is off by 2^6.

    Parameters
    ----------
    unfused
        A layer with a BN stage.
    widths
        Its widths.

    Raises
    ------
    ValueError
        If it has no BN stage.
    """
    if unfused.bn_shift is None:
        raise ValueError("this layer has no BN stage")
    constant = unfused.multiplier.mantissa == 0
    one = fixed_point(np.ones(len(constant)), widths.multiplier_bits)
    multiplier = FixedPoint(
        *(np.where(constant, of_one, own) for of_one, own in zip(one, unfused.multiplier, strict=True))
    )
    along = (-1, *[1] * (unfused.weights.ndim - 1))
    weights = np.where(constant.reshape(along), 0, unfused.weights)
    bias = np.where(constant, 0, unfused.bias)
    exact = bias + unfused.bn_shift / multiplier.values
    coarser = _excess_bits(exact, widths)
    halved = np.rint(np.ldexp(weights.astype(np.float64), -coarser.reshape(along))).astype(np.int64)
    return IntegerLayer(
        weights=halved,
        bias=_nearest(np.ldexp(exact, -coarser)),
        multiplier=multiplier._replace(shift=multiplier.shift - coarser).shifted(widths.fraction_bits),
        bn_shift=None,
        coarser_bits=coarser,
    )


def _nearest(numbers: Doubles) -> Integers:
    return np.rint(numbers).astype(np.int64)


def _excess_bits(bias: Doubles, widths: Widths) -> Integers:
    """Return by how many bits a bias is too large, channel by channel."""
    mantissa, exponent = np.frexp(np.maximum(np.abs(bias) / widths.largest_bias, 1.0))
    return np.where(mantissa == 0.5, exponent - 1, exponent).astype(np.int64)  # ⌈log2⌉, exact at powers of two


def needed_psum_bits(layer: IntegerLayer, widths: Widths) -> int:
    """Return how many bits hold every psum of a layer, whatever its ifmap: bias and products all of one sign."""
    magnitudes = np.abs(layer.weights).reshape(len(layer.weights), -1).sum(axis=1)
    largest = magnitudes * -limits(widths.activation_bits)[0] + np.abs(layer.bias)
    return int(largest.max(initial=0)).bit_length() + 1


def run_layer(layer: IntegerLayer, ifmap: Integers, shape: ConvShape, widths: Widths, *, relu: bool = False) -> Outputs:
    """Execute a layer.

    Parameters
    ----------
    layer
        The layer.
    ifmap
        Shape (batch, input channels, height, width).
    shape
        Shape of the convolution.
    widths
        Its widths.
    relu
        Whether ReLU follows.

    Returns
    -------
    Outputs
        Values and psums of shape (batch, output channels, height, width).

    Raises
    ------
    OverflowError
        If psums are so wide that a multiplication cannot be computed in 64 bits.
    """
    kernels = layer.weights.reshape(len(layer.weights), -1, *shape.window.kernel)
    psums = convolved(ifmap, kernels, shape) + layer.bias[:, None, None]
    low, high = limits(widths.psum_bits)
    overflowing = int(((psums < low) | (psums > high)).sum())
    by_channel = requantised(layer, psums.swapaxes(0, 1), widths, relu=relu)
    return Outputs(by_channel.swapaxes(0, 1), psums, overflowing)


def requantised(layer: IntegerLayer, psums: Integers, widths: Widths, *, relu: bool = False) -> Integers:
    """Lead psums through BN stage and requantiser.

    Parameters
    ----------
    layer
        The layer.
    psums
        Shape (output channels, ...).
    widths
        Its widths.
    relu
        Whether ReLU follows.
    """
    if layer.bn_shift is None:
        numbers = layer.multiplier.times(psums, rounding=True)
    else:
        along = (-1, *[1] * (psums.ndim - 1))
        normalised = layer.multiplier.times(psums, rounding=False) + layer.bn_shift.reshape(along)
        numbers = normalised + 2**widths.fraction_bits // 2 >> widths.fraction_bits
    low, high = limits(widths.activation_bits)
    return np.clip(numbers, 0 if relu else low, high)
