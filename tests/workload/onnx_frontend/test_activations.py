from __future__ import annotations

import numpy as np
import pytest

from accelsim.workload.nodes import Activation, ActivationKind
from accelsim.workload.onnx_frontend.frontend import import_model
from tests.workload.onnx_frontend.models import PATH, Weights, graph_of, model

SCALARS: Weights = {
    name: np.array(value, np.float32)
    for name, value in {
        "half": 0.5,
        "one": 1,
        "two": 2,
        "three": 3,
        "six": 6,
        "sixth": 1 / 6,
        "zero": 0,
        "root": 2**0.5,
        "per_root": 0.5**0.5,
        "k": 0.044715,
        "q": (2 / np.pi) ** 0.5,
    }.items()
}

WRITTEN_OUT: dict[str, tuple[ActivationKind, str]] = {
    "x * sigmoid(x)": ("silu", "s = Sigmoid(x) y = Mul(x, s)"),
    "sigmoid(x) * x": ("silu", "s = Sigmoid(x) y = Mul(s, x)"),
    "x / (1 + exp(-x))": ("silu", "n = Neg(x) e = Exp(n) d = Add(one, e) y = Div(x, d)"),
    "hardswish, add clip div mul": (
        "hardswish",
        "a = Add(x, three) c = Clip(a, zero, six) d = Div(c, six) y = Mul(x, d)",
    ),
    "hardswish, add clip mul div": (
        "hardswish",
        "a = Add(three, x) c = Clip(a, zero, six) m = Mul(c, x) y = Div(m, six)",
    ),
    "hardswish, by a sixth": ("hardswish", "a = Add(x, three) c = Clip(a, zero, six) m = Mul(x, c) y = Mul(m, sixth)"),
    "hardswish, x / 6 first": ("hardswish", "a = Add(x, three) c = Clip(a, zero, six) m = Mul(x, sixth) y = Mul(m, c)"),
    "x * hardsigmoid(x)": ("hardswish", "h = HardSigmoid<alpha = 0.16666667, beta = 0.5>(x) y = Mul(x, h)"),
    "hardsigmoid": ("hardsigmoid", "a = Add(x, three) c = Clip(a, zero, six) y = Div(c, six)"),
    "gelu, x * 0.5 first": ("gelu", "d = Div(x, root) e = Erf(d) a = Add(e, one) h = Mul(x, half) y = Mul(h, a)"),
    "gelu, 0.5 last": ("gelu", "d = Div(x, root) e = Erf(d) a = Add(e, one) m = Mul(x, a) y = Mul(m, half)"),
    "gelu, 0.5 with the erf": (
        "gelu",
        "d = Mul(x, per_root) e = Erf(d) a = Add(one, e) h = Mul(half, a) y = Mul(h, x)",
    ),
    "gelu with tanh": (
        "gelu",
        "p = Pow(x, three) kp = Mul(p, k) s = Add(x, kp) t = Mul(s, q) h = Tanh(t) a = Add(h, one)"
        "m = Mul(x, a) y = Mul(m, half)",
    ),
    "gelu with tanh and products": (
        "gelu",
        "xx = Mul(x, x) xxx = Mul(xx, x) kp = Mul(k, xxx) s = Add(x, kp) t = Mul(q, s) h = Tanh(t) a = Add(one, h)"
        "m = Mul(half, x) y = Mul(m, a)",
    ),
    "mish": ("mish", "s = Softplus(x) t = Tanh(s) y = Mul(x, t)"),
}


@pytest.mark.parametrize("name", WRITTEN_OUT)
def test_a_function_that_is_written_out_is_one_activation(name: str) -> None:
    kind, body = WRITTEN_OUT[name]
    imported = import_model(model(body, **SCALARS), PATH)
    assert list(imported.graph) == [Activation(name="y", inputs=("input",), kind=kind)]
    assert imported.origins["y"] == tuple(range(body.count("=") - body.count(" = 0.")))


