"""Where channels lead, operator by operator: what is left computes what γ = 0 does, and no more stays than has to."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from accelsim.pruning.apply_onnx import prune_model
from tests.pruning.models import (
    SMALL,
    THRESHOLD,
    batchnorm,
    channels,
    normalised,
    pruned,
    reasons,
    two_convolutions,
)
from tests.workload.onnx_frontend.models import PATH, Weights, model, random

BY_CHANNEL = np.array([2, -1, 0.5, 3], np.float32).reshape(4, 1, 1)
SCALAR = np.float32(3)

ACTIVATIONS = (
    "Relu(n)",
    "LeakyRelu<alpha = 0.1>(n)",
    "Sigmoid(n)",
    "HardSigmoid(n)",
    "HardSwish(n)",
    "Tanh(n)",
    "Elu(n)",
    "Selu(n)",
    "Celu(n)",
    "Softplus(n)",
    "Mish(n)",
    "Clip(n, zero, six)",
    "Clip(n, , six)",
    "PRelu(n, slopes)",
    "PRelu(n, six)",
)
OTHERS = (
    "Identity(n)",
    "Dropout(n)",
    "Cast<to = 1>(n)",
    "Neg(n)",
    "Abs(n)",
    "Exp(n)",
    "Erf(n)",
    "Mul(n, slopes)",
    "Sub(slopes, n)",
    "Div(n, six)",
    "Max(n, six)",
    "Min(six, n)",
    "Pow(n, two)",
    "MaxPool<kernel_shape = [2, 2]>(n)",
    "MaxPool<kernel_shape = [3, 3], pads = [1, 1, 1, 1], strides = [2, 2]>(n)",
    "AveragePool<kernel_shape = [2, 2]>(n)",
    "AveragePool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(n)",
    'AveragePool<kernel_shape = [3, 3], auto_pad = "SAME_UPPER", strides = [2, 2]>(n)',
    "Reshape(n, same)",
)
CONSTANTS: Weights = {
    "zero": np.float32(0),
    "six": np.float32(6),
    "two": np.float32(2),
    "slopes": BY_CHANNEL,
    "same": np.array([1, 4, 6, 6]),
}


def needed(text: str) -> Weights:
    return {name: values for name, values in CONSTANTS.items() if name in text}


@pytest.mark.parametrize("operator", [*ACTIVATIONS, *OTHERS])
def test_constants_pass_through(operator: str) -> None:
    arguments = two_convolutions(f"t = {operator}") | {"u": random(2, 4, 2, 2, seed=2)}
    result = pruned(model(**arguments, **needed(operator), opset=18))
    assert channels(result) == {"c": 2}
    assert reasons(result) == []


@pytest.mark.parametrize("operator", ["Gelu(n)", "Mul(n, s)"])
def test_activations_of_later_opsets_and_written_out(operator: str) -> None:
    between = f"s = Sigmoid(n) t = {operator}" if "s)" in operator else f"t = {operator}"
    assert channels(pruned(model(**two_convolutions(between), opset=20))) == {"c": 2}


def test_a_function_that_is_no_number_there_makes_no_constant() -> None:
    # The fourth channel's 0.3 has a root, the second's -0.7 has none.
    result = prune_model(model(**two_convolutions("t = Sqrt(n)")), PATH, THRESHOLD)
    assert channels(result) == {"c": 3}
    assert reasons(result) == [("c", 1, "'y' reads them where they vary")]


GLOBAL = ("GlobalAveragePool(n)", "GlobalMaxPool(n)", "ReduceMean<axes = [2, 3]>(n)", "ReduceMax<axes = [-1, -2]>(n)")
TO_VECTOR = ("Flatten(p)", "Reshape(p, flat)", "Reshape(p, vector)", "Squeeze(p, positions)")


@pytest.mark.parametrize("pooling", GLOBAL)
@pytest.mark.parametrize("vector", TO_VECTOR)
def test_vectors_of_channels(pooling: str, vector: str) -> None:
    shapes: Weights = {"flat": np.array([0, -1]), "vector": np.array([1, 4]), "positions": np.array([2, 3])}
    original = model(
        f"c = Conv(x, w) n = {normalised('p', 'c')} p = {pooling} f = {vector} y = Gemm(f, u, k)",
        w=random(4, 4, 3, 3),
        u=random(4, 5),
        k=random(5),
        **{name: values for name, values in shapes.items() if name in vector},
        **batchnorm("p", (1, SMALL, -1, SMALL), (0.5, -0.7, 0.9, 0.3)),
    )
    assert channels(pruned(original)) == {"c": 2}


@pytest.mark.parametrize("vector", ["Flatten(n)", "Flatten<axis = -3>(n)", "Reshape(n, s)"])
@pytest.mark.parametrize(
    "product",
    ["Gemm(f, u)", "Gemm<alpha = 0.5, beta = 2.0>(f, u, k)", "Gemm<transB = 1>(f, v, k)", "MatMul(f, u)"],
)
def test_a_channel_is_a_block_of_features(vector: str, product: str) -> None:
    constants: Weights = {"u": random(144, 5), "v": random(5, 144), "k": random(5), "s": np.array([1, 144])}
    text = f"f = {vector} y = {product}"
    original = model(
        f"c = Conv(x, w) n = {normalised('p', 'c')} {text}",
        w=random(4, 4, 3, 3),
        **{name: values for name, values in constants.items() if f", {name}" in text},
        **batchnorm("p", (1, SMALL, -1, SMALL), (0.5, -0.7, 0.9, 0.3)),
    )
    result = pruned(original)
    assert channels(result) == {"c": 2}
    assert result.left["f"].reshape(4, 36).tolist() == [[True] * 36, [False] * 36] * 2


def test_a_product_without_anything_to_add_stays_one() -> None:
    original = model(
        f"a = MatMul(x, w) n = {normalised('p', 'a')} y = MatMul(n, u)",
        inputs="float[N,6] x",
        w=random(6, 4),
        u=random(4, 3),
        **batchnorm("p", (1, SMALL, -1, 1), (0.5, 0.0, 0.9, 0.3)),
    )
    result = pruned(original)
    assert [node.op_type for node in result.model.graph.node] == ["MatMul", "BatchNormalization", "MatMul"]
    assert channels(result) == {"a": 3}


def test_the_constant_goes_into_the_bias() -> None:
    result = pruned(model(**two_convolutions("t = Relu(n)", beta=(0.5, -0.7, 0.9, 0.25))))
    biases = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in result.model.graph.initializer}
    # relu(-0.7) is nothing; relu(0.25) meets all nine weights of the fourth channel.
    expected = 0.25 * random(2, 4, 3, 3, seed=2).astype(np.float64)[:, 3].sum(axis=(1, 2))
    assert np.array_equal(biases["y.bias"], expected.astype(np.float32))


@pytest.mark.parametrize(
    ("between", "pads", "left", "reason"),
    [
        ("t = Relu(n)", 1, 3, "'y' pads its input with zeros, and they are not zero"),
        ("t = Identity(n)", 1, 4, "'y' pads its input with zeros, and they are not zero"),
        ("r = Relu(n) t = Pad(r, q)", 0, 3, "'t' puts zeros around them"),
        (
            "r = Relu(n) t = AveragePool<kernel_shape = [3, 3], pads = [1, 1, 1, 1], count_include_pad = 1>(r)",
            0,
            3,
            "'t' pads its input with zeros, and they are not zero",
        ),
        (
            "r = Relu(n) t = AveragePool<kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1>(r)",
            0,
            3,
            "'t' pads its input with zeros, and they are not zero",
        ),
    ],
)
def test_zeros_around_a_map_let_only_zeros_go(between: str, pads: int, left: int, reason: str) -> None:
    around: Weights = {"q": np.array([0, 0, 1, 1, 0, 0, 1, 1])} if "q" in between else {}
    result = pruned(model(**two_convolutions(between, pads=pads), **around))
    assert (channels(result) or {"c": 4}) == {"c": left}
    assert reasons(result) == [("c", left - 2, reason)]


@pytest.mark.parametrize(("kernel", "left"), [(1, 2), (3, 3)])
def test_automatic_padding_is_padding_where_a_window_is_larger_than_a_point(kernel: int, left: int) -> None:
    arguments = two_convolutions("t = Relu(n)") | {"u": random(2, 4, kernel, kernel)}
    body = arguments["body"].replace("pads = [0, 0, 0, 0]", 'auto_pad = "SAME_UPPER"')
    assert channels(pruned(model(**arguments | {"body": body}))) == {"c": left}


def test_a_transposed_convolution_loses_outputs_and_zeros() -> None:
    original = model(
        f"c = ConvTranspose(x, w) n = {normalised('p', 'c')} r = Relu(n) y = ConvTranspose(r, u)",
        w=random(4, 4, 2, 2),
        u=random(4, 3, 2, 2),
        **batchnorm("p", (1, SMALL, -1, SMALL), (0.5, -0.7, 0.9, 0.3)),
    )
    result = pruned(original)
    assert channels(result) == {"c": 3}
    assert reasons(result) == [("c", 1, "'y' spreads its input, and they are not zero")]


def inverted_residual(pads: int, expand: Any, depthwise: Any, beta: tuple[float, ...]) -> onnx.ModelProto:
    """MobileNetV2's block: 1x1 to 4 channels, depthwise, 1x1 to 2; with the γ of the first two."""
    zeros = f"pads = [{pads}, {pads}, {pads}, {pads}]"
    body = f"""e = Conv(x, w) p = {normalised("p", "e")} r = Clip(p, zero, six)
    d = Conv<group = 4, {zeros}>(r, u, k) q = {normalised("q", "d")} s = Clip(q, zero, six) y = Conv(s, v)"""
    return model(
        body,
        w=random(4, 4, 1, 1),
        u=random(4, 1, 3, 3),
        k=random(4),
        v=random(2, 4, 1, 1),
        zero=np.float32(0),
        six=np.float32(6),
        **batchnorm("p", expand, beta),
        **batchnorm("q", depthwise, (0.5, 0.7, 0.9, -0.3), seed=2),
    )


