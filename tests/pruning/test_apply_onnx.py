from __future__ import annotations

import math

import numpy as np
import onnx
import pytest
from hypothesis import given, reject, settings

from accelsim.errors import InputError
from accelsim.fusion.apply_onnx import fuse_model
from accelsim.pruning.apply_onnx import Size, prune_model
from accelsim.validation.numerics import validate_numerics
from accelsim.workload.onnx_frontend.model import load_model
from accelsim.workload.shapes import Shape
from tests.pruning.models import (
    SMALL,
    THRESHOLD,
    batchnorm,
    channels,
    normalised,
    pruned,
    two_convolutions,
)
from tests.pruning.random_networks import networks
from tests.validation.models import light
from tests.workload.onnx_frontend.models import PATH, assert_equal_results, declared, model, random


@settings(max_examples=100)
@given(original=networks())
def test_random_networks_compute_the_same(original: onnx.ModelProto) -> None:
    try:
        result = pruned(original)
    except InputError:  # several BatchNorms together leave a layer nothing
        reject()
    assert_equal_results(result.reference, fuse_model(result.model, PATH).model, rounding=1e-4)
    shapes = {value.name: value for value in onnx.shape_inference.infer_shapes(result.model).graph.value_info}
    for name, left in result.left.items():
        assert shapes[name].type.tensor_type.shape.dim[1].dim_value == left.sum()


@settings(max_examples=30)
@given(original=networks())
def test_what_was_pruned_has_nothing_left_to_prune(original: onnx.ModelProto) -> None:
    try:
        once = prune_model(original, PATH, THRESHOLD)
    except InputError:
        reject()
    twice = prune_model(once.model, PATH, THRESHOLD)
    assert twice.left == {}
    assert twice.after == once.after


def test_the_size_of_a_known_network() -> None:
    # 8x8 in 4 channels; 6x6 in 4 channels, then 2, from 36 weights each; 4x4 in 2 channels from 36 weights, then 18.
    # γ and β count with the weights; two pruned filters leave nine weights each of the two that read them, and a bias.
    result = pruned(model(**two_convolutions("t = Relu(n)")))
    assert result.before == Size(channels=6, parameters=4 * 36 + 8 + 2 * 36, macs=36 * 4 * 36 + 16 * 2 * 36)
    assert result.after == Size(channels=4, parameters=2 * 36 + 4 + 2 * 18 + 2, macs=36 * 2 * 36 + 16 * 2 * 18)
    assert result.image == Shape(4, 8, 8)
    (layer,) = result.layers
    assert (layer.name, layer.channels, layer.small, layer.removed, layer.left, layer.kept) == ("c", 4, 2, 2, 2, ())
    assert {name: left.tolist() for name, left in result.left.items()} == dict.fromkeys("cnt", [True, False] * 2)


def test_the_reference_differs_in_gamma_alone() -> None:
    original = model(**two_convolutions("t = Relu(n)", pads=1))
    result = pruned(original)  # β of the fourth is positive, so that it stays, with the γ that it had
    expected = onnx.ModelProto()
    expected.CopyFrom(original)
    for tensor in expected.graph.initializer:
        if tensor.name == "pg":
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.array([1, 0, -1, -SMALL], np.float32), "pg"))
    assert result.reference == expected


def test_parameters_that_several_share_are_cut_for_each() -> None:
    shared = batchnorm("p", (1, SMALL, 1, 1), (1, 2, 3, 4))
    original = model(
        f"""a = Conv(x, w) p = {normalised("p", "a")} b = Conv(p, u) q = {normalised("p", "b")} r = Add(q, k)
        y = Conv(r, v) z = Add(x, k)""",
        outputs="float[] y, float[] z",
        w=random(4, 4, 1, 1),
        u=random(4, 4, 1, 1, seed=2),
        v=random(2, 4, 1, 1),
        k=random(4, 1, 1),
        **shared,
    )
    result = pruned(original)
    assert channels(result) == {"a": 3, "b": 3}


def test_where_a_channel_goes_its_parameters_go() -> None:
    result = pruned(model(**two_convolutions("s = Mul(n, k) t = PRelu(s, l)"), k=random(4, 1, 1), l=random(4, 1, 1)))
    shapes = {tensor.name: list(tensor.dims) for tensor in result.model.graph.initializer}
    assert shapes == {
        "w": [2, 4, 3, 3],
        "u": [2, 2, 3, 3],
        **{name: [2] for name in ("pg", "pb", "pm", "pv")},
        "k": [2, 1, 1],
        "l": [2, 1, 1],
        "y.bias": [2],
    }


def test_constants_made_by_operators() -> None:
    original = model(
        f"""t = Transpose<perm = [1, 0, 2, 3]>(w) q = Unsqueeze(pg, a) f = Squeeze(q, a) c = Conv(x, t)
        n = {normalised("p", "c").replace("pg", "f")} r = Relu(n) y = Conv(r, u)""",
        w=random(4, 4, 3, 3),
        u=random(2, 4, 3, 3),
        a=np.array([0]),
        **batchnorm("p", (1, SMALL, -1, SMALL), (0.5, -0.7, 0.9, 0.3)),
    )
    result = pruned(original)
    assert channels(result) == {"c": 2}
    assert [node.op_type for node in result.model.graph.node] == ["Conv", "BatchNormalization", "Relu", "Conv"]


