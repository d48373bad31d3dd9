"""A network that is written as YAML and read back is the same network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.documents.yaml_document import parse_yaml
from accelsim.errors import InputError
from accelsim.fusion.apply_graph import fold_batchnorms
from accelsim.workload import read_workload
from accelsim.workload.graph import Graph
from accelsim.workload.nodes import (
    Activation,
    Add,
    BatchNorm,
    Concat,
    Conv,
    Flatten,
    Linear,
    Node,
    Output,
    Pool,
    Source,
    Unmodelled,
    View,
)
from accelsim.workload.shapes import Shape, Window, ZeroKernels
from accelsim.workload.yaml_writer import workload_yaml, write_workload
from tests.random_cases import seeded
from tests.workload.random_graphs import random_graph

WORKLOADS = sorted((Path(__file__).parents[2] / "workloads").glob("*.yaml"))


def assert_survives(graph: Graph, folder: Path) -> None:
    path = folder / "again.yaml"
    path.write_text(workload_yaml(graph, "a source"), encoding="utf-8")
    again = read_workload(path)
    assert list(again) == list(graph)
    assert again.shapes == graph.shapes
    assert again.name == graph.name


def layer_lines(*nodes: Node, image: Shape = Shape(4, 8, 8)) -> list[str]:  # noqa: B008  immutable
    written = workload_yaml(Graph("net", image, nodes)).splitlines()
    assert written[2] == "layers:"
    return [line.removeprefix("  - ") for line in written[3:]]


@pytest.mark.parametrize("path", WORKLOADS, ids=lambda path: path.stem)
def test_shipped_networks_survive(path: Path, tmp_path: Path) -> None:
    assert_survives(read_workload(path), tmp_path)


@pytest.mark.parametrize("seed", range(80))
def test_random_networks_survive(seed: int, tmp_path: Path) -> None:
    assert_survives(random_graph(seeded(seed)), tmp_path)


def test_the_random_networks_have_every_operator() -> None:
    operators = {type(node) for seed in range(80) for node in random_graph(seeded(seed))}
    assert operators == {
        *(Conv, Linear, BatchNorm, Activation, Add, Pool, Flatten),
        *(View, Concat, Source, Output, Unmodelled),
    }


def test_a_network_is_a_line_a_layer_without_what_goes_without_saying() -> None:
    nodes = [
        Conv(name="a", inputs=("input",), in_channels=4, out_channels=4, window=Window()),
        BatchNorm(name="b", inputs=("a",)),
        Add(name="c", inputs=("b", "input")),
        Activation(name="d", inputs=("c",), kind="relu"),
        Pool(name="e", inputs=("d",), kind="avg", window=None),
        Linear(name="f", inputs=("e",), in_features=4, out_features=10),
    ]
    assert workload_yaml(Graph("tiny", Shape(4, 8, 8), nodes), "a paper: this one") == (
        "name: tiny\n"
        'source: "a paper: this one"\n'
        "input: {channels: 4, height: 8, width: 8}\n"
        "layers:\n"
        "  - {name: a, op: conv, out_channels: 4, kernel: 1}\n"
        "  - {name: b, op: batchnorm}\n"
        "  - {name: c, op: add, inputs: [b, input]}\n"
        "  - {name: d, op: relu}\n"
        "  - {name: e, op: global_avgpool}\n"
        "  - {name: f, op: linear, out_features: 10}\n"
    )


@pytest.mark.parametrize(
    ("window", "written"),
    [
        (Window((3, 3), (1, 1), (1, 1, 1, 1)), "kernel: 3, padding: 1"),
        (Window((1, 7), (2, 1), (0, 3, 0, 3)), "kernel: [1, 7], stride: [2, 1], padding: [0, 3]"),
        (Window((3, 3), (2, 2), (0, 0, 1, 1), (2, 2)), "kernel: 3, stride: 2, padding: [0, 0, 1, 1], dilation: 2"),
        (Window((3, 2), (3, 2)), "kernel: [3, 2], stride: [3, 2]"),
    ],
)
def test_windows_are_written_as_short_as_they_can_be(window: Window, written: str) -> None:
    conv = Conv(name="a", inputs=("input",), in_channels=4, out_channels=8, window=window, groups=2, bias=True)
    assert layer_lines(conv) == [f"{{name: a, op: conv, out_channels: 8, {written}, groups: 2, bias: true}}"]


def test_the_stride_of_a_pool_is_its_kernel_unless_said_otherwise() -> None:
    pools = [
        Pool(name="a", inputs=("input",), kind="max", window=Window((2, 1), (2, 1))),
        Pool(name="b", inputs=("input",), kind="avg", window=Window((2, 2), (1, 1))),
    ]
    assert layer_lines(*pools) == [
        "{name: a, op: maxpool, kernel: [2, 1]}",
        "{name: b, op: avgpool, inputs: [input], kernel: 2, stride: 1}",
    ]


def test_what_has_no_model_says_what_it_is() -> None:
    nodes = [
        Unmodelled(name="a", inputs=("input",), what="LRN", shape=Shape(4, 8, 8), operations=7),
        Unmodelled(name="b", inputs=(), what="RandomNormal", shape=Shape(4, 1, 1)),
        Unmodelled(name="c", inputs=("a",), what="Resize", shape=Shape(4, 9, 9), unfoldable="", weights="w"),
    ]
    assert layer_lines(*nodes) == [
        "{name: a, op: unmodelled, operator: LRN, shape: [4, 8, 8], operations: 7}",
        "{name: b, op: unmodelled, inputs: [], operator: RandomNormal, shape: [4, 1, 1]}",
        '{name: c, op: unmodelled, inputs: [a], operator: Resize, shape: [4, 9, 9], weights: w, unfoldable: ""}',
    ]


def test_a_further_input_reads_nothing() -> None:
    assert layer_lines(Source(name="mask", inputs=(), shape=Shape(4, 8, 1))) == [
        "{name: mask, op: input, channels: 4, height: 8}"
    ]


ODD_NAMES = [
    *("yes", "no", "null", "~", "true", "1", "1e3", "0x1f", ".5", "1:30", "2001-01-01", "<<", "=", "-", "--- a"),
    *("- a", "-a", "? a", ": a", "a: b", "a:", "a #b", "#a", "a, b", "[a]", "{a}", "*a", "&a", "!a", "%a", "@a", "`a"),
    *("'a'", '"a"', "a'b\"c", "\\n", " a", "a ", "a  b", "größe", "層", "\U0001f600", "|", ">", "inputs", "x" * 200),
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_survive(name: str, tmp_path: Path) -> None:
    nodes = [
        Conv(name=name, inputs=("input",), in_channels=4, out_channels=4, window=Window(), weights=name),
        BatchNorm(name="b", inputs=("input",), unfoldable=name),
        Add(name="c", inputs=("b", name)),
        Unmodelled(name="d", inputs=("c",), what=name, shape=Shape(1, 1, 1)),
    ]
    assert_survives(Graph(name, Shape(4, 8, 8), nodes), tmp_path)


CHARACTERS = st.characters() | st.sampled_from(" :#-?,[]{}'\"&*!|>%@`.0e/")


@settings(max_examples=500)
@given(name=st.text(CHARACTERS, min_size=1, max_size=200).filter(lambda name: name.isprintable() and name != "input"))
def test_any_name_that_the_format_knows_survives(name: str) -> None:
    written: dict[str, Any] = parse_yaml(
        workload_yaml(Graph(name, Shape(1, 1, 1), [Activation(name=name, inputs=("input",), kind="relu")]), name)
    )[0]
    assert (written["name"], written["source"]) == (name, name)
    assert written["layers"] == [{"name": name, "op": "relu"}]


def test_a_network_with_folded_batchnorms_has_no_file(tmp_path: Path) -> None:
    conv = Conv(name="a", inputs=("input",), in_channels=4, out_channels=4, window=Window())
    graph = Graph("net", Shape(4, 8, 8), [conv, BatchNorm(name="b", inputs=("a",))])
    with pytest.raises(ValueError, match="'a' has absorbed BatchNorms"):
        workload_yaml(fold_batchnorms(graph))
    assert_survives(graph, tmp_path)


def test_a_network_for_which_the_format_has_no_room_leaves_no_file(tmp_path: Path) -> None:
    # A window of 1,025 columns is one too large for the format, whoever delivered the graph.
    wide = Pool(name="wide", inputs=("input",), kind="avg", window=Window((1, 1025)))
    path = tmp_path / "net.yaml"
    with pytest.raises(
        InputError, match=r"does not go into a YAML file: layers\[0\]\.kernel: .*at most 1024, not 1025"
    ):
        write_workload(Graph("net", Shape(1, 1, 2000), [wide]), path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_replaced_only_by_force(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    graph = Graph("net", Shape(1, 1, 1), [Activation(name="a", inputs=("input",), kind="relu")])
    path.write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        write_workload(graph, path)
    assert path.read_text() == "mine"
    write_workload(graph, path, force=True)
    assert list(read_workload(path)) == list(graph)


def test_zero_weights(tmp_path: Path) -> None:
    zeros = (ZeroKernels(0, 6, 1, 2), ZeroKernels(2, 5, 0, 2))
    convolution = Conv(name="c", inputs=("input",), in_channels=4, out_channels=6, window=Window(), groups=2)
    convolution = replace(convolution, zero_kernels=zeros)
    linear = Linear(name="l", inputs=("c",), in_features=6 * 64, out_features=3)
    linear = replace(linear, zero_kernels=(ZeroKernels(1, 3, 7, 9),))
    lines = layer_lines(convolution, linear)
    assert lines[0].endswith("zero_weights: [{outputs: 0-5, inputs: 1}, {outputs: 2-4, inputs: 0-1}]}")
    assert lines[1].endswith("zero_weights: [{outputs: 1-2, inputs: 7-8}]}")
    assert_survives(Graph("net", Shape(4, 8, 8), [convolution, linear]), tmp_path)
