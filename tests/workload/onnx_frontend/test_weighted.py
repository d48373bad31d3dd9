from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from accelsim.errors import InputError
from accelsim.workload.nodes import Conv, Linear, Unmodelled, View
from accelsim.workload.onnx_frontend.frontend import import_model
from accelsim.workload.shapes import Shape, Window
from tests.workload.onnx_frontend.models import PATH, Weights, graph_of, model, random


def conv_of(operator: str, inputs: str = "float[1,4,8,8] x", **weights: Any) -> Conv:
    (node,) = graph_of(model(f"y = {operator}", inputs=inputs, **weights))
    assert isinstance(node, Conv)
    return node


def test_a_convolution() -> None:
    given = model(
        "y = Conv<pads = [1, 0, 2, 0], strides = [2, 1], dilations = [1, 2]>(x, w, b)",
        w=random(5, 4, 3, 2),
        b=random(5),
    )
    window = Window((3, 2), (2, 1), (1, 0, 2, 0), (1, 2))
    (node,) = graph_of(given)
    assert node == Conv(name="y", inputs=("input",), in_channels=4, out_channels=5, window=window, bias=True)
    assert graph_of(given).shapes["y"] == (5, 5, 6)


@pytest.mark.parametrize(("kernel", "shape"), [((1, 7), (5, 8, 2)), ((7, 1), (5, 2, 8))])
def test_a_kernel_is_height_and_then_width(kernel: tuple[int, int], shape: tuple[int, ...]) -> None:
    graph = graph_of(model("y = Conv(x, w)", w=random(5, 4, *kernel)))
    assert graph.shapes["y"] == shape
    assert graph.nodes["y"].window.kernel == kernel  # type: ignore[attr-defined]


def test_one_dimension_is_a_height_of_one() -> None:
    node = conv_of("Conv<pads = [1, 2], strides = [2]>(x, w)", "float[1,4,9] x", w=random(5, 4, 3))
    assert node.window == Window((1, 3), (1, 2), (0, 1, 0, 2))


@pytest.mark.parametrize(("groups", "weights"), [(2, (6, 2, 3, 3)), (4, (4, 1, 3, 3)), (4, (8, 1, 3, 3))])
def test_groups(groups: int, weights: tuple[int, ...]) -> None:
    node = conv_of(f"Conv<group = {groups}>(x, w)", w=random(*weights))
    assert (node.groups, node.in_channels, node.out_channels) == (groups, 4, weights[0])


def test_a_constant_that_is_added_by_channel_is_the_bias() -> None:
    imported = import_model(model("c = Conv(x, w) y = Add(k, c)", w=random(5, 4, 3, 3), k=random(1, 5, 1, 1)), PATH)
    (node,) = imported.graph
    assert isinstance(node, Conv)
    assert node.bias
    assert imported.origins == {"c": (0, 1)}


@pytest.mark.parametrize("shape", [(), (1,), (6,), (6, 6), (5, 6, 6)])
def test_other_constants_that_are_added_are_none(shape: tuple[int, ...]) -> None:
    constant = np.asarray(random(*shape), np.float32)
    nodes = list(graph_of(model("c = Conv(x, w) y = Add(c, k)", w=random(5, 4, 3, 3), k=constant)))
    assert len(nodes) == 2


def test_a_convolution_that_is_read_elsewhere_too_keeps_its_addition_apart() -> None:
    given = model("c = Conv(x, w) d = Add(c, k) y = Mul(c, d)", w=random(5, 4, 3, 3), k=random(5, 1, 1))
    assert [node.operator for node in graph_of(given)] == ["conv", "batchnorm", "unmodelled"]


@pytest.mark.parametrize(
    ("operator", "weights", "message"),
    [
        ("Conv(x, w)", (4, 3, 3, 3), "in_channels is 3, but 'input' delivers 4"),
        ("Conv<group = 3>(x, w)", (6, 1, 3, 3), "in_channels is 3, but 'input' delivers 4"),
        ("Conv<group = 2>(x, w)", (5, 2, 3, 3), "out_channels 5 is not a multiple of groups 2"),
        ("Conv<group = 0>(x, w)", (4, 4, 3, 3), "layer 'y': has 0 groups"),
        ("Conv<group = -1>(x, w)", (4, 4, 3, 3), "layer 'y': has -1 groups"),
        ("Conv<kernel_shape = [5, 5]>(x, w)", (4, 4, 3, 3), "delivers 4x6x6, but tensor 'y' has shape 4x4x4"),
        ("Conv(x, w)", (0, 4, 3, 3), r"tensor 'y' of shape \[1, 0, 6, 6\] is empty"),
    ],
)
def test_weights_that_do_not_fit(operator: str, weights: tuple[int, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        graph_of(model(f"y = {operator}", w=random(*weights)))


def test_windows_of_padding_alone_have_no_model() -> None:
    (node,) = graph_of(model("y = Conv<pads = [1, 1, 1, 1]>(x, w)", w=random(5, 4, 1, 1)))
    # 2 * 5 outputs of 10 x 10 pixels * 4 weights
    assert (node.operator, node.operations) == ("unmodelled", 4000)  # type: ignore[attr-defined]


def test_images_in_another_place_than_the_batch_have_no_model() -> None:
    given = model(
        "r = Reshape(x, s) y = Conv(r, w)", inputs="float[1,2,4,6,6] x", s=np.array([2, 4, 6, 6]), w=random(5, 4, 3, 3)
    )
    assert [node.operator for node in graph_of(given)] == ["flatten", "unmodelled"]


def test_three_dimensions_have_no_model() -> None:
    (node,) = graph_of(model("y = Conv(x, w)", inputs="float[1,4,5,5,5] x", w=random(6, 4, 3, 3, 3)))
    assert isinstance(node, Unmodelled)
    assert node.unfoldable == ""  # but a BatchNorm can be folded into it
    assert node.operations == 2 * 6 * 3**3 * 4 * 3**3


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        (
            "float[1,4,8,8] x, float[4,4,3,3] u, float[4] c",
            "its weights are fed or computed at run time",
        ),
        (
            "float[1,4,8,8] x, float[4,4,3,3] w, float[4] v",
            "its bias is fed or computed at run time",
        ),
    ],
)
def test_weights_that_are_computed_cannot_absorb(inputs: str, reason: str) -> None:
    body = "w = Relu(u) y = Conv(x, w, c)" if "u" in inputs else "c = Relu(v) y = Conv(x, w, c)"
    (node,) = [node for node in graph_of(model(body, inputs=inputs)) if isinstance(node, Conv)]
    assert node.unfoldable == reason