def test_half_precision_is_kept() -> None:
    arguments = two_convolutions("t = Relu(n)")
    halves = {name: values.astype(np.float16) for name, values in arguments.items() if name != "body"}
    original = model(arguments["body"], inputs="float16[1,4,8,8] x", outputs="float16[] y", **halves)
    result = prune_model(original, PATH, THRESHOLD)
    assert channels(result) == {"c": 2}
    assert {tensor.data_type for tensor in result.model.graph.initializer} == {onnx.TensorProto.FLOAT16}
    assert_equal_results(result.reference, result.model, rounding=2**-9)


def test_in_double_precision_it_is_exact() -> None:
    doubles = batchnorm("p", (1, SMALL, -1, SMALL), (0.5, -0.7, 0.9, 0.3))
    original = model(
        f"a = Gemm(x, w) n = {normalised('p', 'a')} r = Relu(n) y = Gemm<alpha = 0.5, beta = 2.0>(r, u, k)",
        inputs="double[N,6] x",
        outputs="double[] y",
        w=random(6, 4, dtype=np.float64),
        u=random(4, 5, dtype=np.float64),
        k=random(5, dtype=np.float64),
        **{name: values.astype(np.float64) for name, values in doubles.items()},
    )
    result = prune_model(original, PATH, THRESHOLD)
    assert channels(result) == {"a": 2}
    assert_equal_results(result.reference, result.model, rounding=1e-15)


def test_weights_that_are_inputs_are_declared_as_they_are_now() -> None:
    original = model(**two_convolutions("t = Relu(n)"), opset=8, ir_version=3)
    result = pruned(original)
    assert result.model.ir_version == 4  # of which the bias that is new need not be an input
    weights = {tensor.name: tensor for tensor in result.model.graph.initializer}
    for value in result.model.graph.input[1:]:
        assert value == declared(value.name, onnx.numpy_helper.to_array(weights[value.name]))


def test_all_that_describes_the_model_stays() -> None:
    original = model(**two_convolutions("t = Relu(n)"), inputs="float[N,4,8,8] x")
    original.producer_name, original.doc_string, original.graph.doc_string = "somebody", "a model", "its text"
    original.metadata_props.add(key="author", value="someone")
    original.graph.node[0].name, original.graph.node[0].doc_string = "first", "a convolution"
    for name in "cnt":
        value = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", 4, 6, 6])
        original.graph.value_info.append(value)
    result = pruned(original)
    expected = onnx.ModelProto()
    expected.CopyFrom(original)
    expected.graph.node[3].input.append("y.bias")
    for value in expected.graph.value_info:
        value.type.tensor_type.shape.dim[1].dim_value = 2
    for message in (expected, result.model):
        del message.graph.initializer[:]
    assert result.model == expected


def test_a_bias_that_would_overflow_is_named() -> None:
    arguments = two_convolutions("t = Identity(n)", beta=(0.5, 6e4, 0.9, 0.3))
    halves = {name: values.astype(np.float16) for name, values in arguments.items() if name != "body"}
    original = model(arguments["body"], inputs="float16[1,4,8,8] x", outputs="float16[] y", **halves)
    with pytest.raises(InputError, match=r"^model.onnx: 'y' cannot be pruned: .* too large for float16$"):
        prune_model(original, PATH, THRESHOLD)


@pytest.mark.parametrize("threshold", [-0.1, math.nan, math.inf])
def test_a_threshold_is_a_size(threshold: float) -> None:
    with pytest.raises(InputError, match=f"a threshold of |γ| must be a number of 0 or more, not {threshold:g}"):
        prune_model(model(**two_convolutions("t = Relu(n)")), PATH, threshold)


def test_a_model_without_a_batchnorm_has_no_gamma() -> None:
    with pytest.raises(InputError, match="it has no BatchNormalization with a γ that says which channels to prune"):
        prune_model(model("y = Conv(x, w)", w=random(4, 4, 1, 1)), PATH, THRESHOLD)


def test_where_no_gamma_is_small_nothing_changes() -> None:
    original = model(**two_convolutions("t = Relu(n)"))
    result = pruned(original, threshold=SMALL / 2)
    assert (result.layers, result.left, result.before) == ((), {}, result.after)
    assert result.model == result.reference == original


# How many channels go with random weights of seed 1, of which a tenth of the γ are 0. ShuffleNet's are read by groups.
REMOVED = {"resnet50": 560, "densenet121": 720, "shufflenet": 0}


@pytest.mark.parametrize("name", REMOVED)
def test_well_known_networks_compute_the_same(name: str) -> None:
    numerics = validate_numerics(
        load_model(light(name), weights=True),
        light(name),
        seed=1,
        random_weights=True,
        with_layers=True,
        prune_gamma=THRESHOLD,
    )
    assert numerics.same
    assert numerics.pruned is not None
    before, after = numerics.pruned.before, numerics.pruned.after
    assert before.channels - after.channels == REMOVED[name]
    assert (after.macs < before.macs) == (REMOVED[name] > 0)