@pytest.mark.parametrize(
    "body",
    [
        "s = Sigmoid(x) y = Add(x, s)",  # no function that is known
        "a = Add(x, two) c = Clip(a, zero, six) d = Div(c, six) y = Mul(x, d)",  # a wrong constant
        "h = HardSigmoid(x) y = Mul(x, h)",  # α is 0.2 unless the file says otherwise
        "s = Sigmoid(x) z = Relu(x) y = Mul(z, s)",  # two tensors
    ],
)
def test_what_is_nearly_one_is_none(body: str) -> None:
    assert not isinstance(graph_of(model(body, **SCALARS)).nodes["y"], Activation)


def test_a_function_whose_inside_is_read_elsewhere_is_not_taken_apart() -> None:
    given = model("s = Sigmoid(x) y = Mul(x, s) z = Relu(s)", outputs="float[] y, float[] z")
    assert [node.operator for node in graph_of(given)] == ["activation", "unmodelled", "activation"]


def test_a_function_whose_inside_is_an_output_is_not_taken_apart() -> None:
    given = model("s = Sigmoid(x) y = Mul(x, s)", outputs="float[] y, float[] s")
    assert [node.operator for node in graph_of(given)] == ["activation", "unmodelled", "output"]


def test_functions_behind_one_another_are_told_apart() -> None:
    given = model("s = Sigmoid(x) a = Mul(x, s) t = Sigmoid(a) b = Mul(t, a) y = Relu(b)")
    assert [node.kind for node in graph_of(given) if isinstance(node, Activation)] == ["silu", "silu", "relu"]


def test_long_elementwise_chains_take_no_long_time() -> None:
    # Each addition could be the end of a function that begins at any one before it.
    chain = " ".join(f"t{number + 1} = Add(t{number}, x)" for number in range(1000))
    assert len(graph_of(model(f"t0 = Relu(x) {chain} y = Neg(t1000)")).nodes) == 1002


@pytest.mark.parametrize(
    ("operator", "kind"),
    [
        ("Relu(x)", "relu"),
        ("LeakyRelu<alpha = 0.1>(x)", "leaky_relu"),
        ("PRelu(x, slope)", "prelu"),
        ("Elu(x)", "elu"),
        ("Selu(x)", "selu"),
        ("Celu(x)", "elu"),
        ("Sigmoid(x)", "sigmoid"),
        ("HardSigmoid(x)", "hardsigmoid"),
        ("Tanh(x)", "tanh"),
        ("HardSwish(x)", "hardswish"),
        ("Mish(x)", "mish"),
        ("Softplus(x)", "softplus"),
        ("Softmax<axis = 1>(x)", "softmax"),
        ("LogSoftmax<axis = 1>(x)", "softmax"),
        ("Clip(x, zero, six)", "relu6"),
        ("Clip(x, zero)", "relu"),
        ("Clip(x, , six)", "clip"),
        ("Clip(x, one, six)", "clip"),
    ],
)
def test_an_operator_of_its_own(operator: str, kind: ActivationKind) -> None:
    given = model(f"y = {operator}", opset=18, slope=np.ones((4, 1, 1), np.float32), **SCALARS)
    assert list(graph_of(given)) == [Activation(name="y", inputs=("input",), kind=kind)]


@pytest.mark.parametrize("opset", [20, 24])
def test_gelu_is_an_operator_since_opset_20(opset: int) -> None:
    assert list(graph_of(model("y = Gelu(x)", opset=opset))) == [Activation(name="y", inputs=("input",), kind="gelu")]


@pytest.mark.parametrize(
    ("bounds", "kind"),
    [("min = 0.0, max = 6.0", "relu6"), ("min = 0.0", "relu"), ("min = -1.0, max = 1.0", "clip")],
)
def test_bounds_were_attributes_before_opset_11(bounds: str, kind: ActivationKind) -> None:
    given = model(f"y = Clip<{bounds}>(x)", opset=10)
    assert list(graph_of(given)) == [Activation(name="y", inputs=("input",), kind=kind)]


def test_bounds_that_are_computed_make_it_some_clip() -> None:
    given = model("m = ReduceMax<keepdims = 0>(x) y = Clip(x, , m)")
    assert graph_of(given).nodes["y"] == Activation(name="y", inputs=("input",), kind="clip")
