from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given, settings

from accelsim.errors import InputError
from accelsim.fusion.apply_onnx import FusedModel, fuse_model
from tests.workload.onnx_frontend.models import (
    PATH,
    Weights,
    assert_equal_results,
    batchnorm,
    declared,
    model,
    random,
    stored_outside,
)
from tests.workload.onnx_frontend.random_models import chains

W = random(4, 4, 3, 3)
BN = "BatchNormalization(c, g, b, m, v)"
B = batchnorm(4)


def fused(original: onnx.ModelProto, *, clone_shared: bool = False) -> FusedModel:
    """Fold, and hold the result against what every result must be."""
    before = original.SerializeToString(deterministic=True)
    result = fuse_model(original, PATH, clone_shared=clone_shared)
    assert original.SerializeToString(deterministic=True) == before
    onnx.checker.check_model(result.model, full_check=True)
    weights = {tensor.name for tensor in original.graph.initializer}
    assert [value for value in result.model.graph.input if value.name not in weights] == [
        value for value in original.graph.input if value.name not in weights
    ]
    assert result.model.graph.output == original.graph.output
    return result


def operators(result: FusedModel) -> list[str]:
    return [node.op_type for node in result.model.graph.node]


def reasons(result: FusedModel) -> list[str]:
    return [match.reason for match in result.matches]


FOLDABLE: dict[str, tuple[onnx.ModelProto, list[str]]] = {
    "conv": (model(f"c = Conv(x, w) y = {BN}", w=W, **B), ["Conv"]),
    "conv with bias": (model(f"c = Conv(x, w, k) y = {BN}", w=W, k=random(4), **B), ["Conv"]),
    "depthwise": (model(f"c = Conv<group = 4>(x, w) y = {BN}", w=random(4, 1, 3, 3), **B), ["Conv"]),
    "grouped": (model(f"c = Conv<group = 2>(x, w, k) y = {BN}", w=random(4, 2, 3, 3), k=random(4), **B), ["Conv"]),
    "conv over one dimension": (
        model(f"c = Conv(x, w) y = {BN}", inputs="float[1,4,9] x", w=random(4, 4, 3), **B),
        ["Conv"],
    ),
    "conv over three": (
        model(f"c = Conv(x, w) y = {BN}", inputs="float[1,4,5,5,5] x", w=random(4, 4, 2, 2, 2), **B),
        ["Conv"],
    ),
    "conv transposed": (
        model(f"c = ConvTranspose<strides = [2, 2]>(x, w) y = {BN}", w=random(4, 4, 2, 2), **B),
        ["ConvTranspose"],
    ),
    "conv transposed, grouped": (
        model(f"c = ConvTranspose<group = 2>(x, w, k) y = {BN}", w=random(4, 2, 2, 2), k=random(4), **B),
        ["ConvTranspose"],
    ),
    "conv with an addition": (model(f"d = Conv(x, w) c = Add(k, d) y = {BN}", w=W, k=random(4, 1, 1), **B), ["Conv"]),
    "gemm": (model(f"c = Gemm(x, w) y = {BN}", inputs="float[N,6] x", w=random(6, 4), **B), ["Gemm"]),
    "gemm with everything": (
        model(
            f"c = Gemm<transB = 1, alpha = 0.5, beta = 2.0>(x, w, k) y = {BN}",
            inputs="float[N,6] x",
            w=random(4, 6),
            k=random(4),
            **B,
        ),
        ["Gemm"],
    ),
    "gemm with a scalar": (
        model(f"c = Gemm<beta = 2.0>(x, w, k) y = {BN}", inputs="float[N,6] x", w=random(6, 4), k=np.float32(3), **B),
        ["Gemm"],
    ),
    "gemm with a row": (
        model(f"c = Gemm(x, w, k) y = {BN}", inputs="float[N,6] x", w=random(6, 4), k=random(1, 4), **B),
        ["Gemm"],
    ),
    "matmul": (model(f"c = MatMul(x, w) y = {BN}", inputs="float[N,6] x", w=random(6, 4), **B), ["Gemm"]),
    "matmul with an addition": (
        model(f"d = MatMul(x, w) c = Add(d, k) y = {BN}", inputs="float[N,6] x", w=random(6, 4), k=random(4), **B),
        ["Gemm"],
    ),
    "two batchnorms": (model(f"c = Conv(x, w) d = {BN} y = BatchNormalization(d, g, b, m, v)", w=W, **B), ["Conv"]),
    "caffe": (
        model(
            f"c = Conv(x, w) d = {BN} e = Mul(d, k) y = Add(l, e)", w=W, k=random(4, 1, 1), l=random(1, 4, 1, 1), **B
        ),
        ["Conv"],
    ),
    "every arithmetic": (
        model(
            f"c = Conv(x, w) d = {BN} e = Div(d, k) f = Sub(e, l) h = Sub(k, f) i = Mul(h, s) y = Add(s, i)",
            w=W,
            k=B["v"].reshape(4, 1, 1),
            l=random(4, 1, 1),
            s=np.float32(3),
            **B,
        ),
        ["Conv"],
    ),
    "ahead of conv": (
        model(
            "r = Relu(x) c = BatchNormalization(r, g, b, m, v) y = Conv<group = 2>(c, w, k)",
            w=random(6, 2, 3, 3),
            k=random(6),
            **B,
        ),
        ["Relu", "Conv"],
    ),
    "ahead of gemm": (
        model(
            "c = BatchNormalization(x, g, b, m, v) y = Gemm<alpha = 2.0>(c, w)",
            inputs="float[N,4] x",
            w=random(4, 5),
            **B,
        ),
        ["Gemm"],
    ),
    "ahead and behind": (
        model(
            f"a = BatchNormalization(x, g, b, m, v) d = Mul(a, s) c = Conv(d, w) y = {BN}", w=W, s=np.float32(2), **B
        ),
        ["Conv"],
    ),
    "variance of almost nothing": (
        model(f"c = Conv(x, w) y = {BN}", w=W, **{**B, "v": B["v"] * np.float32(1e-30)}),
        ["Conv"],
    ),
    "oldest opset": (model(f"c = Conv(x, w) y = {BN}", opset=7, w=W, **B), ["Conv"]),
    "initializers as inputs": (model(f"c = Conv(x, w) y = {BN}", opset=8, ir_version=3, w=W, **B), ["Conv"]),
    "constants made by operators": (
        model(
            "k = ConstantOfShape(s) t = Transpose<perm = [1, 0, 2, 3]>(w) q = Unsqueeze(g, a) f = Squeeze(q, a)"
            "c = Conv(x, t, k) y = BatchNormalization(c, f, b, m, v)",
            w=W,
            s=np.array([4]),
            a=np.array([0]),
            **B,
        ),
        ["Conv"],
    ),
    "past what is left out": (model(f"d = Conv(x, w) c = Dropout(d) y = {BN}", w=W, **B), ["Conv", "Dropout"]),
    "past a reshape": (
        model(f"p = GlobalMaxPool(x) d = Conv(p, w) c = Flatten(d) y = {BN}", w=random(4, 4, 1, 1), **B),
        ["GlobalMaxPool", "Conv", "Flatten"],
    ),
    "behind a pad": (
        model(f"d = Pad(x, p) c = Conv(d, w) y = {BN}", w=W, p=np.array([0, 0, 1, 1, 0, 0, 1, 1]), **B),
        ["Pad", "Conv"],
    ),
}