@pytest.mark.parametrize(("pads", "left"), [(0, 2), (1, 3)])
def test_a_channel_goes_through_a_depthwise_convolution(pads: int, left: int) -> None:
    # The third is 0 behind the activation, the fourth 0.3, which the border of a padded map does not see.
    result = pruned(inverted_residual(pads, (1, 1, SMALL, SMALL), (1, 1, 1, 1), (0.5, -0.7, -0.9, 0.3)))
    assert channels(result) == {"e": left, "d": left}
    padded = [("e", 1, "'d' pads its input with zeros, and they are not zero")]
    assert reasons(result) == padded * (left - 2)
    (depthwise,) = (node for node in result.model.graph.node if node.output[0] == "d")
    assert onnx.helper.get_node_attr_value(depthwise, "group") == left


@pytest.mark.parametrize("pads", [0, 1])
def test_what_a_depthwise_convolutions_batchnorm_blanks_out_goes_ahead_of_it_too(pads: int) -> None:
    result = pruned(inverted_residual(pads, (1, 1, 1, 1), (1, SMALL, 1, 1), (0.5, -0.7, -0.9, 0.3)))
    assert channels(result) == {"e": 3, "d": 3}
    assert [(layer.name, layer.small, layer.removed) for layer in result.layers] == [("e", 0, 1), ("d", 1, 1)]


