"""Folding against convolution and BatchNorm written out as loops.

All numbers are small integers and powers of two, with which floating point is exact: results are equal, not close.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.fusion.fold import Filters, fold_batchnorm
from accelsim.workload.affine import Affine, Doubles, batchnorm_affine

Array = npt.NDArray[Any]

EPSILON = 2.0**-20


class BN(NamedTuple):
    """Parameters by channel; σ² + ε is a square of a power of two."""

    gamma: Doubles
    beta: Doubles
    mean: Doubles
    variance: Doubles

    def of(self, x: Array) -> Array:
        """BatchNorm as Ioffe and Szegedy, 2015, define it, value by value."""
        result = np.empty_like(x)
        for index in np.ndindex(*x.shape):
            c = index[0]
            normal = (x[index] - self.mean[c]) / np.sqrt(self.variance[c] + EPSILON)
            result[index] = self.gamma[c] * normal + self.beta[c]
        return result

    def fold(self, weights: Array, bias: Array | None) -> tuple[Array, Array]:
        return fold_batchnorm(weights, bias, **self._asdict(), epsilon=EPSILON)

    @property
    def affine(self) -> Affine:
        return batchnorm_affine(*self, EPSILON)


def convolve(x: Array, weights: Array, bias: Array, groups: int, *, padding: int = 0, stride: int = 1) -> Array:
    """Convolution by its definition, one multiplication at a time."""
    outputs, per_group, height, width = weights.shape
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    rows = (padded.shape[1] - height) // stride + 1
    columns = (padded.shape[2] - width) // stride + 1
    result = np.empty((outputs, rows, columns), x.dtype)
    for k, row, column in np.ndindex(*result.shape):
        group = k // (outputs // groups)
        total = bias[k]
        for c, i, j in np.ndindex(per_group, height, width):
            total += weights[k, c, i, j] * padded[group * per_group + c, row * stride + i, column * stride + j]
        result[k, row, column] = total
    return result


def integers(seed: int, *shape: int, below: int = 8) -> Doubles:
    return np.random.default_rng(seed).integers(1 - below, below, shape).astype(np.float64)


def batchnorm(seed: int, channels: int) -> BN:
    spread = np.ldexp(1.0, np.random.default_rng(seed).integers(-3, 4, channels))  # root of σ² + ε
    gamma, beta, mean = integers(seed + 1, 3, channels)
    return BN(gamma, beta, mean, spread**2 - EPSILON)


SHAPES = {
    "plain": (4, 3, 3, 3, 1),
    "pointwise": (4, 6, 1, 1, 1),
    "oblong": (4, 2, 1, 5, 1),
    "grouped": (6, 2, 3, 3, 2),
    "depthwise": (4, 1, 3, 3, 4),
    "depthwise, 2 outputs each": (6, 1, 3, 3, 3),
}
"""Output channels, input channels of a group, kernel, and groups."""


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("kind", SHAPES)
def test_a_fused_convolution_is_the_convolution_with_its_batchnorm(
    kind: str, with_bias: bool, dtype: type[np.floating]
) -> None:
    outputs, per_group, height, width, groups = SHAPES[kind]
    x = integers(1, per_group * groups, 6, 7).astype(dtype)
    weights = integers(2, outputs, per_group, height, width).astype(dtype)
    bias = integers(3, outputs).astype(dtype) if with_bias else None
    bn = batchnorm(4, outputs)
    fused_weights, fused_bias = bn.fold(weights, bias)
    assert fused_weights.shape == weights.shape
    assert fused_weights.dtype == fused_bias.dtype == dtype
    unfused = bn.of(
        convolve(x, weights, np.zeros(outputs, dtype) if bias is None else bias, groups, padding=1, stride=2)
    )
    fused = convolve(x, fused_weights, fused_bias, groups, padding=1, stride=2)
    assert fused.tolist() == unfused.tolist()
    assert np.ptp(fused) > 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_fused_linear_layer_is_the_layer_with_its_batchnorm(dtype: type[np.floating]) -> None:
    x, weights, bias = (integers(seed, *shape).astype(dtype) for seed, shape in enumerate([(5,), (3, 5), (3,)]))
    bn = batchnorm(4, 3)
    fused_weights, fused_bias = bn.fold(weights, bias)
    assert fused_weights.shape == (3, 5)
    products = np.array([sum(w * value for w, value in zip(row, x, strict=True)) for row in weights])
    fused = np.array([sum(w * value for w, value in zip(row, x, strict=True)) for row in fused_weights])
    assert (fused + fused_bias).tolist() == bn.of(products + bias).tolist()


@given(seed=st.integers(0, 2**32), kind=st.sampled_from(sorted(SHAPES)), padding=st.integers(0, 1))
def test_filters_with_everything_folded_behind_compute_the_same(seed: int, kind: str, padding: int) -> None:
    outputs, per_group, height, width, groups = SHAPES[kind]
    x = integers(seed, per_group * groups, 4, 5)
    weights, bias = integers(seed + 1, outputs, per_group, height, width), integers(seed + 2, outputs)
    first, second = batchnorm(seed + 3, outputs), batchnorm(seed + 5, outputs)
    filters = Filters(weights.reshape(outputs, per_group, -1), bias, groups)
    fused = filters.folded_behind(first.affine).folded_behind(second.affine)
    assert fused.groups == groups
    computed = convolve(x, fused.weights.reshape(weights.shape), fused.bias, groups, padding=padding)
    assert computed.tolist() == second.of(first.of(convolve(x, weights, bias, groups, padding=padding))).tolist()


@given(seed=st.integers(0, 2**32), kind=st.sampled_from(sorted(SHAPES)))
def test_filters_with_everything_folded_ahead_compute_the_same(seed: int, kind: str) -> None:
    outputs, per_group, height, width, groups = SHAPES[kind]
    inputs = per_group * groups
    x = integers(seed, inputs, 4, 5)
    weights, bias = integers(seed + 1, outputs, per_group, height, width), integers(seed + 2, outputs)
    first, second = batchnorm(seed + 3, inputs), batchnorm(seed + 5, inputs)
    filters = Filters(weights.reshape(outputs, per_group, -1), bias, groups)
    fused = filters.folded_ahead(second.affine).folded_ahead(first.affine)
    computed = convolve(x, fused.weights.reshape(weights.shape), fused.bias, groups)
    assert computed.tolist() == convolve(second.of(first.of(x)), weights, bias, groups).tolist()


def test_folding_ahead_of_a_convolution_that_pads_is_wrong_at_the_border_and_there_alone() -> None:
    x, weights = integers(1, 2, 5, 5), integers(2, 3, 2, 3, 3)
    bn = batchnorm(3, 2)
    fused = Filters(weights.reshape(3, 2, 9), np.zeros(3)).folded_ahead(bn.affine)
    wrong = convolve(x, fused.weights.reshape(weights.shape), fused.bias, 1, padding=1)
    right = convolve(bn.of(x), weights, np.zeros(3), 1, padding=1)
    assert wrong[:, 1:-1, 1:-1].tolist() == right[:, 1:-1, 1:-1].tolist()
    assert (wrong != right)[:, 0].any()


@pytest.mark.parametrize("kind", SHAPES)
def test_filters_applied_to_windows_are_the_convolution(kind: str) -> None:
    outputs, per_group, height, width, groups = SHAPES[kind]
    weights, bias = integers(2, outputs, per_group, height, width), integers(3, outputs)
    windows = integers(1, per_group * groups, height * width, 4)
    applied = Filters(weights.reshape(outputs, per_group, -1), bias, groups).apply(windows)
    for number in range(4):
        window = windows[:, :, number].reshape(-1, height, width)
        assert applied[:, number].tolist() == convolve(window, weights, bias, groups).ravel().tolist()


def test_a_batchnorm_is_a_scale_and_a_shift() -> None:
    affine = batchnorm_affine([3, -2], [1, 5], [4, 8], [4 - EPSILON, 0.25 - EPSILON], EPSILON)
    # 3/2 = 1.5 and 1 - 1.5·4 = -5; -2/0.5 = -4 and 5 + 4·8 = 37.
    assert (affine.scale.tolist(), affine.shift.tolist()) == ([1.5, -4.0], [-5.0, 37.0])


def test_a_channel_with_gamma_zero_is_its_beta() -> None:
    weights, bias = integers(1, 2, 3, 1, 1), np.array([5.0, 6.0])
    bn = BN(np.array([0.0, 1.0]), np.array([7.0, 0.0]), np.array([2.0, 2.0]), np.full(2, 1 - EPSILON))
    fused_weights, fused_bias = bn.fold(weights, bias)
    assert not fused_weights[0].any()
    assert fused_weights[1].tolist() == weights[1].tolist()
    assert fused_bias.tolist() == [7.0, 4.0]


def test_a_negative_gamma_turns_the_weights_round() -> None:
    weights = integers(1, 1, 3, 1, 1)
    bn = BN(np.array([-1.0]), np.zeros(1), np.zeros(1), np.array([1 - EPSILON]))
    fused_weights, _ = bn.fold(weights, None)
    assert fused_weights.tolist() == (-weights).tolist()


def test_without_variance_epsilon_is_all_that_divides() -> None:
    bn = BN(np.ones(1), np.zeros(1), np.array([3.0]), np.zeros(1))
    fused_weights, fused_bias = bn.fold(np.ones((1, 1, 1, 1)), np.array([5.0]))
    assert (fused_weights.item(), fused_bias.item()) == (1024, 2048)  # 1/sqrt(2^-20), times 5 - 3


def test_float32_is_rounded_once() -> None:
    generator = np.random.default_rng(1)
    weights, bias = generator.normal(size=(8, 4, 3, 3)).astype(np.float32), generator.normal(size=8).astype(np.float32)
    gamma, beta, mean = generator.normal(size=(3, 8))
    bn = BN(gamma, beta, mean, generator.uniform(0.1, 2, 8))
    in_double = bn.fold(weights.astype(np.float64), bias.astype(np.float64))
    for single, double in zip(bn.fold(weights, bias), in_double, strict=True):
        assert single.tolist() == double.astype(np.float32).tolist()


def test_the_default_epsilon_is_that_of_onnx() -> None:
    ones = np.ones(1)
    weights, _ = fold_batchnorm(np.ones((1, 1)), None, gamma=ones, beta=ones, mean=ones, variance=0 * ones)
    assert weights.item() == 1 / np.sqrt(1e-5)


def test_nothing_that_is_given_is_changed() -> None:
    weights, bias, bn = integers(1, 2, 3, 1, 1), integers(2, 2), batchnorm(3, 2)
    copies = [array.copy() for array in (weights, bias, *bn)]
    bn.fold(weights, bias)
    assert [array.tolist() for array in (weights, bias, *bn)] == [copy.tolist() for copy in copies]


def short_form(bias: Doubles, bn: BN) -> Doubles:
    """b' = b - μ/√(σ² + ε)·γ + β, as it is written where convolutions have no bias: b is not scaled."""
    return bias - bn.mean / np.sqrt(bn.variance + EPSILON) * bn.gamma + bn.beta


