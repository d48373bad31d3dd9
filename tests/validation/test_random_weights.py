from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from accelsim.fusion.apply_onnx import fuse_model
from accelsim.validation.inputs import random_inputs
from accelsim.validation.numerics import compared_tensors
from accelsim.validation.random_weights import LARGEST_GAIN, SMALLEST_GAIN, randomised
from accelsim.validation.runtime import run_model
from accelsim.workload.onnx_frontend.model import load_model
from tests.validation.models import PATH, initializer, light, parsed, weights_of

CHANNELS = 2000
CONV_BN = f"""g (float[1, 3, 4, 4] x) => (float[1, {CHANNELS}, 4, 4] y) {{
    c = Conv(x, w, bias)
    y = BatchNormalization(c, scale, shift, mean, variance)
}}"""
BATCHNORM = ("scale", "shift", "mean", "variance")
CONSTANT: dict[str, Any] = {
    "w": np.full((CHANNELS, 3, 1, 1), 0.5),
    "bias": np.zeros(CHANNELS),
    **{name: np.ones(CHANNELS) for name in BATCHNORM},
}


def conv_bn() -> onnx.ModelProto:
    return randomised(parsed(CONV_BN, **CONSTANT), seed=1)


def parameters(model: onnx.ModelProto) -> dict[str, Any]:
    """γ, β, μ and σ² of the first BatchNorm."""
    return {name: weights_of(model, "BatchNormalization", slot)[0] for slot, name in enumerate(BATCHNORM, start=1)}


def test_the_seed_decides() -> None:
    model = parsed(CONV_BN, **CONSTANT)
    assert randomised(model, 1) == randomised(model, 1)
    assert randomised(model, 1) != randomised(model, 2)


def test_the_model_is_left_as_it_is() -> None:
    model = parsed(CONV_BN, **CONSTANT)
    randomised(model, 1)
    assert model == parsed(CONV_BN, **CONSTANT)


def test_gamma_has_both_signs_and_is_zero_in_a_tenth_of_the_channels() -> None:
    gamma = parameters(conv_bn())["scale"]
    shares = [(gamma < 0).mean(), (gamma == 0).mean(), (gamma > 0).mean()]
    # 5 standard deviations of a share in 2,000 channels are 0.056 and 0.034.
    assert abs(shares[0] - 0.45) < 0.056
    assert abs(shares[1] - 0.1) < 0.034
    assert (abs(gamma[gamma != 0]) >= 0.5).all()
    assert (abs(gamma) <= 1.5).all()


def test_variances_reach_from_tiny_to_large() -> None:
    variance = parameters(conv_bn())["variance"]
    assert variance.min() < 10 * SMALLEST_GAIN**2
    assert variance.max() > LARGEST_GAIN**2 / 10
    assert (variance > 0).all()


@pytest.mark.parametrize("name", ["shift", "mean"])
def test_shifts_and_means_are_not_zero(name: str) -> None:
    values = parameters(conv_bn())[name]
    assert (values != 0).all()
    assert values.min() < 0 < values.max()


def test_the_batchnorm_expects_what_the_convolution_delivers() -> None:
    model = conv_bn()
    (weights,), (bias,) = weights_of(model, "Conv"), weights_of(model, "Conv", 2)
    found = parameters(model)
    deviation = np.sqrt(found["variance"])
    # The root of the mean square over all channels of normal numbers of variance 2/3, 1/4 and 1/4 · exp(...):
    # the estimate of the gain by the variance is log-normal itself, with E[exp(-N(0, 0.5))] = exp(0.125).
    for values, variance in ((weights.reshape(CHANNELS, 3), 2 / 3), (bias, 0.25), (found["mean"], 0.25)):
        normal = (values.T / deviation).T
        assert np.mean(normal**2) == pytest.approx(variance * np.exp(0.125), rel=0.15)


def test_a_convolution_that_is_read_by_others_is_not_scaled() -> None:
    graph = CONV_BN.replace("y = Batch", "r = Relu(c)\n y = Batch").replace(
        "] y)", f"] y, float[1, {CHANNELS}, 4, 4] r)"
    )
    (weights,) = weights_of(randomised(parsed(graph, **CONSTANT), seed=1), "Conv")
    assert np.std(weights.astype(np.float64)) == pytest.approx(np.sqrt(2 / 3), rel=0.05)


def test_types_and_shapes_stay() -> None:
    constants: dict[str, Any] = {name: np.asarray(values).astype(np.float16) for name, values in CONSTANT.items()}
    model = parsed(CONV_BN.replace("float[", "float16["), **constants)
    changed = randomised(model, seed=1)
    for before, after in zip(model.graph.node, changed.graph.node, strict=True):
        for old, new in zip(before.input[1:], after.input[1:], strict=True):
            assert old != new
            assert initializer(changed, new).shape == initializer(model, old).shape
            assert initializer(changed, new).dtype == np.float16


SHARED = """g (float[1, 200, 1, 1] x) => (float[1, 200, 1, 1] y) {
    c = Conv(x, w, ones)
    b = BatchNormalization(c, ones, zeros, zeros, ones)
    d = Conv(b, w, ones)
    y = BatchNormalization(d, ones, zeros, zeros, ones)
}"""


def shared() -> onnx.ModelProto:
    return randomised(parsed(SHARED, w=np.ones((200, 200, 1, 1)), ones=np.ones(200), zeros=np.zeros(200)), seed=1)


def test_shared_weights_stay_shared_and_nothing_else_does() -> None:
    read = [name for node in shared().graph.node for name in node.input[1:]]
    assert read[0] == read[6]
    assert len(set(read)) == len(read) - 1


