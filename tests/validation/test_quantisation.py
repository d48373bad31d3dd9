from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from accelsim.fusion.fold import Filters
from accelsim.quantisation.symmetric import GRANULARITIES, Granularity
from accelsim.validation.numerics import validate_numerics
from accelsim.validation.quantisation import quantisation_noise, quantised
from tests.validation.models import PATH, initializer, parsed, weights_of

LINEAR = "g (float[1, 3] x) => (float[1, 2] y) { y = Gemm<transB = 1>(x, w, b) }"
WEIGHTS = [[1.0, -0.5, 0.26], [0.03, 0.02, -0.01]]


def rounded(bits: int, granularity: Granularity, weights: Any = WEIGHTS) -> Any:
    model = quantised(parsed(LINEAR, w=weights, b=[0.123, 4.567]), bits, granularity)
    (found,) = weights_of(model, "Gemm")
    return found


def in_float32(*rows: list[float]) -> list[list[float]]:
    return np.array(rows).astype(np.float32).tolist()  # type: ignore[no-any-return]


def test_one_scale_for_the_tensor() -> None:
    # 3 bits have levels -3 to 3, of 1/3 each here: 1, -0.5 and 0.26 are 3, -1.5 and 0.78 levels; ties go to even.
    assert rounded(3, "per-tensor").tolist() == in_float32([1, -2 / 3, 1 / 3], [0, 0, 0])


def test_one_scale_for_every_output_channel() -> None:
    # The second row has levels of 0.01.
    assert rounded(3, "per-channel").tolist() == in_float32([1, -2 / 3, 1 / 3], [0.03, 0.02, -0.01])


def test_weights_that_are_all_zero_stay_so() -> None:
    zeros = [[0.0] * 3, [0.0] * 3]
    for granularity in GRANULARITIES:
        assert rounded(8, granularity, zeros).tolist() == zeros


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_as_many_levels_as_the_bits_have_and_none_further_off_than_half(bits: int, granularity: Granularity) -> None:
    weights = np.random.default_rng(bits).normal(size=(2, 3)).astype(np.float32)
    largest = abs(weights).max(axis=1 if granularity == "per-channel" else None, keepdims=True).astype(np.float64)
    step = largest / (2 ** (bits - 1) - 1)
    found = rounded(bits, granularity, weights).astype(np.float64)
    assert (abs(found / step - np.rint(found / step)) < 1e-3).all()
    assert (abs(found - weights) <= step / 2 + np.spacing(np.float32(largest))).all()
    assert abs(found).max() == abs(weights).max()


def test_rounding_twice_is_rounding_once() -> None:
    once = rounded(4, "per-channel")
    assert rounded(4, "per-channel", once).tolist() == once.tolist()


def test_the_type_of_the_weights_stays() -> None:
    weights = np.ones((3, 2), np.float16)
    model = parsed("g (float16[1, 3] x) => (float16[1, 2] y) { y = MatMul(x, w) }", w=weights)
    assert weights_of(quantised(model, 4, "per-tensor"), "MatMul")[0].dtype == np.float16


def test_nothing_but_weights_changes() -> None:
    model = parsed(LINEAR, w=WEIGHTS, b=[0.123, 4.567])
    changed = quantised(model, 2, "per-tensor")
    assert initializer(changed, "b").tolist() == initializer(model, "b").tolist()
    assert initializer(changed, "w").tolist() == initializer(model, "w").tolist()
    assert list(changed.graph.node[0].input)[::2] == ["x", "b"]
    assert model == parsed(LINEAR, w=WEIGHTS, b=[0.123, 4.567])


def test_every_operator_with_constant_weights_is_quantised_and_no_other() -> None:
    model = parsed(
        """g (float[1, 2, 4, 4] x) => (float[1, 2, 16] y) {
            c = Conv(x, conv)
            shape = Constant<value = int64[4] {2, 2, 1, 1}>()
            filled = ConstantOfShape<value = float[1] {0.7}>(shape)
            t = ConvTranspose(c, filled)
            flat = Constant<value = int64[3] {1, 2, 16}>()
            r = Reshape(t, flat)
            m = MatMul(r, matrix)
            a = Add(m, addend)
            moved = Transpose<perm = [0, 2, 1]>(a)
            product = MatMul(a, moved)
            y = MatMul(product, a)
        }""",
        conv=np.array([1.0, 0.4, 0.3, -0.2]).reshape(2, 2, 1, 1),
        matrix=np.eye(16) * 0.9 + 0.1,
        addend=np.linspace(0, 1, 16),
    )
    changed = quantised(model, 2, "per-tensor")
    nodes = {node.output[0]: node for node in changed.graph.node}
    # 2 bits have the levels -1, 0 and 1.
    assert initializer(changed, nodes["c"].input[1]).ravel().tolist() == [1, 0, 0, 0]
    assert set(initializer(changed, nodes["t"].input[1]).ravel().tolist()) == {np.float32(0.7)}
    assert initializer(changed, nodes["m"].input[1]).tolist() == np.eye(16).tolist()
    before = {node.output[0]: node for node in model.graph.node}
    for untouched in ("r", "a", "moved", "product", "y"):
        assert nodes[untouched] == before[untouched]