def test_several_filters_to_a_channel_go_together() -> None:
    original = model(
        f"""e = Conv(x, w) p = {normalised("p", "e")} d = Conv<group = 2>(p, u) q = {normalised("q", "d")}
        y = Conv(q, v)""",
        w=random(2, 4, 1, 1),
        u=random(6, 1, 3, 3),
        v=random(2, 6, 1, 1),
        **batchnorm("p", (1, 1), (0.5, 0.7)),
        **batchnorm("q", (SMALL, 1, 1, SMALL, SMALL, SMALL), (1, 2, 3, 4, 5, 6)),
    )
    result = pruned(original)
    assert channels(result) == {"e": 1, "d": 3}
    assert reasons(result) == [("d", 1, "'y' reads them where they vary")]


def residual(first: Any, second: Any, pads: int = 0, beta: float = 0.5) -> onnx.ModelProto:
    """Two convolutions that are added up, and one that reads the sum."""
    return model(
        f"""a = Conv(x, w) p = {normalised("p", "a")} b = Conv(x, u) q = {normalised("q", "b")}
        s = Add(p, q) r = Relu(s) y = Conv<pads = [{pads}, {pads}, {pads}, {pads}]>(r, v)""",
        w=random(3, 4, 3, 3),
        u=random(3, 4, 3, 3, seed=1),
        v=random(2, 3, 3, 3),
        **batchnorm("p", first, (beta, -0.7, 0.9)),
        **batchnorm("q", second, (0.25, 0.6, 0.2), seed=2),
    )


