"""Networks written as ONNX and read again are the same networks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import get_args

import numpy as np
import onnx
import pytest

from accelsim.errors import InputError
from accelsim.layers import layers_of
from accelsim.validation.runtime import run_model
from accelsim.workload import read_network
from accelsim.workload.graph import INPUT, Graph
from accelsim.workload.nodes import (
    Activation,
    ActivationKind,
    Add,
    BatchNorm,
    Conv,
    Flatten,
    Linear,
    Node,
    Pool,
    Source,
    Unmodelled,
    View,
    Weighted,
)
from accelsim.workload.onnx_frontend.frontend import import_model
from accelsim.workload.onnx_writer import BATCH, IR_VERSION, OPSET, Parameters, onnx_model, weight_shape
from accelsim.workload.shapes import Shape, Window
from tests.validation.models import PATH
from tests.workload.random_graphs import random_graph

WORKLOADS = Path(__file__).parents[2] / "workloads"
NETWORKS = sorted(path.stem for path in WORKLOADS.glob("*.yaml"))


def ones(graph: Graph) -> Parameters:
    """Parameters of the right shapes; views on one zero, so that large networks take no memory."""
    found = {}
    for node in graph:
        channels = graph.shapes[node.name].channels
        vector = np.zeros(channels, np.float32)
        if isinstance(node, Weighted):
            found[node.name] = {"weight": np.ones(weight_shape(node), np.float32), "bias": vector}
        elif isinstance(node, BatchNorm):
            found[node.name] = dict.fromkeys(("scale", "shift", "mean", "variance"), vector)
    return found


def read_again(graph: Graph) -> Graph:
    return import_model(onnx_model(graph, ones(graph)), Path(f"{graph.name}.onnx")).graph


def without_views_of_the_same(graph: Graph) -> Graph:
    """A network without the nodes that keep the shape they read, which an import leaves out."""
    left = Graph(graph.name, graph.input_shape, ())
    instead = {INPUT: INPUT}
    for node in graph:
        keeps = isinstance(node, Flatten | View) and graph.shapes[node.name] == graph.input_shapes(node)[0]
        instead[node.name] = instead[node.inputs[0]] if keeps else node.name
        if not keeps:
            left.append(replace(node, inputs=tuple(instead[name] for name in node.inputs)))
    return left


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "vgg16_bn"])  # of 550 MB
def test_a_shipped_network_is_the_same_when_it_is_read_again(name: str) -> None:
    graph = read_network(WORKLOADS / f"{name}.yaml")
    found = read_again(graph)
    assert (found.macs, found.parameter_count) == (graph.macs, graph.parameter_count)
    assert layers_of(found, batch=2) == layers_of(graph, batch=2)
    assert found.nodes == without_views_of_the_same(graph).nodes
    assert found.shapes.items() <= graph.shapes.items()


MAP = Shape(4, 6, 6)


def single(node: Node, shape: Shape = MAP) -> Graph:
    return Graph("net", shape, [node])


WORKING = (Conv, Linear, BatchNorm, Activation, Add, Pool)


@pytest.mark.parametrize("kind", get_args(ActivationKind))
def test_every_activation_is_itself_when_it_is_read_again(kind: ActivationKind) -> None:
    graph = single(Activation(name="a", inputs=("input",), kind=kind))
    assert read_again(graph).nodes == graph.nodes


def writable(graph: Graph) -> Graph:
    """A network with further inputs in place of what cannot be written, and nothing that is unfoldable or shared."""
    changed = Graph(graph.name, graph.input_shape, ())
    for node in graph:
        shape = graph.shapes[node.name]
        is_part = isinstance(node, View) and shape.elements < graph.input_shapes(node)[0].elements
        if isinstance(node, Unmodelled) or is_part:
            changed.append(Source(name=node.name, inputs=(), shape=shape))
        elif isinstance(node, Weighted):
            changed.append(replace(node, unfoldable="", weights=None))
        else:
            changed.append(replace(node, unfoldable="") if isinstance(node, BatchNorm) else node)
    return changed


@pytest.mark.parametrize("seed", range(40))
def test_random_networks_have_the_same_work_when_they_are_read_again(seed: int) -> None:
    graph = writable(random_graph(Random(seed)))  # noqa: S311
    found = read_again(graph)
    assert (found.macs, found.parameter_count) == (graph.macs, graph.parameter_count)
    assert [node.name for node in found if isinstance(node, WORKING)] == [
        node.name for node in graph if isinstance(node, WORKING)
    ]


def test_the_versions_are_those_stated_and_the_batch_is_open() -> None:
    model = onnx_model(*(lambda graph: (graph, ones(graph)))(read_network(WORKLOADS / "alpha5.yaml")))
    assert (model.ir_version, model.opset_import[0].version) == (IR_VERSION, OPSET)
    for value in (*model.graph.input, *model.graph.output):
        assert value.type.tensor_type.shape.dim[0].dim_param == BATCH
    onnx.checker.check_model(model, full_check=True)


def test_weights_that_layers_share_are_stored_once() -> None:
    layers = [
        Conv(name=name, inputs=(source,), in_channels=4, out_channels=4, window=Window(), weights="w")
        for name, source in (("a", "input"), ("b", "a"))
    ]
    graph = Graph("net", MAP, layers)
    model = onnx_model(graph, ones(graph))
    assert [tensor.name for tensor in model.graph.initializer] == ["w"]
    assert read_again(graph).nodes == graph.nodes


def test_names_of_parameters_that_a_layer_has_already_are_others() -> None:
    names = ("a", "a.weight", "a.bias")
    layers = [
        Linear(name=name, inputs=(source,), in_features=4, out_features=4)
        for name, source in zip(names, ("input", *names), strict=False)
    ]
    graph = Graph("net", Shape(4, 1, 1), layers)
    assert read_again(graph).nodes == graph.nodes


def test_an_average_counts_padding() -> None:
    """As the machine does (docs/rtl.md): the corner of a map of ones under a 3x3 window is 4/9."""
    window = Window((3, 3), padding=(1, 1, 1, 1))
    graph = single(Pool(name="p", inputs=("input",), kind="avg", window=window), Shape(1, 3, 3))
    ones = np.ones((1, 1, 3, 3), np.float32)
    (result,) = run_model(onnx_model(graph, {}), {"input": ones}, PATH).values()
    assert result[0, 0, 0, 0] == pytest.approx(4 / 9)
    assert result[0, 0, 1, 1] == pytest.approx(1)


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        (Unmodelled(name="n", inputs=("input",), what="LRN", shape=MAP), "'LRN' has no model"),
        (BatchNorm(name="n", inputs=("input",), unfoldable="it is odd"), "nothing may be folded here (it is odd)"),
        (View(name="n", inputs=("input",), shape=Shape(2, 6, 6)), "which part of its input this view shows"),
    ],
)
def test_what_a_graph_does_not_know_enough_of_is_refused(node: Node, reason: str) -> None:
    with pytest.raises(InputError, match="layer 'n' cannot be exported") as caught:
        onnx_model(single(node), {})
    assert reason in caught.value.message


def test_shared_weights_must_have_one_shape() -> None:
    layers = [
        Conv(name="a", inputs=("input",), in_channels=4, out_channels=4, window=Window(), weights="w"),
        Conv(name="b", inputs=("a",), in_channels=4, out_channels=2, window=Window(), weights="w"),
    ]
    with pytest.raises(InputError, match="'b' cannot be exported: it shares its weights with 'a'"):
        onnx_model(Graph("net", MAP, layers), {})
