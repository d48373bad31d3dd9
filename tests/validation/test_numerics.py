from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from accelsim.errors import InputError
from accelsim.fusion.apply_onnx import FoldedLayer
from accelsim.fusion.fold import Filters
from accelsim.fusion.onnx_filters import read_filters
from accelsim.validation.numerics import (
    TOLERANCE,
    TOLERANCE_FLOAT64,
    Difference,
    Numerics,
    compare_models,
    compared_tensors,
    difference,
    exact_layer,
    validate_numerics,
)
from accelsim.validation.random_weights import randomised
from accelsim.workload.affine import Affine, Doubles, batchnorm_affine
from accelsim.workload.onnx_frontend.constants import Constants
from accelsim.workload.onnx_frontend.model import load_model
from tests.validation.models import PATH, light, parsed

CONV_BN = """g (float[N, 2, 4, 4] x) => (float[N, 3] y) {
    c = Conv(x, w, bias)
    b = BatchNormalization<epsilon = 0.0>(c, scale, shift, mean, variance)
    r = Relu(b)
    p = GlobalAveragePool(r)
    f = Flatten(p)
    y = Softmax(f)
}"""
"""A convolution with a bias, which a BatchNorm halves, doubles, or blanks out."""
PARAMETERS: dict[str, Any] = {
    "w": np.arange(54).reshape(3, 2, 3, 3) / 32 - 0.75,
    "bias": [1.0, -2.0, 3.0],
    "scale": [2.0, -1.0, 0.0],
    "shift": [1.0, 2.0, 0.5],
    "mean": [3.0, -1.0, 2.0],
    "variance": [16.0, 0.25, 1.0],
}


def conv_bn(**changes: Any) -> onnx.ModelProto:
    return parsed(CONV_BN, **PARAMETERS | changes)


def short_form(filters: Filters, affine: Affine) -> Filters:
    """Fold as if there were no bias to be scaled."""
    return filters._replace(weights=affine.scale[:, None, None] * filters.weights, bias=filters.bias + affine.shift)


def test_a_difference_in_figures() -> None:
    found = difference("t", np.array([3.0, -4.0]), np.array([3.0, -4.5]))
    # 25 of signal, 0.25 of noise
    assert found == Difference("t", scale=4.0, max_error=0.5, sqnr_db=20.0)
    assert found.relative_error == 0.125


def test_what_is_equal_has_no_noise() -> None:
    found = difference("t", np.array([3.0, -4.0]), np.array([3.0, -4.0]))
    assert (found.max_error, found.relative_error, found.sqnr_db) == (0, 0, math.inf)


@pytest.mark.parametrize(("other", "relative", "sqnr_db"), [(0.0, 0, math.inf), (1e-30, math.inf, -math.inf)])
def test_where_all_was_zero_nothing_else_is_the_same(other: float, relative: float, sqnr_db: float) -> None:
    found = difference("t", np.zeros(2), np.array([0.0, other]))
    assert (found.scale, found.relative_error, found.sqnr_db) == (0, relative, sqnr_db)
    assert found.within(TOLERANCE) == (relative == 0)


def test_the_tolerance_is_relative_to_the_largest_value() -> None:
    found = difference("t", np.array([-8.0, 1.0]), np.array([-8.0, 2.0]))
    assert found.within(0.125)
    assert not found.within(0.1249)


def test_squares_do_not_overflow() -> None:
    found = difference("t", np.array([3e200, -4e200]), np.array([3e200, -4.5e200]))
    assert found.sqnr_db == pytest.approx(20, abs=1e-12)


def test_integers_do_not_overflow() -> None:
    found = difference("t", np.array([100], np.uint8), np.array([200], np.uint8))
    assert found.max_error == 100


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("at_fault", "not_finite"), [((0,), ("original",)), ((1,), ("fused",)), ((0, 1), ("original", "fused"))]
)
def test_what_is_not_finite_is_never_the_same(value: float, at_fault: tuple[int, ...], not_finite: Any) -> None:
    original, other = (np.array([1.0, value if number in at_fault else 2.0]) for number in (0, 1))
    found = difference("t", original, other)
    assert found.not_finite == not_finite
    assert not found.within(math.inf)
    assert not found._replace(scale=1.0, max_error=0.0).within(math.inf)


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ([math.nan, math.inf, 4.0, 1.0], 0.0),
        ([math.nan, math.inf, 4.0, 2.0], 0.25),
        ([math.inf, math.nan, 4.0, 1.0], math.inf),
        ([math.nan, -math.inf, 4.0, 1.0], math.inf),
        ([math.nan, math.inf, 4.0, math.nan], math.inf),
        ([math.nan, 4.0, 4.0, 1.0], math.inf),
    ],
)
def test_what_is_finite_is_compared_where_all_else_is_the_same(other: list[float], error: float) -> None:
    found = difference("t", np.array([math.nan, math.inf, 4.0, 1.0]), np.array(other))
    assert found.finite_error == error
    assert found.same_where_finite(0.25) == (error <= 0.25)