def test_what_is_small_on_both_sides_of_an_addition_goes() -> None:
    result = pruned(residual((SMALL, 1, SMALL), (SMALL, SMALL, 1)))
    assert channels(result) == {"a": 2, "b": 2}
    assert reasons(result) == [
        ("a", 1, "'s' adds them to 'b', which keeps them"),
        ("b", 1, "'s' adds them to 'a', which keeps them"),
    ]


def test_constants_are_added_up() -> None:
    # relu(0.5 + 0.25) is not zero, relu(-0.5 + 0.25) is.
    kept = pruned(residual((SMALL, 1, 1), (SMALL, 1, 1), pads=1, beta=0.5))
    assert reasons(kept) == [(name, 1, "'y' pads its input with zeros, and they are not zero") for name in ("a", "b")]
    assert channels(pruned(residual((SMALL, 1, 1), (SMALL, 1, 1), pads=1, beta=-0.5))) == {"a": 2, "b": 2}


def test_a_shortcut_of_the_networks_input_keeps_all() -> None:
    original = model(
        f"c = Conv(x, w) n = {normalised('p', 'c')} s = Add(n, x) y = Conv(s, u)",
        w=random(4, 4, 1, 1),
        u=random(2, 4, 1, 1),
        **batchnorm("p", (1, SMALL, 1, 1), (1, 2, 3, 4)),
    )
    assert reasons(pruned(original)) == [("c", 1, "they are an input of the network")]


def test_channels_behind_one_another_keep_their_order() -> None:
    original = model(
        f"""a = Conv(x, w) p = {normalised("p", "a")} b = Conv(x, u) q = {normalised("q", "b")}
        j = Concat<axis = 1>(p, q, p) y = Conv(j, v)""",
        w=random(2, 4, 3, 3),
        u=random(3, 4, 3, 3),
        v=random(2, 7, 2, 2),
        **batchnorm("p", (1, SMALL), (1, 2)),
        **batchnorm("q", (SMALL, 1, SMALL), (3, 4, 5)),
    )
    result = pruned(original)
    assert channels(result) == {"a": 1, "b": 1}
    assert result.left["j"].tolist() == [True, False, False, True, False, True, False]


def gated(beta: tuple[float, ...]) -> onnx.ModelProto:
    """A squeeze-and-excitation block (Hu et al., 2018)."""
    return model(
        f"""c = Conv(x, w) n = {normalised("p", "c")} r = Relu(n) g = GlobalAveragePool(r) f = Conv(g, u) i = Relu(f)
        k = Conv(i, v) s = Sigmoid(k) m = Mul(r, s) y = Conv<pads = [1, 1, 1, 1]>(m, z)""",
        w=random(3, 4, 3, 3),
        u=random(2, 3, 1, 1),
        v=random(3, 2, 1, 1),
        z=random(2, 3, 3, 3),
        **batchnorm("p", (1, SMALL, SMALL), beta),
    )


def test_a_gate_goes_with_the_zeros_that_it_multiplies() -> None:
    result = pruned(gated((1, -2, 3)))
    assert channels(result) == {"c": 2, "k": 2}
    assert reasons(result) == [("c", 1, "'m' multiplies them by 'k', which keeps them")]