GEMM = "float[1,6] x"


@pytest.mark.parametrize(
    ("operator", "weights", "bias"),
    [
        ("Gemm(x, w)", (6, 5), None),
        ("Gemm<transB = 1>(x, w)", (5, 6), None),
        ("Gemm<alpha = 0.5, beta = 2.0, transB = 1>(x, w, c)", (5, 6), (5,)),
        ("Gemm(x, w, c)", (6, 5), (1, 5)),
        ("Gemm(x, w, c)", (6, 5), ()),
        ("MatMul(x, w)", (6, 5), None),
    ],
)
def test_a_product_with_weights_is_fully_connected(
    operator: str, weights: tuple[int, ...], bias: tuple[int, ...] | None
) -> None:
    constants: Weights = {} if bias is None else {"c": np.asarray(random(*bias), np.float32)}
    (node,) = graph_of(model(f"y = {operator}", inputs=GEMM, w=random(*weights), **constants))
    assert node == Linear(name="y", inputs=("input",), in_features=6, out_features=5, bias=bias is not None)


def test_an_addition_behind_a_product_is_its_bias() -> None:
    (node,) = graph_of(model("p = MatMul(x, w) y = Add(p, c)", inputs=GEMM, w=random(6, 5), c=random(5)))
    assert node == Linear(name="p", inputs=("input",), in_features=6, out_features=5, bias=True)


@pytest.mark.parametrize(
    "body", ["y = Gemm<transA = 1>(a, w)", "y = MatMul(w, a)", "y = Gemm(w, a)", "y = Gemm(a, w, w)"]
)
def test_other_products_have_no_model(body: str) -> None:
    *_, node = graph_of(model(f"a = Relu(x) {body}", inputs="float[6,6] x", w=random(6, 6)))
    assert isinstance(node, Unmodelled)


def test_a_product_of_two_feature_maps_has_no_model() -> None:
    (node,) = graph_of(model("y = MatMul(x, x)", inputs="float[1,6,6] x"))
    assert isinstance(node, Unmodelled)
    assert node.operations == 2 * 6**3


def test_a_product_of_several_vectors_is_a_convolution_over_them() -> None:
    graph = graph_of(model("y = MatMul(x, w)", inputs="float[1,7,6] x", w=random(6, 5)))
    assert list(graph) == [
        View(name="y.vectors", inputs=("input",), shape=Shape(6, 1, 7)),
        Conv(name="y", inputs=("y.vectors",), in_channels=6, out_channels=5, window=Window()),
        View(name="y.result", inputs=("y",), shape=Shape(7, 1, 5)),
    ]
    assert graph.macs == 7 * 6 * 5


def test_features_are_no_channels_even_where_there_are_as_many() -> None:
    # (N, L, F): what comes next takes the L vectors for channels.
    graph = graph_of(model("y = MatMul(x, w)", inputs="float[1,5,6] x", w=random(6, 5)))
    assert list(graph.nodes) == ["y.vectors", "y", "y.result"]
    graph = graph_of(model("y = MatMul(x, w)", inputs="float[1,1,6] x", w=random(6, 5)))
    assert [node.operator for node in graph] == ["view", "linear", "view"]


def test_a_product_of_one_vector_without_batch_has_no_model() -> None:
    (node,) = graph_of(model("y = MatMul(x, w)", inputs="float[6] x", w=random(6, 5)))
    assert isinstance(node, Unmodelled)


def test_weights_have_a_name_where_they_are_shared() -> None:
    graph = graph_of(model("a = Conv(x, w) b = Conv(a, w) y = Conv(b, v)", w=random(4, 4, 3, 3), v=random(4, 4, 3, 3)))
    assert [node.weights for node in graph if isinstance(node, Conv)] == ["w", "w", None]


def test_quantised_weights_take_in_nothing() -> None:
    weights: Weights = {"q": np.ones((5, 4, 3, 3), np.int8), "s": np.float32(0.1)}
    (conv,) = graph_of(model("w = DequantizeLinear(q, s) y = Conv(x, w)", **weights))
    assert isinstance(conv, Conv)
    assert conv.unfoldable == "its weights are quantised"


def test_an_input_behind_constants_is_fed() -> None:
    (node,) = graph_of(model("y = MatMul(w, x)", inputs="float[1,8,5] x", w=random(3, 8)))
    assert (node.operator, node.inputs) == ("unmodelled", ("input",))