def test_what_is_finite_has_no_other_places() -> None:
    assert not difference("t", np.ones(2), np.ones(2)).same_where_finite(math.inf)
    assert not difference("t", np.ones(2), np.array([1.0, math.nan])).same_where_finite(1e300)


@pytest.mark.parametrize(
    ("graph", "roles"),
    [
        ("y = Relu(x)", {"y": "output"}),
        ("y = Softmax(x)", {"x": "logit", "y": "probability"}),
        ("a = Relu(x) y = HardSigmoid(a)", {"a": "logit", "y": "probability"}),
        ("a = Relu(x) b = Sigmoid(a) c = Identity(b) y = Flatten(c)", {"a": "logit", "y": "probability"}),
        ("a = Sigmoid(x) y = Relu(a)", {"y": "output"}),
        ("y = Identity(x)", {"y": "output"}),
    ],
)
def test_what_probabilities_are_made_of_is_compared_too(graph: str, roles: dict[str, str]) -> None:
    assert compared_tensors(parsed(f"g (float[1, 2] x) => (float[1, 2] y) {{ {graph} }}")) == roles


def test_an_output_that_probabilities_are_made_of_is_an_output() -> None:
    model = parsed("g (float[1, 2] x) => (float[1, 2] a, float[1, 2] y) { a = Relu(x) y = Softmax(a) }")
    assert compared_tensors(model) == {"a": "output", "y": "probability"}


def test_probabilities_are_compared_on_their_scale() -> None:
    # The last digit of a sigmoid near 1 is 6e-8: half as much as all that there is here.
    found = difference("t", np.array([1.2e-7]), np.array([1.8e-7]), "probability")
    assert (found.scale, found.relative_error) == (1, found.max_error)
    assert found.within(TOLERANCE)
    assert not found._replace(scale=1.2e-7).within(TOLERANCE)


def test_tensors_of_two_models_are_compared_by_name() -> None:
    original = parsed("g (float[1, 2] x) => (float[1, 2] y) { a = Mul(x, c) y = Neg(a) }", c=[2.0, 1.0])
    other = parsed("g (float[1, 2] x) => (float[1, 2] y) { a = Mul(x, c) y = Neg(a) }", c=[2.0, 1.5])
    x = np.array([[3.0, 4.0]], np.float32)
    roles = {"a": "layer", "y": "output"}
    found = compare_models(original, other, {"x": x}, PATH, roles)  # type: ignore[arg-type]
    # [6, 4] became [6, 6]: 52 of signal, 4 of noise
    decibels = 10 * math.log10(13)
    assert found == (
        Difference("a", 6.0, 2.0, decibels, role="layer"),
        Difference("y", 6.0, 2.0, decibels, role="output"),
    )


def layer(**changes: Any) -> FoldedLayer:
    """A grouped convolution between two BatchNorms, folded as it should be."""
    generator = np.random.default_rng(1)
    before = Filters(generator.normal(size=(6, 2, 9)), generator.normal(size=6), groups=3)
    gamma, beta, mean = generator.normal(size=(3, 6))
    gamma[[1, 4]] = 0
    ahead = (batchnorm_affine(gamma, beta, mean, generator.uniform(0, 1, 6), 1e-5),)
    behind = (batchnorm_affine(beta, mean, gamma, np.full(6, 1e-6), 1e-5), Affine(gamma, beta))
    kept = {"before": before, "ahead": ahead, "behind": behind} | changes
    after = kept["before"]
    for affine in reversed(kept["ahead"]):
        after = after.folded_ahead(affine)
    for affine in kept["behind"]:
        after = after.folded_behind(affine)
    return FoldedLayer("c", ("b",), "t", **{**kept, "after": after})


def test_a_layer_folded_as_it_should_be_is_exact_to_the_last_digits() -> None:
    found = exact_layer(layer(), seed=1)
    assert (found.layer, found.tensor) == ("c", "t")
    assert 0 < found.relative_error < 1e-14


