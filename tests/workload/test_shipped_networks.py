"""The networks in ``workloads/`` are the published ones: their counts, their structure and their shapes."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from accelsim.workload import read_network
from accelsim.workload.graph import Graph
from accelsim.workload.nodes import Activation, Add, BatchNorm, Conv
from accelsim.workload.shapes import Shape

WORKLOADS = Path(__file__).parents[2] / "workloads"


class Published(NamedTuple):
    """What is known of a network: work and parameters, and how many nodes of each kind it has."""

    macs: int
    parameters: int
    convs: int
    batch_norms: int
    adds: int


# Published parameters are exact, published multiply-accumulates rounded; torchvision's are "num_params" and
# "_ops" (10^9) of the weights named. The exact multiply-accumulates, of convolutions and classifier, were
# counted by forward hooks in PyTorch models written from the papers' tables, independently of the files.
PUBLISHED = {
    # torchvision ResNet18_Weights: 11,689,512 and 1.814 G. He et al. 2016, table 1: 1.8 G.
    # 1 stem + 8 blocks of 2 + 3 downsamples = 20 convolutions.
    "resnet18": Published(1_814_073_344, 11_689_512, convs=20, batch_norms=20, adds=8),
    # torchvision ResNet50_Weights: 25,557,032 and 4.089 G (v1.5; He et al. 2016, table 1, for v1: 3.8 G).
    # 1 stem + 16 blocks of 3 + 4 downsamples = 53 convolutions.
    "resnet50": Published(4_089_184_256, 25_557_032, convs=53, batch_norms=53, adds=16),
    # torchvision VGG16_BN_Weights: 138,365,992 and 15.47 G. Simonyan and Zisserman 2015, table 2, D: 138 M.
    "vgg16_bn": Published(15_470_264_320, 138_365_992, convs=13, batch_norms=13, adds=0),
    # kuangliu/pytorch-cifar, models/vgg.py: 14,728,266 (4,224 of them biases of the convolutions).
    # By hand, 3x3 at 32, 16, 8, 4, 2 pixels a side:
    #   1024 * 9 * (3 * 64 + 64 * 64)               39,518,208
    #   256 * 9 * (64 * 128 + 128 * 128)            56,623,104
    #   64 * 9 * (128 * 256 + 2 * 256 * 256)        94,371,840
    #   16 * 9 * (256 * 512 + 2 * 512 * 512)        94,371,840
    #   4 * 9 * 3 * 512 * 512 + 512 * 10            28,316,672
    "vgg16_bn_cifar10": Published(313_201_664, 14_728_266, convs=13, batch_norms=13, adds=0),
    # Howard et al. 2017, table 6: 569 M and 4.2 M. Keras' MobileNet: 4,231,976 trainable parameters.
    # 1 stem + 13 blocks of 2 = 27 convolutions.
    "mobilenet_v1": Published(568_740_352, 4_231_976, convs=27, batch_norms=27, adds=0),
    # torchvision MobileNet_V2_Weights: 3,504,872 and 0.301 G. Sandler et al. 2018, table 4: 3.4 M and 300 M.
    # 2 at the ends + 1 block of 2 + 16 blocks of 3 = 52 convolutions; 1 + 2 + 3 + 2 + 2 = 10 residuals.
    "mobilenet_v2": Published(300_774_272, 3_504_872, convs=52, batch_norms=52, adds=10),
    # By hand: 4 * 4 outputs of 8 * 8 * 9 weights; these weights and 2 * 8 BN parameters.
    "alpha5": Published(9_216, 592, convs=1, batch_norms=1, adds=0),
}

# Output of the named layer (or the network's "input"), from the tables of the papers.
SHAPES = {
    "resnet18": {
        "input": (3, 224, 224),
        "conv1": (64, 112, 112),
        "maxpool": (64, 56, 56),
        "layer1.1.relu_1": (64, 56, 56),
        "layer2.1.relu_1": (128, 28, 28),
        "layer3.1.relu_1": (256, 14, 14),
        "layer4.1.relu_1": (512, 7, 7),
        "avgpool": (512, 1, 1),
        "fc": (1000, 1, 1),
    },
    "resnet50": {
        "input": (3, 224, 224),
        "conv1": (64, 112, 112),
        "maxpool": (64, 56, 56),
        "layer1.2.relu_2": (256, 56, 56),
        "layer2.0.conv1": (128, 56, 56),  # v1.5: the stride comes with the 3x3
        "layer2.0.conv2": (128, 28, 28),
        "layer2.3.relu_2": (512, 28, 28),
        "layer3.5.relu_2": (1024, 14, 14),
        "layer4.2.relu_2": (2048, 7, 7),
        "avgpool": (2048, 1, 1),
        "fc": (1000, 1, 1),
    },
    "vgg16_bn": {
        "input": (3, 224, 224),
        "features.5": (64, 224, 224),
        "features.6": (64, 112, 112),
        "features.13": (128, 56, 56),
        "features.23": (256, 28, 28),
        "features.33": (512, 14, 14),
        "features.43": (512, 7, 7),
        "flatten": (25088, 1, 1),
        "classifier.0": (4096, 1, 1),
        "classifier.6": (1000, 1, 1),
    },
    "vgg16_bn_cifar10": {
        "input": (3, 32, 32),
        "features.5": (64, 32, 32),
        "features.6": (64, 16, 16),
        "features.13": (128, 8, 8),
        "features.23": (256, 4, 4),
        "features.33": (512, 2, 2),
        "features.43": (512, 1, 1),
        "classifier": (10, 1, 1),
    },
    "mobilenet_v1": {
        "input": (3, 224, 224),
        "conv1": (32, 112, 112),
        "conv_pw_1": (64, 112, 112),
        "conv_pw_3": (128, 56, 56),
        "conv_pw_5": (256, 28, 28),
        "conv_pw_11": (512, 14, 14),
        "conv_pw_13": (1024, 7, 7),
        "avgpool": (1024, 1, 1),
        "fc": (1000, 1, 1),
    },
    "mobilenet_v2": {
        "input": (3, 224, 224),
        "features.0.0": (32, 112, 112),
        "features.1.conv.2": (16, 112, 112),
        "features.3.add": (24, 56, 56),
        "features.6.add": (32, 28, 28),
        "features.10.add": (64, 14, 14),
        "features.13.add": (96, 14, 14),
        "features.16.add": (160, 7, 7),
        "features.17.conv.3": (320, 7, 7),
        "features.18.0": (1280, 7, 7),
        "avgpool": (1280, 1, 1),
        "classifier.1": (1000, 1, 1),
    },
    "alpha5": {"input": (8, 4, 4), "conv": (8, 4, 4), "relu": (8, 4, 4)},
}

# Convolutions that no batch normalisation follows: none of these networks has one.
CONVS_WITHOUT_BATCH_NORM: dict[str, set[str]] = {}

all_networks = pytest.mark.parametrize("name", PUBLISHED)


@cache
def network(name: str) -> Graph:
    return read_network(WORKLOADS / f"{name}.yaml")


def test_every_shipped_network_is_checked_here() -> None:
    assert {path.stem for path in WORKLOADS.glob("*.yaml")} == set(PUBLISHED) == set(SHAPES)


@all_networks
def test_a_network_is_named_as_its_file(name: str) -> None:
    assert network(name).name == name


@all_networks
def test_multiply_accumulates_are_those_published(name: str) -> None:
    assert network(name).macs == PUBLISHED[name].macs


@all_networks
def test_parameters_are_those_published(name: str) -> None:
    assert network(name).parameter_count == PUBLISHED[name].parameters


@all_networks
@pytest.mark.parametrize(("kind", "field"), [(Conv, "convs"), (BatchNorm, "batch_norms"), (Add, "adds")])
def test_number_of_nodes_of_each_kind(name: str, kind: type[Conv | BatchNorm | Add], field: str) -> None:
    found = [node.name for node in network(name) if isinstance(node, kind)]
    assert len(found) == getattr(PUBLISHED[name], field)


@all_networks
def test_shapes_at_the_boundaries_of_the_stages(name: str) -> None:
    shapes = network(name).shapes
    expected = {layer: Shape(*shape) for layer, shape in SHAPES[name].items()}
    assert {layer: shapes[layer] for layer in expected} == expected


@all_networks
def test_every_convolution_is_followed_by_a_batch_norm_alone(name: str) -> None:
    graph = network(name)
    readers = graph.readers()
    without = {
        node.name
        for node in graph
        if isinstance(node, Conv)
        and not (len(readers[node.name]) == 1 and isinstance(graph.nodes[readers[node.name][0]], BatchNorm))
    }
    assert without == CONVS_WITHOUT_BATCH_NORM.get(name, set())


@all_networks
def test_every_batch_norm_follows_a_convolution(name: str) -> None:
    graph = network(name)
    before = [graph.nodes[node.inputs[0]] for node in graph if isinstance(node, BatchNorm)]
    assert all(isinstance(node, Conv) for node in before)


@all_networks
def test_an_addition_comes_right_after_the_main_path_of_its_block(name: str) -> None:
    graph = network(name)
    order = list(graph)
    for previous, node in pairwise(order):
        if isinstance(node, Add):
            assert node.inputs[0] == previous.name
            assert isinstance(previous, BatchNorm)


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_a_downsample_branch_is_on_the_second_operand_and_reads_what_its_block_reads(name: str) -> None:
    graph = network(name)
    blocks = [node.name.removesuffix(".add") for node in graph if isinstance(node, Add)]
    with_branch = [block for block in blocks if f"{block}.downsample.0" in graph.nodes]
    for block in blocks:
        block_input = graph.nodes[f"{block}.conv1"].inputs[0]
        if block in with_branch:
            assert graph.nodes[f"{block}.downsample.0"].inputs == (block_input,)
        shortcut = f"{block}.downsample.1" if block in with_branch else block_input
        assert graph.nodes[f"{block}.add"].inputs[1] == shortcut
    # where the shape changes: ResNet-50 widens in layer1 too
    first = 2 if name == "resnet18" else 1
    assert with_branch == [f"layer{stage}.0" for stage in range(first, 5)]


def test_an_inverted_residual_of_mobilenet_v2_adds_the_input_of_its_block() -> None:
    graph = network("mobilenet_v2")
    for node in graph:
        if isinstance(node, Add):
            expansion = node.name.replace(".add", ".conv.0.0")
            assert node.inputs[1] == graph.nodes[expansion].inputs[0]


@pytest.mark.parametrize(("name", "kind"), [("mobilenet_v1", "relu"), ("mobilenet_v2", "relu6")])
def test_activation_of_the_mobilenets(name: str, kind: str) -> None:
    assert {node.kind for node in network(name) if isinstance(node, Activation)} == {kind}


@pytest.mark.parametrize(("name", "depthwise"), [("mobilenet_v1", 13), ("mobilenet_v2", 17)])
def test_a_depthwise_convolution_has_one_group_per_channel(name: str, depthwise: int) -> None:
    grouped = [node for node in network(name) if isinstance(node, Conv) and node.groups != 1]
    assert len(grouped) == depthwise
    assert all(conv.groups == conv.in_channels == conv.out_channels for conv in grouped)


def test_only_the_vgg_networks_have_convolutions_with_a_bias() -> None:
    with_bias = {name for name in PUBLISHED for node in network(name) if isinstance(node, Conv) and node.bias}
    assert with_bias == {"vgg16_bn", "vgg16_bn_cifar10"}


def test_alpha5_slides_over_a_padded_input_of_36_positions() -> None:
    graph = network("alpha5")
    conv = graph.nodes["conv"]
    assert isinstance(conv, Conv)
    top, left, bottom, right = conv.window.padding
    shape = graph.shapes["input"]
    assert (top + shape.height + bottom) * (left + shape.width + right) == 36
