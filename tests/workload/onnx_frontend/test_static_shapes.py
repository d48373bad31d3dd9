from __future__ import annotations

import numpy as np
import onnx
import pytest

from accelsim.errors import InputError
from accelsim.workload.onnx_frontend.static_shapes import StaticShapes, static_shapes
from tests.workload.onnx_frontend.models import PATH, Weights, model, random


def shapes_of(given: onnx.ModelProto, input_shape: tuple[int, int, int] | None = None) -> StaticShapes:
    return static_shapes(given, PATH, input_shape)


def test_an_open_batch_is_one_image() -> None:
    static = shapes_of(model("a = Relu(x) y = Conv(a, w)", inputs="float[N,4,8,8] x", w=random(5, 4, 3, 3)))
    assert static.batch == 1
    assert static.shapes["y"] == (1, 5, 6, 6)


def test_a_batch_that_is_written_stays() -> None:
    static = shapes_of(model("y = Relu(x)", inputs="float[3,4,8,8] x"))
    assert static.batch == 3
    assert static.shapes["y"] == (3, 4, 8, 8)


def test_further_inputs_have_the_batch_of_the_first() -> None:
    static = shapes_of(model("y = Add(x, z)", inputs="float[2,4,8,8] x, float[N,4,8,8] z"))
    assert static.shapes["z"] == (2, 4, 8, 8)


def test_shapes_that_are_computed_are_found() -> None:
    static = shapes_of(
        model(
            "s = Shape(x) n = Gather(s, i) r = Concat<axis = 0>(n, k) a = Reshape(x, r)"
            "t = Shape(a) m = Slice(t, i, j) p = Mul(m, many) q = Concat<axis = 0>(n, p)"
            "b = Expand(e, q) y = Add(a, b)",
            inputs="float[N,4,8,8] x",
            i=np.array([0]),
            j=np.array([1]),
            k=np.array([-1]),
            many=np.array([256]),
            e=random(1),
        )
    )
    assert static.shapes["a"] == (1, 256)
    assert static.shapes["y"] == (1, 256)
    assert static.values["r"].tolist() == [1, -1]


def test_part_of_a_shape_may_be_asked_for() -> None:
    static = shapes_of(
        model("s = Shape<start = 1, end = 3>(x) z = Reshape(c, s) y = Add(d, z)", c=random(32), d=random(4, 8))
    )
    assert static.values["s"].tolist() == [4, 8]


@pytest.mark.parametrize(
    ("sides", "given", "expected"),
    [
        ("N,3,H,W", (3, 10, 12), (1, 3, 10, 12)),
        ("N,H,W,3", (10, 12, 3), (1, 10, 12, 3)),  # in the file's order
        ("N,3,L", (3, 1, 12), (1, 3, 12)),
        ("N,F", (7, 1, 1), (1, 7)),
        ("N,3,10,12", (3, 10, 12), (1, 3, 10, 12)),
    ],
)
def test_sides_that_are_open_can_be_given(sides: str, given: tuple[int, int, int], expected: tuple[int, ...]) -> None:
    assert shapes_of(model("y = Relu(x)", inputs=f"float[{sides}] x"), given).shapes["y"] == expected