def test_the_seed_decides_what_a_layer_is_tried_with() -> None:
    assert exact_layer(layer(), seed=1) == exact_layer(layer(), seed=1)
    assert exact_layer(layer(), seed=1) != exact_layer(layer(), seed=2)


def test_a_layer_of_which_only_shifts_are_left_is_exact() -> None:
    blank = Affine(np.zeros(6), np.array([0.0, 1, -2, 3, 4, 5]))
    assert exact_layer(layer(behind=(blank,)), seed=1).relative_error == 0


def test_where_nothing_is_added_up_nothing_else_is_the_same() -> None:
    folded = layer(behind=(Affine(np.zeros(6), np.zeros(6)),))
    assert exact_layer(folded, seed=1).relative_error == 0
    wrong = folded.after._replace(bias=np.array([0.0, 0, 0, 0, 0, 1e-300]))
    assert exact_layer(folded._replace(after=wrong), seed=1).relative_error == math.inf


def test_sums_that_cancel_are_no_fault_of_folding() -> None:
    # The bias is a million times what the weights make, and the mean takes it away again.
    bias = np.full(6, 1e6)
    behind = (batchnorm_affine(np.ones(6), np.zeros(6), bias, np.full(6, 1e-6), 1e-5),)
    filters = Filters(np.random.default_rng(1).normal(size=(6, 2, 9)), bias, groups=3)
    assert exact_layer(layer(before=filters, behind=behind), seed=1).relative_error < 1e-14


def wrong_bias(filters: Filters) -> Filters:
    return filters._replace(bias=filters.bias * (1 + 1e-9))


def wrong_weight(filters: Filters) -> Filters:
    weights = filters.weights.copy()
    weights[5, 1, 8] *= 1 + 1e-9
    return filters._replace(weights=weights)


def without_bias(filters: Filters) -> Filters:
    return filters._replace(bias=np.zeros_like(filters.bias))


@pytest.mark.parametrize("wrong", [wrong_bias, wrong_weight, without_bias])
def test_a_wrong_fold_is_found_in_float64(wrong: Any) -> None:
    folded = layer()
    found = exact_layer(folded._replace(after=wrong(folded.after)), seed=1)
    assert found.relative_error > TOLERANCE_FLOAT64


def test_the_short_form_of_the_bias_is_found_in_float64() -> None:
    before = Filters(np.ones((1, 1, 1)), np.array([3.0]))
    behind = (Affine(np.array([0.5]), np.array([0.0])),)
    folded = FoldedLayer("c", ("b",), "t", before, (), behind, after=short_form(before, behind[0]))
    # 3·(1 - 0.5) is missing from 0.5·|x| + 1.5, which is 1.5 where x is smallest.
    windows: Doubles = np.random.default_rng(1).standard_normal((1, 1, 64))
    assert exact_layer(folded, seed=1).relative_error == 1.5 / (0.5 * abs(windows).min() + 1.5)


def test_a_model_and_its_fused_self_compute_the_same() -> None:
    numerics = validate_numerics(conv_bn(), PATH, seed=1, with_layers=True)
    assert [(found.tensor, found.role) for found in numerics.differences] == [
        ("b", "layer"),
        ("f", "logit"),
        ("y", "probability"),
    ]
    assert [(match.batchnorm, match.into) for match in numerics.matches] == [("b", "c")]
    assert [found.tensor for found in numerics.layers] == ["b"]
    assert numerics.inputs["x"].shape == (1, 2, 4, 4)
    assert max(found.relative_error for found in numerics.differences) < 1e-6
    assert numerics.same


def test_layers_are_compared_only_if_that_is_asked_for() -> None:
    numerics = validate_numerics(conv_bn(), PATH, seed=1)
    assert [found.tensor for found in numerics.differences] == ["f", "y"]
    assert [found.tensor for found in numerics.layers] == ["b"]


def test_a_wrong_fold_is_found_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Filters, "folded_behind", short_form)
    numerics = validate_numerics(conv_bn(), PATH, seed=1)
    assert not numerics.same_as_executed
    assert not numerics.same_in_float64
    assert not numerics.same


def test_the_tolerance_is_the_callers() -> None:
    assert not validate_numerics(conv_bn(w=PARAMETERS["w"] / 3), PATH, seed=1, tolerance=0).same_as_executed