def test_integers_are_no_weights() -> None:
    model = parsed("g (int64[1, 2] x) => (int64[1, 2] y) { y = MatMul(x, w) }", w=np.array([[1, 2], [3, 4]]))
    assert quantised(model, 2, "per-tensor") == model


def test_weights_that_two_operators_share_are_rounded_once_unless_they_see_other_channels_in_them() -> None:
    model = parsed(
        """g (float[1, 2] x) => (float[1, 2] y) {
            a = MatMul(x, w)
            b = MatMul(a, w)
            y = Gemm<transB = 1>(b, w)
        }""",
        w=[[7.0, 0.4], [0.7, 0.1]],
    )
    changed = quantised(model, 4, "per-channel")
    first, second, third = (node.input[1] for node in changed.graph.node)
    assert first == second
    assert first != third
    # Columns have steps of 1 and 0.4/7, rows of 1 and 0.1.
    assert initializer(changed, first).tolist() == in_float32([7, 0.4], [1, 0.8 / 7])
    assert initializer(changed, third).tolist() == in_float32([7, 0], [0.7, 0.1])


CONV_BN = """g (float[1, 1, 4, 4] x) => (float[1, 2] y) {
    c = Conv(x, w)
    b = BatchNormalization<epsilon = 0.0>(c, scale, shift, mean, variance)
    p = GlobalAveragePool(b)
    f = Flatten(p)
    y = Softmax(f)
}"""
PARAMETERS: dict[str, Any] = {"shift": [0.0, 0.0], "mean": [0.0, 0.0], "variance": [1.0, 1.0]}


def noise(scale: list[float], **changes: Any) -> dict[tuple[str, str], tuple[float, float]]:
    weights = np.array([[7.0, 2.5], [7.0, 4.25]]).reshape(2, 1, 1, 2)
    model = parsed(CONV_BN, w=weights, scale=scale, **PARAMETERS | changes)
    found = quantisation_noise(validate_numerics(model, PATH, seed=1), PATH, (4,), GRANULARITIES)
    assert {tensor.bits for tensor in found} == {4}
    return {(tensor.tensor, tensor.granularity): (tensor.original_db, tensor.fused_db) for tensor in found}


def test_folding_spreads_ranges_which_costs_where_a_layer_has_one_scale_and_nothing_where_channels_have() -> None:
    # Both channels have steps of 1 before. Fused, a scale of 1/8 beside one of 1 leaves the second
    # with weights of 7/8 and 4.25/8 in steps of 1: 1 and 1 in place of 7/8 and 4/8.
    found = noise(scale=[1.0, 0.125])
    assert [name for name, _ in found] == ["f", "y"] * 2
    original, fused = found["f", "per-tensor"]
    assert fused < original
    original_by_channel, fused_by_channel = found["f", "per-channel"]
    assert original_by_channel == fused_by_channel == original


def test_where_the_scale_is_one_folding_costs_nothing() -> None:
    for original, fused in noise(scale=[1.0, 1.0]).values():
        assert original == fused
        assert math.isfinite(original)


def test_with_bits_enough_nothing_is_lost() -> None:
    weights = np.array([[7.0, 2.0], [7.0, 4.0]]).reshape(2, 1, 1, 2)  # in steps of 1
    model = parsed(CONV_BN, w=weights, scale=[1.0, 2.0], **PARAMETERS)
    found = quantisation_noise(validate_numerics(model, PATH, seed=1), PATH, (4,), ["per-channel"])
    assert [(tensor.original_db, tensor.fused_db) for tensor in found] == [(math.inf, math.inf)] * 2


def test_every_width_is_tried_with_every_granularity() -> None:
    model = parsed(CONV_BN, w=np.ones((2, 1, 1, 2)), scale=[1.0, 2.0], **PARAMETERS)
    numerics = validate_numerics(model, PATH, seed=1)
    found = quantisation_noise(numerics, PATH, (8, 4), GRANULARITIES)
    assert [(tensor.bits, tensor.granularity, tensor.tensor) for tensor in found] == [
        (bits, granularity, tensor) for bits in (8, 4) for granularity in GRANULARITIES for tensor in ("f", "y")
    ]
    assert quantisation_noise(numerics, PATH, (), GRANULARITIES) == []


def test_noise_is_that_of_the_model_that_was_quantised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Filters, "folded_behind", lambda filters, _: filters)  # the BatchNorm is lost
    model = parsed(CONV_BN, w=np.full((2, 1, 1, 2), 7.0), scale=[2.0, 2.0], **PARAMETERS)
    for tensor in quantisation_noise(validate_numerics(model, PATH, seed=1), PATH, (4,), GRANULARITIES):
        if tensor.tensor == "f":
            assert tensor.original_db == math.inf
            assert tensor.fused_db == pytest.approx(20 * math.log10(2), abs=1e-12)  # half of the signal is missing