@pytest.mark.parametrize(
    ("sides", "given", "message"),
    [
        ("N,3,H,W", None, r"input 'x' of shape \[N, 3, H, W\] leaves sides open: say how large an image is"),
        ("N,3,H,8", (4, 10, 8), r"input 'x' has images of \[3, \?, 8\], so they cannot be \[4, 10, 8\]"),
        ("N,3,10", (3, 4, 10), r"input 'x' has images of \[3, 10\], so they cannot be \[3, 4, 10\]"),
        ("1,0,8,8", None, r"input 'x' of shape \[1, 0, 8, 8\] is empty"),
        ("1,1099511627776,8,8", None, r"input 'x' has the absurd shape \[1, 1099511627776, 8, 8\]"),
        ("1,4611686018427387904,4611686018427387904", None, "the absurd shape"),
    ],
)
def test_inputs_of_no_shape(sides: str, given: tuple[int, int, int] | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        shapes_of(model("y = Relu(x)", inputs=f"float[{sides}] x"), given)


ABSURD: dict[str, tuple[str, Weights]] = {
    "reshape": ("y = Reshape(x, s)", {"s": np.array([1, 2**40])}),
    "expand": ("z = Expand(x, s) y = Relu(z)", {"s": np.array([2**40, 4, 8, 8])}),
    "tile": ("z = Tile(x, s) y = Relu(z)", {"s": np.array([2**40, 1, 1, 1])}),
    "constant": ("z = ConstantOfShape(s) a = ReduceMax(z) y = Add(x, a)", {"s": np.array([2**40])}),
    "kernel": ("y = MaxPool<kernel_shape = [1099511627776, 1]>(x)", {}),
    "padding": ("y = Conv<pads = [1099511627776, 0, 0, 0]>(x, w)", {"w": random(4, 4, 3, 3)}),
    "dilation": ("y = Conv<dilations = [1099511627776, 1]>(x, w)", {"w": random(4, 4, 3, 3)}),
}


@pytest.mark.parametrize("name", ABSURD)
def test_absurd_shapes_inside(name: str) -> None:
    body, weights = ABSURD[name]
    with pytest.raises(InputError, match="has the absurd shape"):
        shapes_of(model(body, **weights))


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        ("Conv<strides = [0, 1]>(x, w)", "Attribute strides must only contain positive values"),
        ("Conv<strides = [-1, 1]>(x, w)", "Attribute strides must only contain positive values"),
        ("Conv<strides = [2]>(x, w)", "Attribute strides has incorrect size"),
        ("Conv<dilations = [0, 1]>(x, w)", "Attribute dilations must only contain positive values"),
        ("Conv<pads = [1, 1]>(x, w)", "Attribute pads has incorrect size"),
        ("Conv<pads = [-1, 0, 0, 0]>(x, w)", "Attribute pads must not contain negative values"),
        ("Conv<pads = [9223372036854775807, 1, 1, 1]>(x, w)", "Integer overflow"),
        ("MaxPool<kernel_shape = [0, 1]>(x)", "Attribute kernel_shape must only contain positive values"),
        ("AveragePool<kernel_shape = [2, 2], strides = [0, 1]>(x)", "Attribute strides must only contain positive"),
        ("Add(x, w)", "Incompatible dimensions"),
    ],
)
def test_attributes_that_make_no_sense(operator: str, message: str) -> None:
    with pytest.raises(InputError, match=f"its shapes do not fit together: .*{message}"):
        shapes_of(model(f"y = {operator}", w=random(4, 4, 3, 3)))


def test_an_axis_that_is_not_there() -> None:
    given = model("y = Concat<axis = 1>(x, x)")
    given.graph.node[0].attribute[0].i = 7
    with pytest.raises(InputError, match="axis must be in"):
        shapes_of(given)


@pytest.mark.parametrize("first", [1, "N"])
def test_results_of_foreign_operators_are_as_the_file_says(first: int | str) -> None:
    given = model("z = foo.Bar(x) y = Conv(z, w)", domains=', "foo": 1', w=random(5, 4, 3, 3))
    given.graph.value_info.append(onnx.helper.make_tensor_value_info("z", onnx.TensorProto.FLOAT, [first, 4, 6, 6]))
    static = shapes_of(given)
    assert (static.shapes["z"], static.shapes["y"]) == ((1, 4, 6, 6), (1, 5, 4, 4))


def test_an_input_that_is_no_tensor() -> None:
    with pytest.raises(InputError, match="input 'x' is no tensor"):
        shapes_of(model("y = SequenceAt(x, i)", inputs="seq(float[1,4]) x", i=np.array(0)))