def test_one_fault_is_enough() -> None:
    numerics = validate_numerics(conv_bn(), PATH, seed=1)
    worse = numerics.differences[-1]._replace(max_error=1.0)
    assert not numerics._replace(differences=(*numerics.differences, worse)).same
    inexact = numerics.layers[-1]._replace(relative_error=2e-12)
    assert not numerics._replace(layers=(inexact, *numerics.layers)).same


def test_a_model_that_overflows_is_not_the_same() -> None:
    # Halved by the BatchNorm, the weights are still too large for sums of 18 products.
    numerics = validate_numerics(conv_bn(w=np.full((3, 2, 3, 3), 3e38), scale=[2.0, -0.25, 0.0]), PATH, seed=1)
    assert not numerics.same
    assert numerics.differences[0].not_finite == ("original", "fused")


@pytest.mark.parametrize("random", ["RandomNormalLike(b)", "Dropout(b, half, training)"])
def test_a_random_model_is_refused(random: str) -> None:
    # onnxruntime seeds an operator by its place, which folding changes.
    graph = CONV_BN.replace("Relu(b)", random)
    model = parsed(graph, **PARAMETERS, half=np.float32(0.5), training=True)
    with pytest.raises(
        InputError, match=r"net.onnx: two runs of the original differ: it has operators that are random"
    ):
        validate_numerics(model, PATH, seed=1)


def test_a_model_with_nan_is_not_random() -> None:
    model = parsed("g (float[1, 9] x) => (float[1, 9] y) { y = Log(x) }")
    (found,) = validate_numerics(model, PATH, seed=1).differences
    assert found.not_finite == ("original", "fused")
    assert found.same_where_finite(0)


def test_inputs_may_be_given_and_say_how_large_images_are(tmp_path: Path) -> None:
    graph = CONV_BN.replace("[N, 2, 4, 4]", "[N, 2, H, W]")
    x = np.random.default_rng(1).standard_normal((2, 2, 5, 7)).astype(np.float32)
    np.savez(tmp_path / "in.npz", x=x)
    numerics = validate_numerics(parsed(graph, **PARAMETERS), PATH, seed=1, inputs=tmp_path / "in.npz")
    assert numerics.inputs["x"].tolist() == x.tolist()
    assert numerics.same