def test_every_batchnorm_behind_shared_weights_expects_what_they_deliver() -> None:
    (weights, _), variances = weights_of(shared(), "Conv"), weights_of(shared(), "BatchNormalization", 4)
    for variance in variances:
        # He-normal weights of 200 inputs have a mean square of 0.01; the estimates are off by exp(N(0, 0.5)).
        ratios = np.log(np.square(weights).mean(axis=(1, 2, 3)) / 0.01 / variance)
        assert np.std(ratios) < 0.7


def test_what_is_no_parameter_stays() -> None:
    graph = """g (float[1, 2, 4, 4] x) => (float[1, 2, 4, 4] y) {
        c = Conv(x, w)
        a = Add(c, three)
        six = Clip(a, zero, large)
        m = Mul(c, six)
        d = Div(m, large)
        r = Relu(x)
        p = Mul(r, grid)
        y = Add(d, p)
    }"""
    constants: dict[str, Any] = {"three": [3.0], "zero": 0.0, "large": 6.0, "grid": [[[1.0]], [[2.0]]]}
    before = parsed(graph, w=np.ones((2, 2, 1, 1)), **constants)
    after = randomised(before, seed=1)
    assert after.graph.node[0] != before.graph.node[0]
    assert list(after.graph.node)[1:] == list(before.graph.node)[1:]
    for name in constants:
        assert initializer(after, name).tolist() == initializer(before, name).tolist()


def test_scales_and_shifts_behind_a_batchnorm_are_parameters_also_through_views() -> None:
    graph = """g (float[1, 2, 4, 4] x) => (float[1, 2, 4, 4] y) {
        b = BatchNormalization(x, ones, zeros, zeros, ones)
        factor = Unsqueeze(ones, axes)
        m = Mul(factor, b)
        y = Add(m, offset)
    }"""
    offset = np.zeros((2, 1, 1))
    constants: dict[str, Any] = {"ones": np.ones(2), "zeros": np.zeros(2), "axes": np.array([1, 2]), "offset": offset}
    nodes = randomised(parsed(graph, **constants), seed=1).graph.node
    assert [list(node.input) for node in nodes][1:] == [
        ["factor_random0", "axes"],
        ["factor", "b"],
        ["m", "y_random1"],
    ]


def test_weights_may_come_from_operators() -> None:
    graph = """g (float[1, 3, 4, 4] x) => (float[1, 5, 4, 4] y) {
        shape = Constant<value = int64[4] {5, 3, 1, 1}>()
        w = ConstantOfShape<value = float[1] {0.02}>(shape)
        bias = Constant<value = float[5] {1, 1, 1, 1, 1}>()
        y = Conv(x, w, bias)
    }"""
    model = randomised(parsed(graph), seed=1)
    ((weights,), (bias,)) = weights_of(model, "Conv"), weights_of(model, "Conv", 2)
    assert (weights.shape, bias.shape) == ((5, 3, 1, 1), (5,))
    assert len(set(weights.ravel().tolist())) == 15
    assert len(set(bias.tolist())) == 5


def test_weights_that_are_not_in_the_file_are_made_up() -> None:
    graph = """g (float[1, 3, 4, 4] x, float[5, 3, 1, 1] w, float[5, 1, 1] s) => (float[1, 5, 4, 4] y) {
        c = Conv(x, w)
        y = PRelu(c, s)
    }"""
    model = randomised(parsed(graph), seed=1)
    assert [value.name for value in model.graph.input] == ["x"]
    assert weights_of(model, "Conv")[0].shape == (5, 3, 1, 1)
    assert weights_of(model, "PRelu")[0].shape == (5, 1, 1)
    run_model(model, random_inputs(model, PATH, seed=1), PATH)


@pytest.mark.parametrize(
    ("operator", "shape"),
    [
        ("Conv<group = 2>", (4, 3, 5, 5)),
        ("ConvTranspose<group = 2, strides = [2, 2]>", (6, 2, 6, 6)),
        ("ConvTranspose", (6, 4, 5, 5)),
    ],
)
def test_what_goes_through_a_relu_is_as_large_behind_a_convolution_as_ahead(operator: str, shape: Any) -> None:
    graph = f"g (float[8, 6, 20, 20] x) => (float[a, b, c, d] y) {{ r = Relu(x) y = {operator}(r, w) }}"
    squares = []
    for seed in range(20):
        model = randomised(parsed(graph, w=np.ones(shape)), seed)
        y = run_model(model, random_inputs(model, PATH, seed), PATH)["y"]
        squares.append(np.square(y[:, :, 5:-5, 5:-5]).mean())
    assert np.mean(squares) == pytest.approx(1, rel=0.15)


@pytest.mark.parametrize("name", ["resnet50", "shufflenet", "densenet121", "inception_v2"])
def test_activations_neither_vanish_nor_explode_in_deep_networks(name: str) -> None:
    path = light(name)
    model = randomised(load_model(path, weights=True), seed=1)
    relus = [node.output[0] for node in model.graph.node if node.op_type == "Relu"]
    tensors = run_model(model, random_inputs(model, path, seed=1), path, [*relus, *compared_tensors(model)])
    assert all(0.1 < np.std(tensors[relu]) < 100 for relu in relus)
    assert 1 < np.std(tensors[next(iter(compared_tensors(model)))]) < 100


def test_old_files_whose_initializers_are_inputs_still_fold() -> None:
    path = light("shufflenet")
    model = load_model(path, weights=True)
    assert model.ir_version == 3
    changed = randomised(model, seed=1)
    assert changed.ir_version == 4
    assert len(fuse_model(changed, path).layers) == 49
