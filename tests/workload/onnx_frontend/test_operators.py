from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from accelsim.errors import InputError
from accelsim.workload.nodes import Activation, Add, BatchNorm, Concat, Conv, Node, Pool, Unmodelled, View
from accelsim.workload.onnx_frontend.frontend import import_model
from accelsim.workload.shapes import Window
from tests.workload.onnx_frontend.models import PATH, Weights, batchnorm, graph_of, model, random, stored_outside


def nodes_of(body: str, inputs: str = "float[1,4,8,8] x", opset: int = 17, **weights: Any) -> list[Node]:
    return list(graph_of(model(body, inputs=inputs, opset=opset, **weights)))


def operators_of(body: str, inputs: str = "float[1,4,8,8] x", opset: int = 17, **weights: Any) -> list[str]:
    return [node.operator for node in nodes_of(body, inputs, opset, **weights)]


CEILED = Window((3, 3), (2, 2), padding=(0, 0, 1, 1))
LOWER = Window((2, 2), padding=(1, 1, 0, 0))


@pytest.mark.parametrize(
    ("operator", "kind", "window", "shape"),
    [
        ("MaxPool<kernel_shape = [3, 2], strides = [2, 1]>(x)", "max", Window((3, 2), (2, 1)), (4, 3, 7)),
        ("AveragePool<kernel_shape = [2, 2]>(x)", "avg", Window((2, 2)), (4, 7, 7)),
        ("MaxPool<kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1>(x)", "max", CEILED, (4, 4, 4)),
        ('MaxPool<kernel_shape = [2, 2], auto_pad = "SAME_LOWER">(x)', "max", LOWER, (4, 8, 8)),
        ("GlobalAveragePool(x)", "avg", None, (4, 1, 1)),
        ("GlobalMaxPool(x)", "max", None, (4, 1, 1)),
        ("ReduceMean<axes = [2, 3]>(x)", "avg", None, (4, 1, 1)),
        ("ReduceMean<axes = [-1, -2], keepdims = 0>(x)", "avg", None, (4, 1, 1)),
    ],
)  # fmt: skip
def test_pooling(operator: str, kind: str, window: Window | None, shape: tuple[int, ...]) -> None:
    graph = graph_of(model(f"y = {operator}"))
    assert list(graph) == [Pool(name="y", inputs=("input",), kind=kind, window=window)]  # type: ignore[arg-type]
    assert graph.shapes["y"] == shape


def test_axes_are_an_input_since_opset_18() -> None:
    assert operators_of("y = ReduceMean(x, a)", opset=18, a=np.array([2, 3])) == ["pool"]
    assert operators_of("y = ReduceMean(x, a)", opset=18, a=np.array([1])) == ["unmodelled"]
    assert operators_of("y = ReduceMean(x)", opset=18) == ["unmodelled"]


def test_axes_may_be_absent() -> None:
    given = model("y = ReduceMean(x, a)", opset=18, a=np.array([2, 3]))
    stored_outside(given, "a", "nowhere.bin")
    assert [node.operator for node in graph_of(given)] == ["unmodelled"]


def test_indices_of_maxima_have_no_model() -> None:
    given = model("y, i = MaxPool<kernel_shape = [2, 2]>(x)", outputs="float[] y, int64[] i")
    assert [node.operator for node in graph_of(given)] == ["unmodelled", "unmodelled"]
    assert operators_of("y, i = MaxPool<kernel_shape = [2, 2]>(x)") == ["pool"]  # nobody asks for them


def test_pooling_over_three_dimensions_has_no_model() -> None:
    assert operators_of("y = MaxPool<kernel_shape = [2, 2, 2]>(x)", "float[1,4,8,8,8] x") == ["unmodelled"]


def test_a_sum_of_maps() -> None:
    inputs = "float[1,4,8,8] x, float[1,4,8,8] u, float[1,4,8,8] v"
    assert nodes_of("y = Add(x, u)", inputs)[-1] == Add(name="y", inputs=("input", "u"))
    *_, first, second = nodes_of("y = Sum(x, u, v)", inputs)
    assert first == Add(name="y.1", inputs=("input", "u"))
    assert second == Add(name="y", inputs=("y.1", "v"))
    assert nodes_of("a = Sum(x) y = Relu(a)", inputs)[-1] == Activation(name="y", inputs=("input",), kind="relu")


@pytest.mark.parametrize("operator", ["Add(x, m)", "Mul(x, m)", "Mul(x, x)", "Sub(x, x)", "Sum(x, k)"])
def test_arithmetic_of_other_kinds_has_no_model(operator: str) -> None:
    nodes = nodes_of(f"m = GlobalMaxPool(x) z = {operator} y = Add(z, m)", k=random(8, 8))
    assert [node.what for node in nodes if isinstance(node, Unmodelled)] == [operator.split("(")[0], "Add"]