@pytest.mark.parametrize("name", FOLDABLE)
def test_folded_models_compute_the_same(name: str) -> None:
    original, expected = FOLDABLE[name]
    result = fused(original)
    assert operators(result) == expected
    assert reasons(result) == [""] * len(result.matches) != []
    assert_equal_results(original, result.model)


@settings(max_examples=80)
@given(original=chains())
def test_random_models_compute_the_same(original: onnx.ModelProto) -> None:
    result = fused(original)
    assert len(result.model.graph.node) <= len(original.graph.node)
    # Each of up to 7 steps multiplies the rounding of the one before by at most 2 / sqrt(0.1) < 7.
    assert_equal_results(original, result.model, rounding=1e-4)


def test_half_precision_is_kept() -> None:
    original = model(
        f"c = Conv(x, w) y = {BN}",
        inputs="float16[1,4,8,8] x",
        outputs="float16[] y",
        w=random(4, 4, 3, 3, dtype=np.float16),
        **batchnorm(4, dtype=np.float16),
    )
    result = fused(original)
    assert {tensor.data_type for tensor in result.model.graph.initializer} == {onnx.TensorProto.FLOAT16}
    assert_equal_results(original, result.model, rounding=2**-9)


def test_double_precision_is_kept() -> None:
    parameters = batchnorm(4, dtype=np.float64)
    weights = random(4, 4, 3, 3, dtype=np.float64)
    original = model(
        f"c = Conv(x, w) y = {BN}", inputs="double[1,4,8,8] x", outputs="double[] y", w=weights, **parameters
    )
    (layer,) = fused(original).layers
    scale = parameters["g"] / np.sqrt(parameters["v"] + 1e-5)
    assert np.array_equal(layer.after.weights, (scale[:, None, None] * weights.reshape(4, 4, 9)))
    assert np.array_equal(layer.after.bias, parameters["b"] - scale * parameters["m"])


