from __future__ import annotations

import numpy as np
import pytest

from accelsim.workload.nodes import WEIGHTS_UNKNOWN, Unmodelled
from tests.workload.onnx_frontend.models import Weights, graph_of, model, random

X = 4 * 8 * 8


@pytest.mark.parametrize(
    ("operator", "weights", "operations"),
    [
        ("LRN<size = 5>(x)", {}, X * 9),
        ("Mul(x, x)", {}, X),
        ("Resize(x, , scales)", {"scales": np.array([1, 1, 2, 2], np.float32)}, 4 * X),  # as many as it writes
        ("ReduceSum<keepdims = 0>(x)", {}, X),  # as many as it reads
        # each of the 4 * 8 * 8 inputs is multiplied by 6 * 3 * 3 weights
        ("ConvTranspose<strides = [2, 2]>(x, w)", {"w": random(4, 6, 3, 3)}, 2 * X * 54),
    ],
)
def test_operations_of_operators_without_a_model(operator: str, weights: Weights, operations: int) -> None:
    (node,) = graph_of(model(f"y = {operator}", **weights))
    assert isinstance(node, Unmodelled)
    assert (node.what, node.operations) == (operator.split("(")[0].split("<")[0], operations)


def test_operations_are_those_of_one_image() -> None:
    (node,) = graph_of(model("y = Mul(x, x)", inputs="float[3,4,8,8] x"))
    assert isinstance(node, Unmodelled)
    assert node.operations == X


def test_a_product_is_counted_by_the_side_that_it_adds_up() -> None:
    (node,) = graph_of(model("y = Gemm<transA = 1>(x, w)", inputs="float[3,6] x", w=random(3, 5)))
    assert isinstance(node, Unmodelled)
    assert node.operations == 2 * 6 * 5 * 3 // 3  # of 3 rows, which are taken for the batch


def test_products_of_integers_are_counted_as_products() -> None:
    body = "y = ConvInteger(x, w) z = MatMulInteger(x, v)"
    weights: Weights = {"w": np.ones((5, 4, 3, 3), np.uint8), "v": np.ones((8, 7), np.uint8)}
    conv, matmul = graph_of(model(body, inputs="uint8[1,4,8,8] x", outputs="int32[] y, int32[] z", **weights))
    assert isinstance(conv, Unmodelled)
    assert isinstance(matmul, Unmodelled)
    # 5 * 6 * 6 sums of 4 * 3 * 3 products; 4 * 8 * 7 sums of 8
    assert (conv.operations, matmul.operations) == (2 * 180 * 36, 2 * 224 * 8)


def test_results_that_nobody_reads_are_no_nodes() -> None:
    weights: Weights = {"w": random(1, 20, 6), "r": random(1, 20, 5)}
    given = model("y, h, c = LSTM<hidden_size = 5>(x, w, r)", inputs="float[7,1,6] x", **weights)
    assert list(graph_of(given).nodes) == ["y"]


def test_a_recurrent_network_multiplies_in_every_step() -> None:
    weights: Weights = {"w": random(2, 20, 6), "r": random(2, 20, 5)}
    body = 'y, h = LSTM<hidden_size = 5, direction = "bidirectional">(x, w, r)'
    first, second = graph_of(model(body, inputs="float[7,1,6] x", outputs="float[] y, float[] h", **weights))
    assert isinstance(first, Unmodelled)
    assert isinstance(second, Unmodelled)
    # 7 steps, 2 directions, 4 gates of 5, each with 6 inputs and 5 of the step before; counted once
    assert (first.operations, second.operations) == (2 * 7 * 2 * 20 * 11, 0)


def test_a_transposed_convolution_can_absorb_and_others_cannot() -> None:
    transposed, lrn = graph_of(model("c = ConvTranspose(x, w) y = LRN<size = 3>(c)", w=random(4, 6, 3, 3)))
    assert isinstance(transposed, Unmodelled)
    assert isinstance(lrn, Unmodelled)
    assert (transposed.unfoldable, lrn.unfoldable) == ("", WEIGHTS_UNKNOWN)


def test_an_operator_of_another_domain_has_no_model_even_with_a_known_name() -> None:
    given = model("z = foo.Relu(x) y = Relu(z)", domains=', "foo": 1')
    given.graph.value_info.add(name="z").type.CopyFrom(given.graph.input[0].type)
    assert [node.operator for node in graph_of(given)] == ["unmodelled", "activation"]


def test_what_graphs_inside_an_operator_read_is_read() -> None:
    given = model(
        """c = Conv(x, w) k = ReduceMax<keepdims = 0>(x) t = Cast<to = 9>(k)
        y = If<then_branch = a () => (float[1, 4, 6, 6] o) { o = Neg(c) },
               else_branch = b () => (float[1, 4, 6, 6] p) { p = Relu(c) }>(t)""",
        w=random(4, 4, 3, 3),
    )
    graph = graph_of(given)
    assert graph.nodes["y"].inputs == ("t", "c")
    assert graph.readers()["c"] == ["y"]