@pytest.mark.parametrize(
    ("sides", "shape"),
    [("N, 3", (2, 3)), ("N, 3, L", (2, 3, 7)), ("N, 1, 7", (2, 1, 7)), ("2, 3, 1, 4, 5", (2, 3, 1, 4, 5))],
)
def test_inputs_need_not_be_images(sides: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    np.savez(tmp_path / "in.npz", x=np.ones(shape, np.float32))
    model = parsed(f"g (float[{sides}] x) => (float[{sides}] y) {{ y = Relu(x) }}")
    assert validate_numerics(model, PATH, seed=1, inputs=tmp_path / "in.npz").inputs["x"].shape == shape


def test_sides_left_open_may_be_given() -> None:
    graph = CONV_BN.replace("[N, 2, 4, 4]", "[N, 2, H, W]")
    numerics = validate_numerics(parsed(graph, **PARAMETERS), PATH, seed=1, batch=3, input_shape=(2, 5, 7))
    assert numerics.inputs["x"].shape == (3, 2, 5, 7)
    assert numerics.same


def test_shared_weights_are_folded_if_they_may_be_cloned() -> None:
    graph = """g (float[1, 2, 4, 4] x) => (float[1, 2, 4, 4] y) {
        c = Conv(x, w)
        b = BatchNormalization(c, scale, shift, mean, variance)
        y = Conv(b, w)
    }"""
    parameters: dict[str, Any] = {name: np.arange(1.0, 3.0) for name in ("scale", "shift", "mean", "variance")}
    shared = parsed(graph, w=np.arange(4.0).reshape(2, 2, 1, 1), **parameters)
    numbers = [len(validate_numerics(shared, PATH, seed=1, clone_shared=clone).layers) for clone in (False, True)]
    assert numbers == [0, 1]
    assert validate_numerics(shared, PATH, seed=1, clone_shared=True).same


def test_without_a_batchnorm_there_is_nothing_to_differ() -> None:
    numerics = validate_numerics(parsed("g (float[1, 2] x) => (float[1, 2] y) { y = Relu(x) }"), PATH, seed=1)
    assert numerics.same
    assert (numerics.matches, numerics.layers) == ((), ())


def without_weights() -> onnx.ModelProto:
    model = parsed(CONV_BN.replace("[N, 2, 4, 4] x", "[N, 2, 4, 4] x, float[3, 2, 3, 3] w"), **PARAMETERS)
    del model.graph.initializer[0]
    return model


def test_a_model_without_weights_is_refused() -> None:
    with pytest.raises(InputError, match=r"net.onnx: it was written without weights \('w' has no values\)"):
        validate_numerics(without_weights(), PATH, seed=1)


def test_weights_may_be_made_up() -> None:
    numerics = validate_numerics(without_weights(), PATH, seed=3, random_weights=True)
    assert numerics.model == randomised(without_weights(), seed=3)
    assert numerics.same


@pytest.mark.parametrize(
    ("operator", "shape"),
    [
        ("Gemm", (3,)),
        ("ConvTranspose<group = 0>", (2, 2, 1, 1)),
        ("ConvTranspose<group = 3>", (2, 2, 1, 1)),
        ("Conv", (0, 2, 1, 1)),
    ],
)
def test_no_weights_are_made_up_where_they_do_not_fit(operator: str, shape: tuple[int, ...]) -> None:
    model = parsed(f"g (float[1, 2, 4, 4] x) => (float[a, b, c, d] y) {{ y = {operator}(x, w) }}", w=np.ones(shape))
    with pytest.raises(InputError, match=r"^net.onnx: "):
        validate_numerics(model, PATH, seed=1, random_weights=True)


FOLDED = {"resnet50": 53, "shufflenet": 49, "densenet121": 59, "inception_v2": 69}
"""Layers that absorb BatchNorms; in DenseNet, the others are behind a concatenation."""


def well_known(name: str) -> Numerics:
    model = load_model(light(name), weights=True)
    return validate_numerics(model, light(name), seed=1, random_weights=True, with_layers=True)


@pytest.mark.parametrize("name", FOLDED)
def test_well_known_networks_compute_the_same(name: str) -> None:
    numerics = well_known(name)
    assert len(numerics.layers) == FOLDED[name]
    assert sum(found.role == "layer" for found in numerics.differences) == FOLDED[name]
    assert numerics.same
    assert max(found.relative_error for found in numerics.layers) < 1e-14
    assert max(found.relative_error for found in numerics.differences) < TOLERANCE / 10


def test_a_wrong_fold_is_found_in_a_well_known_network(monkeypatch: pytest.MonkeyPatch) -> None:
    # Its BatchNorms are two operators each, so that the shift of the first is a bias for the second to scale.
    monkeypatch.setattr(Filters, "folded_behind", short_form)
    numerics = well_known("inception_v2")
    (logits,) = (found for found in numerics.differences if found.role == "logit")
    assert logits.relative_error > 100 * TOLERANCE
    assert not numerics.same_in_float64


PRUNABLE = """g (float[N, 2, 4, 4] x) => (float[N, 2, 2, 2] y) {
    c = Conv(x, w)
    b = BatchNormalization(c, scale, shift, mean, variance)
    r = Relu(b)
    y = Conv(r, v)
}"""


def prunable() -> onnx.ModelProto:
    parameters: dict[str, Any] = PARAMETERS | {"scale": [2.0, -0.125, 0.5], "v": np.ones((2, 3, 1, 1))}
    return parsed(PRUNABLE, **{name: values for name, values in parameters.items() if name != "bias"})


def test_what_is_pruned_is_compared_with_gammas_of_zero() -> None:
    numerics = validate_numerics(prunable(), PATH, seed=1, with_layers=True, prune_gamma=0.25)
    assert numerics.pruned is not None
    assert numerics.model == numerics.pruned.reference
    assert numerics.pruned.left["b"].tolist() == [True, False, True]
    # of the layer's result, too, those channels are compared that both have
    assert [found.tensor for found in numerics.differences] == ["b", "y"]
    assert numerics.same


def test_what_is_pruned_is_not_the_original() -> None:
    pruned = validate_numerics(prunable(), PATH, seed=1, prune_gamma=0.25)
    (found,) = compare_models(prunable(), pruned.fused, pruned.inputs, PATH, {"y": "output"})
    assert not found.within(TOLERANCE)


def test_a_constant_that_is_lost_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_bias(node: onnx.NodeProto, constants: Constants) -> Filters:
        filters = read_filters(node, constants)
        return filters._replace(weights=filters.weights - filters.weights.mean(axis=1, keepdims=True))

    monkeypatch.setattr("accelsim.pruning.apply_onnx.read_filters", without_bias)
    assert not validate_numerics(prunable(), PATH, seed=1, prune_gamma=0.25).same_as_executed