STAY: dict[str, tuple[onnx.ModelProto, str]] = {
    "output": (
        model(
            f"c = Conv(x, w) y = {normalised('p', 'c')}",
            w=random(4, 4, 1, 1),
            **batchnorm("p", (1, SMALL, 1, 1), (1, 2, 3, 4)),
        ),
        "they are an output of the network",
    ),
    "groups": (
        model(**two_convolutions("t = Conv<group = 2>(n, z)"), z=random(4, 2, 1, 1)),
        "'t' has 2 groups, which must stay equal",
    ),
    "unknown": (model(**two_convolutions("t = Softmax<axis = 1>(n)")), "Softmax 't' needs all of them"),
    "other order": (
        model(**two_convolutions("t = Transpose<perm = [0, 1, 3, 2]>(n)")),
        "Transpose 't' needs all of them",
    ),
    "by position": (
        model(**two_convolutions("t = Add(n, z)"), z=random(4, 6, 6)),
        "Add 't' needs all of them",
    ),
    "integers": (
        model(**two_convolutions("i = Cast<to = 7>(n) t = Cast<to = 1>(i)")),
        "Cast 'i' needs all of them",
    ),
    "other axis": (
        model(**two_convolutions("t = Concat<axis = 2>(n, n)")),
        "Concat 't' needs all of them",
    ),
    "mean over channels": (
        model(**two_convolutions("q = ReduceMean<axes = [1]>(n) t = Mul(n, q)")),
        "ReduceMean 'q' needs all of them",
    ),
    "indices of maxima": (
        model(
            **two_convolutions("t, i = MaxPool<kernel_shape = [1, 1]>(n) z = Identity(i)"),
            outputs="float[] y, int64[] z",
        ),
        "MaxPool 't' needs all of them",
    ),
    "read before the batchnorm": (
        model(**two_convolutions("t = Relu(n) z = Conv(c, v)"), v=random(2, 4, 1, 1), outputs="float[] y, float[] z"),
        "'z' reads them where they vary",
    ),
    "shared weights": (
        model(
            f"c = Conv(x, w) n = {normalised('p', 'c')} y = Conv(n, w)",
            w=random(4, 4, 1, 1),
            **batchnorm("p", (1, SMALL, 1, SMALL), (1, 2, 3, 4)),
        ),
        "'c' shares its weights with 'y'",
    ),
    "weights at run time": (
        model(
            f"c = Conv(x, w) n = {normalised('p', 'c')} y = Conv(n, u)",
            inputs="float[1,4,8,8] x, float[2,4,1,1] u",
            w=random(4, 4, 1, 1),
            **batchnorm("p", (1, SMALL, 1, SMALL), (1, 2, 3, 4)),
        ),
        "'y' cannot be changed: its weights are fed or computed at run time",
    ),
    "a batchnorm in training": (
        model(
            **two_convolutions(f"t, o, q = {normalised('z', 'n').replace('(', '<training_mode = 1>(', 1)}"),
            **batchnorm("z", (1, 1, 1, 1), (1, 2, 3, 4)),
        ),
        "'t' cannot be changed: it is in training mode",
    ),
    "nothing": (model(**two_convolutions("t = Relu(n) z = Neg(n)")), "nothing reads 'z', in which they are"),
    "channels around them": (
        model(**two_convolutions("t = Pad(n, q)") | {"u": random(2, 5, 3, 3)}, q=np.array([0, 1, 0, 0, 0, 0, 0, 0])),
        "Pad 't' needs all of them",
    ),
    "edges around them": (
        model(**two_convolutions('t = Pad<mode = "edge">(n, q)'), q=np.array([0, 0, 1, 1, 0, 0, 1, 1])),
        "Pad 't' needs all of them",
    ),
    "whatever sides are one": (
        model(
            f"c = Conv(x, w) n = {normalised('p', 'c')} p = GlobalMaxPool(n) t = Squeeze(p) y = Gemm(t, u)",
            inputs="float[2,4,8,8] x",
            w=random(4, 4, 3, 3),
            u=random(4, 3),
            **batchnorm("p", (1, SMALL, 1, SMALL), (1, 2, 3, 4)),
        ),
        "Squeeze 't' needs all of them",
    ),
    "several vectors": (
        model(
            f"c = Conv(x, w) n = {normalised('p', 'c')} y = MatMul(n, u)",
            inputs="float[1,4,9] x",
            w=random(4, 4, 3),
            u=random(7, 3),
            **batchnorm("p", (1, SMALL, 1, SMALL), (1, 2, 3, 4)),
        ),
        "MatMul 'y' needs all of them",
    ),
    "channels that are rows": (
        model(
            f"c = Conv(x, w) n = {normalised('p', 'c')} t = Flatten<axis = 2>(n) y = MatMul(t, u)",
            w=random(4, 4, 3, 3),
            u=random(36, 3),
            **batchnorm("p", (1, SMALL, 1, SMALL), (1, 2, 3, 4)),
        ),
        "Flatten 't' needs all of them",
    ),
    "other positions": (
        model(**two_convolutions("t = Reshape(n, r)"), r=np.array([1, 4, 9, 4])),
        "Reshape 't' needs all of them",
    ),
    "what is added by row": (
        model(
            f"a = Gemm(x, w) n = {normalised('p', 'a')} y = Gemm(n, u, k)",
            inputs="float[2,6] x",
            w=random(6, 4),
            u=random(4, 3),
            k=random(2, 3),
            **batchnorm("p", (1, SMALL, 1, SMALL), (1, 2, 3, 4)),
        ),
        "'y' cannot be changed: it has no weights that are known",
    ),
    "their number is computed with": (
        model(
            **two_convolutions("s = Shape(n) e = Gather(s, one) f = Cast<to = 1>(e) t = Mul(n, f)"), one=np.array([1])
        ),
        "Shape 's' counts them",
    ),
    "read inside an if": (
        model(
            **two_convolutions(
                """k = ReduceMax<keepdims = 0>(x) z = Constant<value_float = 0.0>() b = Greater(k, z)
            i = If<then_branch = q () => (float[1, 4, 6, 6] o) { o = Neg(n) },
                   else_branch = e () => (float[1, 4, 6, 6] r) { r = Relu(n) }>(b) t = Add(n, i)"""
            )
        ),
        "If 'i' needs all of them",
    ),
}


