from __future__ import annotations

import onnx
import pytest

from accelsim.workload.onnx_frontend.wiring import Wiring, names_in
from tests.workload.onnx_frontend.models import model, random

WITH_CAPTURE = """
    c = Relu(x)
    k = ReduceMax<keepdims = 0>(x)
    t = Cast<to = 9>(k)
    y = If<then_branch = a () => (float[1, 4, 8, 8] o) { o = Neg(c) },
           else_branch = b () => (float[1, 4, 8, 8] p) { q = Add(c, w) p = Abs(q) }>(t)
"""


@pytest.fixture
def chain() -> onnx.GraphProto:
    return model("a = Relu(x) b = Neg(a) y = Add(a, b) dead = Abs(b)").graph


def test_readers_are_counted_for_each_reading(chain: onnx.GraphProto) -> None:
    wiring = Wiring(chain)
    assert dict(wiring.readers) == {"x": [0], "a": [1, 2], "b": [2, 3]}
    assert wiring.producer == {"a": 0, "b": 1, "y": 2, "dead": 3}


def test_what_no_output_depends_on_is_not_needed(chain: onnx.GraphProto) -> None:
    assert Wiring(chain).needed() == {0, 1, 2}


def test_a_sole_reader_is_the_only_one_of_what_is_no_output(chain: onnx.GraphProto) -> None:
    wiring = Wiring(chain)
    assert wiring.sole_reader("x") == 0
    assert wiring.sole_reader("a") is None  # two readers
    assert wiring.sole_reader("y") is None  # an output


def test_an_operator_that_reads_a_tensor_twice_is_not_its_sole_reader() -> None:
    assert Wiring(model("a = Relu(x) y = Add(a, a)").graph).sole_reader("a") is None


def test_graphs_inside_an_operator_read_what_they_take_from_outside() -> None:
    wiring = Wiring(model(WITH_CAPTURE, w=random(1, 4, 8, 8)).graph)
    assert sorted(wiring.reads[3]) == ["c", "c", "t", "w"]  # q and o are the inner graphs' own
    assert wiring.sole_reader("c") is None


def test_what_an_inner_graph_is_given_or_holds_is_its_own() -> None:
    given = model(WITH_CAPTURE, w=random(1, 4, 8, 8))
    inner = given.graph.node[3].attribute[0].g
    inner.input.add(name="c")
    given.graph.node[3].attribute[1].g.initializer.add(name="w")
    assert sorted(Wiring(given.graph).reads[3]) == ["c", "t"]


def test_an_inner_graph_may_hand_on_a_tensor_from_outside() -> None:
    given = model(WITH_CAPTURE, w=random(1, 4, 8, 8))
    inner = given.graph.node[3].attribute[0].g
    del inner.node[:]
    inner.output[0].name = "x"
    assert sorted(Wiring(given.graph).reads[3]) == ["c", "t", "w", "x"]


def test_names_are_those_of_inner_graphs_too() -> None:
    names = names_in(model(WITH_CAPTURE, w=random(1, 4, 8, 8)).graph)
    assert names == {"x", "y", "w", "c", "k", "t", "o", "p", "q"}