REFUSED: dict[str, tuple[onnx.ModelProto, str]] = {
    "training": (
        model("c = Conv(x, w) y, p, q = BatchNormalization<training_mode = 1>(c, g, b, m, v)", w=W, **B),
        "it is in training mode",
    ),
    "several outputs": (
        model("c = Conv(x, w) y, p, q, r, s = BatchNormalization(c, g, b, m, v)", opset=9, w=W, **B),
        "it is in training mode",
    ),
    "read elsewhere": (model(f"c = Conv(x, w) d = {BN} y = Add(c, d)", w=W, **B), "'c' before it is also read by 'y'"),
    "an output": (
        model(f"c = Conv(x, w) y = {BN}", outputs="float[] y, float[] c", w=W, **B),
        "'c' before it is also an output of the network",
    ),
    "an output by another name": (
        model(f"c = Conv(x, w) z = Identity(c) y = {BN}", outputs="float[] y, float[] z", w=W, **B),
        "'c' before it is also an output of the network",
    ),
    "shared weights": (
        model(f"a = Conv(x, w) c = Conv(a, w) y = {BN}", w=W, **B),
        "'c' before it: it shares its weights with 'a'",
    ),
    "activation between": (
        model(f"a = Conv(x, w) c = Relu(a) y = {BN}", w=W, **B),
        "no convolution before it, but activation 'c'",
    ),
    "rounding between": (
        model(f"a = Conv(x, w) i = Cast<to = 7>(a) c = Cast<to = 1>(i) y = {BN}", w=W, **B),
        "it has no weights that are known",
    ),
    "ahead of padding": (
        model("c = BatchNormalization(x, g, b, m, v) y = Conv<pads = [1, 1, 1, 1]>(c, w)", w=W, **B),
        "it pads its input",
    ),
    "ahead of a pad": (
        model(
            "c = BatchNormalization(x, g, b, m, v) p = Pad(c, q) y = Conv(p, w)",
            w=W,
            q=np.array([0, 0, 1, 1, 0, 0, 1, 1]),
            **B,
        ),
        "it pads its input",
    ),
    "weights at run time": (
        model(f"w = Relu(u) c = Conv(x, w) y = {BN}", inputs="float[1,4,8,8] x, float[4,4,3,3] u", **B),
        "its weights are fed or computed at run time",
    ),
    "scale at run time": (
        model(
            "r = Relu(u) c = Conv(x, w) y = BatchNormalization(c, r, b, m, v)",
            inputs="float[1,4,8,8] x, float[4] u",
            w=W,
            **B,
        ),
        "its scale is fed or computed at run time",
    ),
    "features that are no channels": (
        model(f"c = MatMul(x, w) y = {BN}", inputs="float[1,4,6] x", w=random(6, 4), **B),
        "no convolution",
    ),
    "a vector of one channel": (
        model(
            "c = BatchNormalization(x, g, b, m, v) y = MatMul(c, w)",
            inputs="float[1,1,6] x",
            w=random(6, 4),
            **batchnorm(1),
        ),
        "and no convolution after it, but view 'y.vectors'",
    ),
    "read inside an if": (
        model(
            f"""c = Conv(x, w) k = ReduceMax<keepdims = 0>(x) z = Constant<value_float = 0.0>() t = Greater(k, z)
            i = If<then_branch = a () => (float[1, 4, 6, 6] o) {{ o = Neg(c) }},
                   else_branch = e () => (float[1, 4, 6, 6] p) {{ p = Relu(c) }}>(t)
            d = {BN} y = Add(d, i)""",
            w=W,
            **B,
        ),
        "'c' before it is also read by 'i'",
    ),
    "read inside an if, ahead": (
        model(
            """c = BatchNormalization(x, g, b, m, v) k = ReduceMax<keepdims = 0>(x) z = Constant<value_float = 0.0>()
            t = Greater(k, z)
            i = If<then_branch = a () => (float[1, 4, 8, 8] o) { o = Neg(c) },
                   else_branch = e () => (float[1, 4, 8, 8] p) { p = Relu(c) }>(t)
            y = Conv(c, w)""",
            outputs="float[] y, float[] i",
            w=W,
            **B,
        ),
        "it reads the network's input",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_folded_stays_as_it_is(name: str) -> None:
    original, reason = REFUSED[name]
    result = fused(original)
    (found,) = reasons(result)
    assert reason in found
    assert result.model == original
    assert result.layers == ()


@pytest.mark.parametrize(
    ("parameter", "value", "reason"),
    [("v", -1, "variance is negative"), ("v", np.inf, "not finite"), ("g", np.nan, "not finite")],
)
def test_parameters_that_are_no_numbers_stay(parameter: str, value: float, reason: str) -> None:
    parameters: Weights = {name: values.copy() for name, values in B.items()}
    parameters[parameter][1] = value
    result = fused(model(f"c = Conv(x, w) y = {BN}", w=W, **parameters))
    (found,) = reasons(result)
    assert reason in found
    assert operators(result) == ["Conv", "BatchNormalization"]


def initializers(result: FusedModel) -> list[str]:
    return [tensor.name for tensor in result.model.graph.initializer]


def test_new_values_go_where_the_old_ones_were() -> None:
    result = fused(model(f"c = Conv(x, w, k) y = {BN}", w=W, k=random(4), **B))
    assert initializers(result) == ["w", "k"]
    assert list(result.model.graph.node[0].input) == ["x", "w", "k"]
    assert list(result.model.graph.node[0].output) == ["y"]


def test_a_new_bias_has_a_name_of_its_own() -> None:
    result = fused(model(f"c = Conv(x, w) d = {BN} y = Relu(d)", w=W, **(B | {"c.bias": random(3)})))
    assert initializers(result) == ["w", "c.bias", "c.bias_2"]  # c.bias was read by nobody, and stays


@pytest.mark.parametrize("other", ["q = Relu(w)", "q = Neg(w)"])
def test_weights_that_something_else_reads_stay_too(other: str) -> None:
    original = model(f"c = Conv(x, w) y = {BN} {other}", outputs="float[] y, float[] q", w=W, **B)
    result = fused(original)
    assert initializers(result) == ["w", "c.weights", "c.bias"]
    assert_equal_results(original, result.model)


def test_weights_that_a_graph_inside_an_operator_reads_stay_too() -> None:
    original = model(
        f"""c = Conv(x, w) k = ReduceMax<keepdims = 0>(x) z = Constant<value_float = 0.0>() t = Greater(k, z)
        i = If<then_branch = a () => (float[4, 4, 3, 3] o) {{ o = Neg(w) }},
               else_branch = e () => (float[4, 4, 3, 3] p) {{ p = Relu(w) }}>(t) y = {BN}""",
        outputs="float[] y, float[] i",
        w=W,
        **B,
    )
    result = fused(original)
    assert initializers(result) == ["w", "c.weights", "c.bias"]
    assert_equal_results(original, result.model)


def test_a_bias_that_is_also_a_parameter_of_the_batchnorm() -> None:
    original = model(f"c = Conv(x, w, b) y = {BN}", w=W, **B)
    assert_equal_results(original, fused(original).model)


def test_shared_weights_are_cloned_on_request() -> None:
    original = model(f"a = Conv(x, w) c = Conv(a, w) y = {BN}", w=W, **B)
    result = fused(original, clone_shared=True)
    assert initializers(result) == ["w", "c.weights", "c.bias"]
    assert_equal_results(original, result.model)


def test_batchnorms_share_their_parameters_with_those_that_stay() -> None:
    original = model(f"c = Conv(x, w) d = {BN} r = Relu(d) y = BatchNormalization(r, g, b, m, v)", w=W, **B)
    result = fused(original)
    assert operators(result) == ["Conv", "Relu", "BatchNormalization"]
    assert_equal_results(original, result.model)


def test_what_nobody_read_before_stays_and_what_hangs_in_the_air_goes() -> None:
    original = model(f"c = Conv(x, w) y = {BN} z = Relu(c) dead = Neg(z) alive = Neg(x)", w=W, u=random(3), **B)
    result = fused(original)
    assert operators(result) == ["Conv", "Neg"]
    assert initializers(result) == ["w", "u", "c.bias"]
    assert_equal_results(original, result.model)


def test_long_chains_of_what_is_left_over_go_at_once() -> None:
    chain = " ".join(f"t{number + 1} = Neg(t{number})" for number in range(3000))
    result = fused(model(f"{chain} c = Conv(x, t3000) y = {BN}", t0=W, **B))
    assert operators(result) == ["Conv"]


def test_all_that_describes_the_model_stays() -> None:
    original = model(f"c = Conv(x, w) d = {BN} y = Relu(d)", inputs="float[N,4,8,8] x", w=W, **B)
    original.producer_name, original.producer_version = "somebody", "1.2"
    original.doc_string, original.domain, original.model_version = "a model", "org.example", 7
    original.metadata_props.add(key="author", value="someone")
    original.graph.name, original.graph.doc_string = "the graph", "its text"
    original.graph.node[0].name, original.graph.node[0].doc_string = "first", "a convolution"
    original.graph.value_info.append(onnx.helper.make_tensor_value_info("d", onnx.TensorProto.FLOAT, ["N", 4, 6, 6]))
    original.graph.value_info.append(onnx.helper.make_tensor_value_info("c", onnx.TensorProto.FLOAT, ["N", 4, 6, 6]))
    result = fused(original).model
    for message in (original, result):
        del message.graph.initializer[:]
    assert [value.name for value in result.graph.value_info] == ["d"]
    expected = onnx.ModelProto()
    expected.CopyFrom(original)
    del expected.graph.node[1], expected.graph.value_info[1]
    expected.graph.node[0].input.append("first.bias")
    expected.graph.node[0].output[0] = "d"
    assert result == expected


def test_a_layer_says_what_has_become_of_it() -> None:
    original = model(
        f"d = Conv(x, w) c = Add(d, k) e = {BN} y = Mul(e, s)", w=W, k=random(4, 1, 1), s=np.float32(2), **B
    )
    (layer,) = fused(original).layers
    assert (layer.name, layer.batchnorms, layer.output) == ("d", ("e",), "y")
    assert np.array_equal(layer.before.weights, W.reshape(4, 4, 9))
    assert np.array_equal(layer.before.bias, random(4))
    assert layer.ahead == ()
    assert len(layer.behind) == 2


def test_weights_that_are_not_finite() -> None:
    original = model(f"c = Conv(x, w) y = {BN}", w=W * np.float32(np.nan), **B)
    with pytest.raises(InputError, match="the weights or the bias of 'c' hold values that are not finite"):
        fuse_model(original, PATH)


def test_a_layer_that_would_overflow_is_left_alone_and_the_others_are_folded() -> None:
    weights = {"w": W.astype(np.float16), "v": np.zeros(4, np.float16), "g": np.ones(4, np.float16)}
    original = model(
        "c = Conv(x, w) y = BatchNormalization<epsilon = 1e-20>(c, g, b, m, v)"
        " d = Conv(x, w2) z = BatchNormalization<epsilon = 1.0>(d, g, b, m, v)",
        inputs="float16[1,4,8,8] x",
        outputs="float16[] y, float16[] z",
        **(batchnorm(4, dtype=np.float16) | weights | {"w2": weights["w"] / 2}),
    )
    fused = fuse_model(original, PATH)
    assert [(match.batchnorm, match.into, match.reason) for match in fused.matches] == [
        ("y", None, "'c' beside it: its weights would be too large for float16"),
        ("z", "d", ""),
    ]
    assert [node.op_type for node in fused.model.graph.node] == ["Conv", "BatchNormalization", "Conv"]


def test_weights_that_are_not_there() -> None:
    original = model(f"c = Conv(x, w) y = {BN}", w=W, **B)
    stored_outside(original, "w", "nowhere.bin")
    (match,) = fuse_model(original, PATH).matches
    assert match.reason == "'c' beside it: the values of 'w' are not in the file"


def test_sides_that_are_open_do_not_matter() -> None:
    original = model(f"c = Conv(x, w) y = {BN}", inputs="float[N,4,H,L] x", w=W, **B)
    assert [node.op_type for node in fuse_model(original, PATH).model.graph.node] == ["Conv"]


def test_open_sides_that_cannot_be_any_are_asked_for() -> None:
    original = model("c = Conv(x, w) y = Gemm(c, v)", inputs="float[N,4,H,L] x", w=W, v=random(4, 4))
    with pytest.raises(InputError, match="leaves sides open: say how large an image is"):
        fuse_model(original, PATH)


def test_parameters_that_are_inputs_without_values_are_not_folded() -> None:
    original = model(f"c = Conv(x, w) y = {BN}", w=W, **B)
    del original.graph.initializer[1]
    original.graph.input.append(declared("g", B["g"]))
    fused = fuse_model(original, PATH)
    assert [match.reason for match in fused.matches] == ["its scale is fed or computed at run time"]
    assert fused.model == original


def test_weights_that_are_inputs_without_values_are_not_folded_into() -> None:
    original = model(f"c = Conv(x, w) y = {BN}", w=W, **B)
    del original.graph.initializer[0]
    original.graph.input.append(declared("w", W))
    fused = fuse_model(original, PATH)
    assert [match.reason for match in fused.matches] == ["'c' before it: its weights are fed or computed at run time"]
