"""Networks that others exported: those that the onnx package carries for its own tests, with constants for weights."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import onnx
import pytest

from accelsim.fusion.match import match_batchnorms
from accelsim.workload import read_network
from accelsim.workload.graph import Graph
from accelsim.workload.nodes import BatchNorm, Conv, Unmodelled

FOLDER = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
NETWORKS = tuple(sorted(path.stem.removeprefix("light_") for path in FOLDER.glob("*.onnx")))

# torchvision's are "num_params" of the weights named, and "_ops" (10^9 multiply-accumulates, rounded).
PARAMETERS = {
    "resnet50": 25_557_032,  # torchvision ResNet50_Weights
    "densenet121": 7_978_856,  # torchvision DenseNet121_Weights
    "squeezenet": 1_235_496,  # torchvision SqueezeNet1_1_Weights
    "vgg19": 143_667_240,  # torchvision VGG19_Weights
    "bvlc_alexnet": 60_965_224,  # BVLC's Caffe model, with two groups in the second, fourth and fifth convolution
}
GIGA_MACS = {"resnet50": 4.089, "densenet121": 2.834, "squeezenet": 0.349, "vgg19": 19.632}

WITHOUT_MODEL = {"bvlc_alexnet": ["LRN"] * 2, "inception_v1": ["LRN"] * 2, "zfnet512": ["LRN"] * 2}

every_network = pytest.mark.parametrize("name", NETWORKS)


@cache
def network(name: str) -> Graph:
    return read_network(FOLDER / f"light_{name}.onnx")


@cache
def inferred(name: str) -> onnx.GraphProto:
    return onnx.shape_inference.infer_shapes(onnx.load(FOLDER / f"light_{name}.onnx"), data_prop=True).graph


@cache
def sides(name: str) -> dict[str, tuple[int, ...]]:
    graph = inferred(name)
    values = (*graph.input, *graph.value_info, *graph.output)
    known = {value.name: tuple(side.dim_value for side in value.type.tensor_type.shape.dim) for value in values}
    return known | {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}


def test_the_networks_are_there() -> None:
    assert {*PARAMETERS, *GIGA_MACS, *WITHOUT_MODEL} <= set(NETWORKS)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_those_published(name: str) -> None:
    assert network(name).parameter_count == PARAMETERS[name]


@pytest.mark.parametrize("name", GIGA_MACS)
def test_multiply_accumulates_are_those_published(name: str) -> None:
    assert round(network(name).macs / 1e9, 3) == GIGA_MACS[name]


@every_network
def test_multiply_accumulates_are_those_of_the_shapes_that_onnx_infers(name: str) -> None:
    macs = 0
    for node in inferred(name).node:
        if node.op_type == "Conv":
            macs += math.prod(sides(name)[node.output[0]]) * math.prod(sides(name)[node.input[1]][1:])
        elif node.op_type == "Gemm":
            macs += math.prod(sides(name)[node.input[1]])
    assert network(name).macs == macs


@every_network
def test_parameters_are_those_of_the_shapes_that_onnx_infers(name: str) -> None:
    parameters = 0
    slots = {"Conv": (1, 2), "Gemm": (1, 2), "BatchNormalization": (1, 2)}
    for node in inferred(name).node:
        trained = [node.input[slot] for slot in slots.get(node.op_type, ()) if slot < len(node.input)]
        parameters += sum(math.prod(sides(name)[tensor]) for tensor in trained)
    assert network(name).parameter_count == parameters


@every_network
def test_operators_without_a_model(name: str) -> None:
    assert [node.what for node in network(name) if isinstance(node, Unmodelled)] == WITHOUT_MODEL.get(name, [])


@every_network
def test_every_convolution_and_batchnorm_is_there(name: str) -> None:
    written = [node.op_type for node in inferred(name).node]
    nodes = list(network(name))
    assert sum(isinstance(node, Conv) for node in nodes) == written.count("Conv")
    assert sum(isinstance(node, BatchNorm) for node in nodes) == written.count("BatchNormalization")


@pytest.mark.parametrize(
    ("name", "folded", "batchnorms"),
    [
        ("resnet50", 53, 53),
        ("inception_v2", 69, 69),
        ("shufflenet", 49, 49),
        # He et al.'s order, BatchNorm and activation ahead of a convolution, leaves those at the beginning of a layer:
        # folded are that of the stem and those between the two convolutions of 58 layers.
        ("densenet121", 59, 121),
    ],
)
def test_batchnorms_that_can_be_folded(name: str, folded: int, batchnorms: int) -> None:
    matches = match_batchnorms(network(name))
    assert (sum(match.into is not None for match in matches), len(matches)) == (folded, batchnorms)


def test_resnet_50_is_the_one_that_is_shipped(repository: Path) -> None:
    # The same variant, too: the stride comes with the 3x3.
    shipped = read_network(repository / "workloads" / "resnet50.yaml")
    exported = network("resnet50")

    def convolutions(graph: Graph) -> list[tuple[object, ...]]:
        nodes = [node for node in graph if isinstance(node, Conv)]
        return sorted(
            (node.window, node.in_channels, graph.shapes[node.name], node.macs(graph.shapes[node.name]))
            for node in nodes
        )

    assert convolutions(exported) == convolutions(shipped)
    assert [node.operator for node in exported if node.operator == "pool"] == ["pool", "pool"]
    assert exported.parameter_count == shipped.parameter_count