def test_the_short_form_of_the_bias_is_off_by_what_it_leaves_unscaled() -> None:
    x, weights, bias = integers(1, 3, 4, 4), integers(2, 4, 3, 3, 3), np.array([1.0, -2.0, 3.0, 5.0])
    # scale = γ/√(σ² + ε): 4, -1/2, 1 and 0
    bn = BN(
        np.array([2.0, -1, 4, 0]),
        np.array([1.0, 2, 3, 4]),
        np.array([3.0, 1, 2, 5]),
        np.array([0.25, 4, 16, 1]) - EPSILON,
    )
    fused_weights, _ = bn.fold(weights, bias)
    short = convolve(x, fused_weights, short_form(bias, bn), 1)
    error = short - bn.of(convolve(x, weights, bias, 1))
    # b·(1 - scale): 1·(1 - 4), -2·(1 + 1/2), 3·(1 - 1), 5·(1 - 0), at every pixel
    assert error.tolist() == np.broadcast_to(np.array([-3.0, -3.0, 0.0, 5.0])[:, None, None], error.shape).tolist()


def test_the_short_form_is_right_without_a_bias() -> None:
    bn = batchnorm(1, 5)
    _, fused_bias = bn.fold(integers(2, 5, 2, 1, 1), None)
    assert short_form(np.zeros(5), bn).tolist() == fused_bias.tolist()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"gamma": [1.0, np.nan]}, r"its scale is not finite \(nan in channel 1\)"),
        ({"beta": [np.inf, 0.0]}, r"its bias is not finite \(inf in channel 0\)"),
        ({"mean": [0.0, -np.inf]}, r"its mean is not finite \(-inf in channel 1\)"),
        ({"variance": [1.0, np.nan]}, r"its variance is not finite \(nan in channel 1\)"),
        ({"variance": [1.0, -0.5]}, r"its variance is negative \(-0\.5 in channel 1\)"),
        ({"variance": [0.0, 1.0], "epsilon": 0.0}, r"its variance and epsilon add up to nothing \(0 in channel 0\)"),
        (
            {"variance": [1.0, 0.0], "epsilon": np.nan},
            r"its variance and epsilon add up to nothing \(nan in channel 0\)",
        ),
        ({"gamma": [1.0]}, r"gamma has shape \(1,\), but there are 2 output channels"),
        ({"beta": [[1.0, 1.0]]}, r"beta has shape \(1, 2\), but there are 2 output channels"),
        ({"mean": 0.0}, r"mean has shape \(\), but there are 2 output channels"),
        ({"variance": [1.0, 1.0, 1.0]}, r"variance has shape \(3,\), but there are 2 output channels"),
    ],
)
def test_parameters_that_cannot_be_folded_are_refused(wrong: dict[str, Any], message: str) -> None:
    parameters = {"gamma": [1.0, 1.0], "beta": [0.0, 0.0], "mean": [0.0, 0.0], "variance": [1.0, 1.0]} | wrong
    with pytest.raises(ValueError, match=message):
        fold_batchnorm(np.ones((2, 3, 1, 1)), None, **parameters)
