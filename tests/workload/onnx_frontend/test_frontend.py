from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from accelsim.errors import InputError
from accelsim.workload import read_network
from accelsim.workload.nodes import Output, Source
from accelsim.workload.onnx_frontend.frontend import import_model
from tests.workload.onnx_frontend.models import PATH, batchnorm, declared, graph_of, model, random, stored_outside

NETWORK = """
    c = Conv<pads = [1, 1, 1, 1]>(x, w) n = BatchNormalization(c, g, b, m, v)
    r = Relu(n) p = GlobalMaxPool(r) y = Flatten(p)
"""


def network() -> onnx.ModelProto:
    return model(NETWORK, w=random(4, 4, 3, 3), **batchnorm(4))


def test_a_file_is_a_network_of_its_name(tmp_path: Path) -> None:
    onnx.save_model(network(), tmp_path / "my net.onnx")
    graph = read_network(tmp_path / "my net.onnx")
    assert graph.name == "my net"
    assert [node.operator for node in graph] == ["conv", "batchnorm", "activation", "pool"]


def test_the_shape_of_an_image_can_be_given(tmp_path: Path) -> None:
    onnx.save_model(model("y = Conv(x, w)", inputs="float[N,4,H,W] x", w=random(5, 4, 3, 3)), tmp_path / "m.onnx")
    assert read_network(tmp_path / "m.onnx", (4, 10, 12)).shapes["y"] == (5, 8, 10)


def test_networks_are_read_without_their_weights() -> None:
    expected = list(graph_of(network()))
    outside, as_inputs = network(), network()
    stored_outside(outside, "w", "nowhere.bin")
    assert list(graph_of(outside)) == expected
    as_inputs.graph.input.extend(
        declared(tensor.name, onnx.numpy_helper.to_array(tensor)) for tensor in as_inputs.graph.initializer
    )
    del as_inputs.graph.initializer[:]  # as exporters leave them out
    assert list(graph_of(as_inputs)) == expected


def test_weights_of_which_only_the_shapes_are_left(tmp_path: Path) -> None:
    given = network()
    for tensor in given.graph.initializer:
        tensor.ClearField("raw_data")
    onnx.save_model(given, tmp_path / "model.onnx")
    assert list(read_network(tmp_path / "model.onnx")) == list(graph_of(network()))


def test_operators_are_named_as_in_the_file_or_else_as_their_results() -> None:
    given = model("a = Relu(x) b = Relu(a) c = Relu(b) y = Relu(c)")
    for node, name in zip(given.graph.node, ["", "same", "same", "input"], strict=True):
        node.name = name
    assert list(graph_of(given).nodes) == ["a", "same", "same_2", "input_2"]


def test_names_can_be_printed() -> None:
    given = model("a = Relu(x) b = Relu(a) y = Relu(b)")
    for node, name in zip(given.graph.node, ["a\x1b[31m\n", "n" * 10_000, "n" * 10_000], strict=True):
        node.name = name
    first, second, third = graph_of(given).nodes
    assert first == "a_[31m_"
    assert second == third.removesuffix("_2")
    assert len(third) <= 200


def test_further_inputs_are_sources() -> None:
    graph = graph_of(model("y = Add(x, z)", inputs="float[1,4,8,8] x, float[1,4,8,8] z"))
    assert graph.nodes["z"] == Source(name="z", inputs=(), shape=graph.input_shape)


def test_outputs_that_are_read_inside_are_marked() -> None:
    graph = graph_of(model("a = Relu(x) y = Relu(a)", outputs="float[] a, float[] y"))
    assert list(graph.nodes) == ["a", "y", "a (output)"]
    assert graph.nodes["a (output)"] == Output(name="a (output)", inputs=("a",))


def test_what_no_output_depends_on_is_left_out() -> None:
    assert list(graph_of(model("y = Relu(x) dead = Conv(x, w)", w=random(4, 4, 3, 3))).nodes) == ["y"]


def test_origins_are_the_operators_of_the_model() -> None:
    assert import_model(network(), PATH).origins == {"c": (0,), "n": (1,), "r": (2,), "p": (3,)}


def test_a_model_without_inputs() -> None:
    with pytest.raises(InputError, match="it has no input but its weights"):
        graph_of(model("y = Relu(w)", inputs="", w=random(4)))


def test_a_tensor_of_unknown_shape() -> None:
    with pytest.raises(InputError, match="the shape of tensor 'z', which Bar '' makes, cannot be found out"):
        graph_of(model("z = foo.Bar(x) y = Relu(z)", domains=', "foo": 1'))


def test_sequences_inside() -> None:
    with pytest.raises(
        InputError, match="the shape of tensor 'z', which SplitToSequence '' makes, cannot be found out"
    ):
        graph_of(model("z = SplitToSequence(x) y = ConcatFromSequence<axis = 0>(z)"))


HUGE = {
    "a product": model(
        "p = MatMul(k, l) s = ReduceSum<keepdims = 0>(p) y = Mul(x, s)",
        k=np.ones((2**15, 1), np.float32),
        l=np.ones((1, 2**15), np.float32),
    ),
    "a range": model(
        "r = Range(a, l, d) s = ReduceSum<keepdims = 0>(r) y = Add(x, s)",
        a=np.float32(0),
        l=np.float32(2**31),
        d=np.float32(1),
    ),
    "a constant": model("c = ConstantOfShape(s) n = Neg(c) y = Conv(x, n)", s=np.array([2**24, 4, 3, 3])),
    "a repetition": model("t = Tile(k, s) y = Conv(x, t)", k=random(1, 4, 3, 3), s=np.array([2**24, 1, 1, 1])),
    "an input": model("y = Relu(x)", inputs="float[1,65536,256,256] x"),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_small_file_takes_little_memory(name: str, tmp_path: Path) -> None:
    onnx.save_model(HUGE[name], tmp_path / "model.onnx")
    program = """
import resource, sys
from pathlib import Path
from accelsim.errors import InputError
from accelsim.workload.onnx_frontend.frontend import read_onnx
limit = 2**32  # bytes of addresses, so that what goes wrong does not take the machine with it
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_onnx(Path(sys.argv[1]))
except InputError:
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    command = [sys.executable, "-c", program, str(tmp_path / "model.onnx")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 50 * 1024  # KiB
