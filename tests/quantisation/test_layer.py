"""Layers in integers: against onnxruntime, against what the RTL has to deliver, and against one another."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import onnx
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from accelsim.fusion.fold import Filters
from accelsim.layers import ConvShape
from accelsim.program.phases import layer_phases
from accelsim.quantisation.fixed_point import FixedPoint, fixed_point
from accelsim.quantisation.layer import (
    VARIANTS,
    IntegerLayer,
    Variant,
    Widths,
    integer_layer,
    into_requantiser,
    needed_psum_bits,
    requantised,
    run_layer,
)
from accelsim.quantisation.symmetric import GRANULARITIES, Granularity, Integers, limits
from accelsim.rtl.operands import Operands, Pooling
from accelsim.rtl.reference import converted, phase_psums
from accelsim.validation.runtime import run_model
from accelsim.workload.affine import Affine
from accelsim.workload.shapes import Shape, Window
from tests.rtl.layers import alike, convolution, mapped
from tests.validation.models import PATH, parsed

WIDTHS = Widths()
CHANNELS = 6


def conv_shape(groups: int = 1, stride: int = 1, channels: int = 4) -> ConvShape:
    window = Window((3, 3), (stride, stride), (1, 0, 1, 1))
    height, width = window.output_size(6, 5)
    return ConvShape(2, Shape(channels, 6, 5), Shape(CHANNELS, height, width), window, groups)


def random_integers(seed: int, shape: tuple[int, ...], bits: int) -> Integers:
    low, high = limits(bits)
    return np.random.default_rng(seed).integers(low, high + 1, shape)


def zeros() -> Integers:
    return np.zeros(CHANNELS, np.int64)


def plain_layer(weights: Integers, bias: Integers, multiplier: FixedPoint) -> IntegerLayer:
    return IntegerLayer(weights, bias, multiplier, None, np.zeros(len(weights), np.int64))


ATTRIBUTES = "strides = [{0}, {0}], pads = [1, 0, 1, 1], group = {1}"
CASES = pytest.mark.parametrize(("groups", "stride"), [(1, 1), (1, 2), (2, 1)])


@CASES
def test_psums_are_those_of_onnxruntime(groups: int, stride: int) -> None:
    shape = conv_shape(groups, stride)
    weights = random_integers(1, (CHANNELS, 4 // groups, 3, 3), 8)
    ifmap = random_integers(2, (2, *shape.input), 8)
    model = parsed(
        f"""g (int8[2, 4, 6, 5] x) => (int32[N, {CHANNELS}, H, W] y) {{
            y = ConvInteger<{ATTRIBUTES.format(stride, groups)}>(x, w)
        }}""",
        w=weights.astype(np.int8),
    )
    (expected,) = run_model(model, {"x": ifmap.astype(np.int8)}, PATH).values()
    layer = plain_layer(weights, zeros(), fixed_point(np.ones(CHANNELS), 16))
    found = run_layer(layer, ifmap, shape, WIDTHS)
    assert found.psums.tolist() == expected.tolist()
    assert found.overflowing == 0


@CASES
def test_values_are_those_of_onnxruntime_but_for_ties(groups: int, stride: int) -> None:
    """Operands of 4 bits and mantissas of 10, so that onnxruntime's float32 holds every product exactly."""
    shape = conv_shape(groups, stride)
    weights = random_integers(1, (CHANNELS, 4 // groups, 3, 3), 4)
    ifmap = random_integers(2, (2, *shape.input), 4)
    bias = random_integers(3, (CHANNELS,), 8)
    multiplier = fixed_point([0.0625, 0.11, 0.25, 0.37, 0.75, 1.1], 10)
    model = parsed(
        f"""g (int8[2, 4, 6, 5] x) => (int8[N, {CHANNELS}, H, W] y) {{
            y = QLinearConv<{ATTRIBUTES.format(stride, groups)}>(x, one, zero, w, m, zeros, one, zero, b)
        }}""",
        w=weights.astype(np.int8),
        m=multiplier.values,
        b=bias.astype(np.int32),
        one=1.0,
        zero=np.int8(0),
        zeros=np.zeros(CHANNELS, np.int8),
    )
    (expected,) = run_model(model, {"x": ifmap.astype(np.int8)}, PATH).values()
    found = run_layer(plain_layer(weights, bias, multiplier), ifmap, shape, WIDTHS)
    exact = found.psums * multiplier.values[:, None, None]
    is_tie = exact % 1 == 0.5
    assert np.array_equal(found.values[~is_tie], expected[~is_tie])
    assert is_tie.any()
    # onnxruntime rounds ties to even, hardware that adds a half rounds them up
    assert np.array_equal(found.values[is_tie], np.clip(np.floor(exact[is_tie]) + 1, -128, 127))


def test_the_rtl_delivers_the_same() -> None:
    """Its BN stage drops fractions, as this one does; its conversion drops them, too, so a half goes into the shift."""
    machine = alike(array={"operand_bits": 8})
    layer = convolution(4, CHANNELS, side=5, kernel=3, batchnorm=True, activation="relu", bias=True)
    (phase,) = layer_phases(machine, layer, mapped(machine, layer))
    shape = phase.shape
    assert isinstance(shape, ConvShape)
    widths = WIDTHS._replace(fraction_bits=5)
    scale, shift = random_integers(3, (CHANNELS,), 15), random_integers(4, (CHANNELS,), 12)
    unfused = IntegerLayer(
        weights=random_integers(1, (CHANNELS, 4, *shape.window.kernel), 8),
        bias=random_integers(5, (CHANNELS,), 10),
        multiplier=FixedPoint(scale, np.full(CHANNELS, machine.bn.parameter_bits // 2)),
        bn_shift=shift,
        coarser_bits=zeros(),
    )
    operands = Operands(
        weights=unfused.weights,
        bias=unfused.bias[:, None],
        bn_words=np.stack([scale, shift + 2**4], axis=1),
        multipliers=np.empty((CHANNELS, 0), np.int64),
        multiplier=0,
        residual=np.empty(0, np.int64),
        pooling=Pooling(average=False, reciprocal=0),
        clip_high=0,
    )
    ifmap = random_integers(2, (shape.batch, *shape.input), 8)
    expected = converted(phase_psums(machine, phase, operands, ifmap), 5, 8)
    found = run_layer(unfused, ifmap, shape, widths, relu=True)
    assert found.values.tolist() == expected.tolist()
    assert len(np.unique(found.values)) > 15


class Bn(NamedTuple):
    """A BN stage and psums that come to it, of one channel."""

    mantissa: int
    shift: int
    bn_shift: int
    psums: list[int]

    @property
    def layer(self) -> IntegerLayer:
        one = np.ones((1, 1, 1, 1), np.int64)
        multiplier = FixedPoint(np.array([self.mantissa]), np.array([self.shift]))
        return IntegerLayer(one, np.zeros(1, np.int64), multiplier, np.array([self.bn_shift]), np.zeros(1, np.int64))


MANTISSAS = st.integers(2**14, 2**15 - 1).flatmap(lambda mantissa: st.sampled_from([mantissa, -mantissa]))
PSUMS = st.lists(st.integers(-(2**26), 2**26), min_size=1, max_size=20)


@st.composite
def with_integer_bias(draw: st.DrawFn) -> Bn:
    mantissa, shift = draw(MANTISSAS), draw(st.integers(0, 18))
    bias = draw(st.integers(-(2**8), 2**8)) << shift  # so that A · bias is an integer, as a BN stage adds it
    return Bn(mantissa, shift, mantissa * (bias >> shift), draw(PSUMS))


def both(stage: Bn, widths: Widths = WIDTHS) -> tuple[Integers, Integers, IntegerLayer]:
    """Outputs with a BN stage, and with the requantiser in its place."""
    moved = into_requantiser(stage.layer, widths)
    psums = np.array([stage.psums])
    return requantised(stage.layer, psums, widths), requantised(moved, psums + moved.bias, widths), moved


@given(with_integer_bias(), st.sampled_from([2, 4, 8, 16]), st.integers(1, 10))
@settings(max_examples=300)
def test_with_a_bias_that_is_an_integer_both_are_equal_bit_for_bit(stage: Bn, bits: int, fraction: int) -> None:
    widths = WIDTHS._replace(activation_bits=bits, fraction_bits=fraction)
    unfused, moved, layer = both(stage, widths)
    assert layer.bias.tolist() == [stage.bn_shift * 2**stage.shift // stage.mantissa]
    assert layer.multiplier.mantissa.tolist() == [stage.mantissa]
    assert unfused.tolist() == moved.tolist()


@given(st.builds(Bn, MANTISSAS, st.integers(4, 34), st.integers(-(2**15), 2**15), PSUMS))
@settings(max_examples=300)
def test_otherwise_they_are_apart_by_no_more_than_half_a_psum(stage: Bn) -> None:
    widths = WIDTHS._replace(activation_bits=16)
    unfused, moved, layer = both(stage, widths)
    assume(not layer.coarser_bits.any())
    bound = np.ceil(abs(layer.multiplier.values[0]) / 2)
    assert (abs(unfused - moved) <= bound).all()


def test_the_bound_of_one_step_is_met_and_the_claim_of_equality_would_be_wrong() -> None:
    # M = 2^-1, A = 2^7, B = 64: a bias of half a psum, which rounds to 0; psums of 1 make ½ + ¼ and ½.
    unfused, moved, _ = both(Bn(2**14, 7, -64, [1, 2, 3]))
    assert unfused.tolist() == [[0, 1, 1]]
    assert moved.tolist() == [[1, 1, 2]]


@given(st.integers(-(2**20), 2**20), PSUMS)
def test_a_channel_with_gamma_0_is_its_shift_bit_for_bit(bn_shift: int, psums: list[int]) -> None:
    layer = Bn(0, 0, bn_shift, psums).layer._replace(bias=np.array([10_000]))
    moved = into_requantiser(layer, WIDTHS)
    assert not moved.weights.any()
    found = requantised(moved, np.zeros((1, len(psums)), np.int64) + moved.bias, WIDTHS)
    assert found.tolist() == requantised(layer, np.array([psums]), WIDTHS).tolist()


def test_a_channel_with_gamma_next_to_0_loses_bits_of_its_weights_until_its_bias_fits() -> None:
    # B/A = 3 · 2^30 · 2^14/(2^14): 3 · 2^30 where 2^30 is the most, so 2 bits too many
    layer = Bn(2**14, 14 + 20, 3 * 2**10, []).layer._replace(weights=np.array([[[[100]]]]))
    moved = into_requantiser(layer, WIDTHS)
    assert moved.coarser_bits.tolist() == [2]
    assert moved.weights.tolist() == [[[[25]]]]
    assert moved.bias.tolist() == [3 * 2**28]
    assert (moved.multiplier.values * moved.bias).tolist() == [3 * 2**10 / 2**8]


def real_layer(seed: int, gammas: Any = None) -> tuple[Filters, Affine, Any]:
    generator = np.random.default_rng(seed)
    filters = Filters(generator.normal(0, 0.3, (CHANNELS, 4, 9)), generator.normal(0, 0.1, CHANNELS))
    scale = np.array(gammas or np.exp(generator.normal(0, 0.7, CHANNELS)))
    return filters, Affine(scale, generator.normal(0, 0.5, CHANNELS)), generator.uniform(-1, 1, (2, 4, 6, 5))


INPUT_STEP, OUTPUT_STEP = 1 / 127, 6 / 127


def real_outputs(filters: Filters, affine: Affine, ifmap: Any) -> Any:
    """The layer in float64, by onnx's definitions and not by those of this package."""
    kernels = filters.weights.reshape(CHANNELS, 4, 3, 3)
    node = onnx.helper.make_node("Conv", ["x", "w", "b"], ["y"], pads=[1, 0, 1, 1])
    (psums,) = onnx.reference.ReferenceEvaluator(node).run(None, {"x": ifmap, "w": kernels, "b": filters.bias})
    return affine.scale[:, None, None] * np.asarray(psums) + affine.shift[:, None, None]


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("bits", "steps"), [(8, 1.6), (16, 1.6)])
def test_every_variant_is_the_layer_but_for_what_bits_lose(
    variant: Variant, granularity: Granularity, bits: int, steps: float
) -> None:
    filters, affine, ifmap = real_layer(1)
    widths = WIDTHS._replace(weight_bits=bits, activation_bits=8, granularity=granularity)
    integers = np.rint(ifmap / INPUT_STEP).astype(np.int64)
    layer = integer_layer(variant, filters, affine, INPUT_STEP, OUTPUT_STEP, widths)
    found = run_layer(layer, integers, conv_shape(), widths)
    expected = real_outputs(filters, affine, integers * INPUT_STEP) / OUTPUT_STEP
    assert found.overflowing == 0
    assert abs(found.values - np.clip(expected, -128, 127)).max() < steps


def test_psums_of_both_variants_with_trained_weights_are_the_same_integers_but_for_the_bias() -> None:
    filters, affine, ifmap = real_layer(2)
    integers = np.rint(ifmap / INPUT_STEP).astype(np.int64)
    unfused, moved = (
        integer_layer(variant, filters, affine, INPUT_STEP, OUTPUT_STEP, WIDTHS)
        for variant in ("unfused", "fused_into_requant")
    )
    psums = [run_layer(layer, integers, conv_shape(), WIDTHS).psums for layer in (unfused, moved)]
    without_bias = [found - layer.bias[:, None, None] for found, layer in zip(psums, (unfused, moved), strict=True)]
    assert np.array_equal(without_bias[0], without_bias[1])


def test_with_one_scale_a_channel_folded_weights_are_the_trained_ones() -> None:
    filters, affine, _ = real_layer(3, gammas=[0.3, -2.0, 1.0, 0.01, -0.7, 5.0])
    widths = WIDTHS._replace(granularity="per-channel")
    fused, moved = (
        integer_layer(variant, filters, affine, INPUT_STEP, OUTPUT_STEP, widths)
        for variant in ("fused", "fused_into_requant")
    )
    signs = np.sign(affine.scale).astype(np.int64)
    assert np.array_equal(fused.weights, signs[:, None, None] * moved.weights)
    assert np.array_equal(fused.multiplier.values, signs * moved.multiplier.values)


@pytest.mark.parametrize("variant", VARIANTS)
def test_gammas_of_0_and_next_to_it_leave_the_shift(variant: Variant) -> None:
    filters, affine, ifmap = real_layer(4, gammas=[0.0, 1e-11, -1e-7, 1e-4, 1.0, 2.0])
    integers = np.rint(ifmap / INPUT_STEP).astype(np.int64)
    for granularity in GRANULARITIES:
        widths = WIDTHS._replace(granularity=granularity)
        layer = integer_layer(variant, filters, affine, INPUT_STEP, OUTPUT_STEP, widths)
        found = run_layer(layer, integers, conv_shape(), widths)
        expected = real_outputs(filters, affine, integers * INPUT_STEP) / OUTPUT_STEP
        assert found.overflowing == 0
        assert abs(layer.bias).max() <= widths.largest_bias
        assert abs(found.values - np.clip(expected, -128, 127)).max() < 1.6


def test_psums_that_do_not_fit_are_counted_and_not_cut() -> None:
    weights = np.full((CHANNELS, 4, 3, 3), 127)
    layer = plain_layer(weights, zeros(), fixed_point(np.ones(CHANNELS), 16))
    ifmap = np.full((2, 4, 6, 5), 127)
    shape = conv_shape()
    psums = run_layer(layer, ifmap, shape, WIDTHS).psums
    widths = WIDTHS._replace(psum_bits=20)
    assert run_layer(layer, ifmap, shape, widths).overflowing == (psums >= 2**19).sum() > 0
    assert np.array_equal(run_layer(layer, ifmap, shape, widths).psums, psums)


def test_the_width_that_holds_every_psum_is_the_least() -> None:
    weights = np.array([[1, -2, 3], [1, 1, 1]])
    # channel 0: 6 · 8 + 15 = 63 and −63 need 7 bits; with 16 it would be 64
    layer = plain_layer(weights, np.array([15, 0]), fixed_point([1.0, 1.0], 16))
    assert needed_psum_bits(layer, Widths(4, 4)) == 7
    assert needed_psum_bits(layer._replace(bias=np.array([-16, 0])), Widths(4, 4)) == 8


def test_only_a_bn_stage_can_be_moved() -> None:
    layer = plain_layer(np.ones((1, 1, 1, 1), np.int64), np.zeros(1, np.int64), fixed_point([1.0], 16))
    with pytest.raises(ValueError, match="no BN stage"):
        into_requantiser(layer, WIDTHS)