@pytest.mark.parametrize(
    ("axis", "name", "shape"), [(1, "channels", (8, 8, 8)), (-2, "height", (4, 16, 8)), (3, "width", (4, 8, 16))]
)
def test_concatenation(axis: int, name: str, shape: tuple[int, ...]) -> None:
    graph = graph_of(model(f"a = Relu(x) y = Concat<axis = {axis}>(x, a)"))
    assert graph.nodes["y"] == Concat(name="y", inputs=("input", "a"), axis=name)  # type: ignore[arg-type]
    assert graph.shapes["y"] == shape


def test_concatenation_along_the_batch_or_with_a_constant_has_no_model() -> None:
    assert operators_of("y = Concat<axis = 0>(x, x)") == ["unmodelled"]
    assert operators_of("y = Concat<axis = 1>(x, k)", k=random(1, 4, 8, 8)) == ["unmodelled"]


def test_what_moves_no_data() -> None:
    assert operators_of("y = Flatten(x)") == ["flatten"]
    assert operators_of("y = Reshape(x, s)", s=np.array([1, -1])) == ["flatten"]
    assert operators_of("y = Reshape(x, s)", s=np.array([1, 2, 2, 8, 8])) == ["view"]
    assert operators_of("y = Transpose<perm = [0, 2, 3, 1]>(x)") == ["view"]
    assert operators_of("y = DepthToSpace<blocksize = 2>(x)") == ["view"]
    assert operators_of("g = GlobalMaxPool(x) f = Flatten(g) y = Relu(f)") == ["pool", "activation"]


def test_a_split_is_a_view_for_each_part() -> None:
    graph = graph_of(model("a, b = Split<axis = 1>(x, s) y = Relu(b)", s=np.array([1, 3])))
    assert [(node.operator, graph.shapes[node.name].channels) for node in graph] == [
        ("view", 1),
        ("view", 3),
        ("activation", 3),
    ]
    assert graph.nodes["y"].inputs == ("a.1",)


def test_a_split_of_unknown_sizes() -> None:
    with pytest.raises(InputError, match="the shape of tensor 'a', which Split '' makes, cannot be found out"):
        nodes_of("i = Cast<to = 7>(s) a, b = Split(x, i) y = Relu(a)", "float[1,4,8,8] x, float[2] s")


def test_a_reshape_that_loses_elements() -> None:
    with pytest.raises(InputError, match=r"layer 'y': cannot make \[1, 5\] of \[1, 4, 8, 8\]"):
        nodes_of("y = Reshape(x, s)", s=np.array([1, 5]))


def test_what_is_left_out() -> None:
    assert operators_of("a = Identity(x) b = Dropout(a) c = Cast<to = 10>(b) d = Cast<to = 1>(c) y = Relu(d)") == [
        "activation"
    ]


def test_rounding_to_integers_is_not_left_out() -> None:
    assert operators_of("a = Cast<to = 7>(x) b = Cast<to = 1>(a) y = Relu(b)") == ["unmodelled", "activation"]


@pytest.mark.parametrize(("training", "operators"), [(False, ["activation"]), (True, ["unmodelled", "activation"])])
def test_dropout_in_training_is_not_left_out(training: bool, operators: list[str]) -> None:
    assert operators_of("d = Dropout(x, r, t) y = Relu(d)", r=np.float32(0.5), t=np.array(training)) == operators


PADS = np.array([0, 0, 1, 2, 0, 0, 3, 4])


@pytest.mark.parametrize(
    ("pad", "opset"),
    [
        ("Pad(x, p)", 17),
        ("Pad(x, p, zero)", 17),
        ("Pad<pads = [0, 0, 1, 2, 0, 0, 3, 4]>(x)", 10),
        ("Pad(x, two, , axes)", 18),
    ],
)
def test_zeros_around_are_the_padding_of_the_convolution_behind_them(pad: str, opset: int) -> None:
    constants: Weights = {"p": PADS, "zero": np.float32(0), "two": np.array([2, 1, 4, 3]), "axes": np.array([-1, 2])}
    used = {name: values for name, values in constants.items() if name in pad}
    (node,) = nodes_of(f"a = {pad} y = Conv<pads = [1, 1, 1, 1]>(a, w)", opset=opset, w=random(5, 4, 7, 7), **used)
    assert isinstance(node, Conv)
    assert node.window.padding == (2, 3, 4, 5)


def test_zeros_around_one_dimension() -> None:
    (node,) = nodes_of(
        "a = Pad(x, p) y = Conv(a, w)", "float[1,4,8] x", w=random(5, 4, 3), p=np.array([0, 0, 1, 0, 0, 2])
    )
    assert isinstance(node, Conv)
    assert node.window.padding == (0, 1, 0, 2)


def test_automatic_padding_begins_with_what_is_padded_already() -> None:
    # 8 + 1 = 9 columns, stride 2: 5 outputs; 4 * 2 + 5 = 13 columns: 2 more on either side.
    body = 'a = Pad(x, p) y = Conv<auto_pad = "SAME_UPPER", strides = [2, 2]>(a, w)'
    (node,) = nodes_of(body, w=random(5, 4, 5, 5), p=np.array([0, 0, 0, 0, 0, 0, 1, 1]))
    assert isinstance(node, Conv)
    assert node.window.padding == (2, 2, 3, 3)