@pytest.mark.parametrize("name", STAY)
def test_what_cannot_go_stays_and_says_why(name: str) -> None:
    original, reason = STAY[name]
    result = pruned(original)
    assert {found for _, _, found in reasons(result)} == {reason}
    assert channels(result) == {}
    assert result.model == original
    assert result.reference == original


def test_operators_of_other_domains_are_not_known() -> None:
    arguments = two_convolutions("t = com.microsoft.Gelu(n)")
    original = model(**arguments, domains=', "com.microsoft": 1')
    original.graph.value_info.append(onnx.helper.make_tensor_value_info("t", onnx.TensorProto.FLOAT, [1, 4, 6, 6]))
    assert reasons(pruned(original)) == [("c", 2, "Gelu 't' needs all of them")]


def test_a_layer_that_nothing_reads_is_left_alone() -> None:
    result = pruned(model(**two_convolutions("t = Relu(n) z = Conv(x, v)"), v=random(2, 4, 1, 1)))
    assert channels(result) == {"c": 2}


def test_shared_weights_are_cloned_on_request() -> None:
    result = pruned(STAY["shared weights"][0], clone_shared=True)
    assert channels(result) == {"c": 2}


@pytest.mark.parametrize("batch", ["s = Shape(n) b = Gather(s, zero)", "b = Shape<end = 1>(n)"])
def test_the_batch_of_a_shape_is_no_obstacle(batch: str) -> None:
    original = model(
        f"""c = Conv(x, w) n = {normalised("p", "c")} {batch} d = Concat<axis = 0>(b, all)
        f = Reshape(n, d) y = Gemm(f, u)""",
        inputs="float[N,4,8,8] x",
        w=random(4, 4, 3, 3),
        u=random(144, 5),
        zero=np.array([0]),
        all=np.array([144]),
        **batchnorm("p", (1, SMALL, -1, SMALL), (0.5, -0.7, 0.9, 0.3)),
    )
    assert channels(pruned(original)) == {"c": 2}