CONSTANTS: Weights = {
    "p": PADS,
    "c": np.array([0, 1, 0, 0, 0, 0, 0, 0]),
    "one": np.float32(1),
    "w": random(5, 4, 7, 7),
    "v": random(5, 5, 3, 3),
    "s": random(5, 4, 1, 1),
}


@pytest.mark.parametrize(
    ("body", "operator"),
    [
        ("a = Pad(x, p, one) y = Conv(a, w)", "Pad"),
        ('a = Pad<mode = "reflect">(x, p) y = Conv(a, w)', "Pad"),
        ("a = Pad(x, c) y = Conv(a, v)", "Pad"),
        ("a = Pad(x, p) b = Relu(a) y = Conv(b, w)", "Pad"),
        ("a = Pad(x, p) y = Conv(a, s)", "Conv"),  # windows of padding alone
    ],
)
def test_other_paddings_have_no_model(body: str, operator: str) -> None:
    assert [node.what for node in nodes_of(body, **CONSTANTS) if isinstance(node, Unmodelled)] == [operator]


def test_a_padded_map_that_is_an_output_is_made() -> None:
    given = model("a = Pad(x, p) y = Conv(a, w)", outputs="float[] y, float[] a", p=PADS, w=random(5, 4, 7, 7))
    assert [node.operator for node in graph_of(given)] == ["unmodelled", "conv", "output"]


def test_what_is_made_of_a_constant_by_a_tensor_has_no_model() -> None:
    nodes = nodes_of("m = ReduceMax<keepdims = 0>(x) c = Clip(k, m) y = Add(c, x)", k=random(1, 4, 8, 8))
    assert [node.operator for node in nodes] == ["unmodelled", "unmodelled", "add"]


def test_a_scale_and_a_shift_behind_a_batchnorm_are_part_of_it() -> None:
    given = model(
        "c = Conv(x, w) n = BatchNormalization(c, g, b, m, v) s = Mul(n, k) y = Add(l, s)",
        w=random(4, 4, 3, 3), k=random(4, 1, 1), l=random(1, 4, 1, 1), **batchnorm(4),
    )  # fmt: skip
    imported = import_model(given, PATH)
    assert list(imported.graph)[1:] == [BatchNorm(name="n", inputs=("c",))]
    assert imported.origins["n"] == (1, 2, 3)


def test_a_batchnorm_of_features() -> None:
    nodes = nodes_of("y = BatchNormalization(x, g, b, m, v)", "float[1,4] x", **batchnorm(4))
    assert nodes == [BatchNorm(name="y", inputs=("input",))]


@pytest.mark.parametrize(
    ("body", "opset", "reason"),
    [
        ("y, p, q = BatchNormalization<training_mode = 1>(x, g, b, m, v)", 17, "it is in training mode"),
        ("y, p, q, r, s = BatchNormalization(x, g, b, m, v)", 9, "it is in training mode"),
        (
            "r = Relu(u) y = BatchNormalization(x, r, b, m, v)",
            17,
            "its scale is fed or computed at run time",
        ),
        (
            "r = Relu(u) y = BatchNormalization(x, g, b, m, r)",
            17,
            "its variance is fed or computed at run time",
        ),
    ],
)
def test_a_batchnorm_that_cannot_be_done_ahead_of_time(body: str, opset: int, reason: str) -> None:
    nodes = nodes_of(body, "float[1,4,8,8] x, float[4] u", opset, **batchnorm(4))
    assert nodes[-1] == BatchNorm(name="y", inputs=("input",), unfoldable=reason)


@pytest.mark.parametrize(
    ("parameter", "value", "reason"),
    [
        ("v", -1, r"its variance is negative \(-1 in channel 2\)"),
        ("v", np.inf, r"its variance is not finite \(inf in channel 2\)"),
        ("g", np.nan, r"its scale is not finite \(nan in channel 2\)"),
        ("b", -np.inf, r"its bias is not finite \(-inf in channel 2\)"),
        ("m", np.nan, r"its mean is not finite \(nan in channel 2\)"),
    ],
)
def test_parameters_that_are_no_numbers(parameter: str, value: float, reason: str) -> None:
    parameters = batchnorm(4)
    parameters[parameter][2] = value
    (node,) = nodes_of("y = BatchNormalization(x, g, b, m, v)", **parameters)
    assert isinstance(node, BatchNorm)
    assert re.fullmatch(reason, node.unfoldable)


def test_parameters_of_every_position_cannot_be_done_ahead_of_time() -> None:
    parameters: Weights = {name: random(4, 8, 8) for name in "gbmv"}
    (node,) = nodes_of("y = BatchNormalization<spatial = 0>(x, g, b, m, v)", opset=7, **parameters)
    assert isinstance(node, BatchNorm)
    assert node.unfoldable == "it normalises every position by itself (spatial = 0)"


def test_a_view_names_its_shape() -> None:
    (node,) = nodes_of("y = Transpose<perm = [0, 2, 3, 1]>(x)", "float[1,4,6,8] x")
    assert isinstance(node, View)
    assert node.shape == (6, 8, 4)
