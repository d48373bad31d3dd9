"""The YAML workload format becomes a graph, or one clear error with file, line and layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.workload import read_network, read_workload
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

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "name: net\ninput: {channels: 3, height: 8, width: 10}\nlayers:\n"
FIRST_LAYER_LINE = 4


CONV = "name: a, op: conv, out_channels: 4, kernel: 1"


def workload(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "net.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def network(tmp_path: Path, *layers: str) -> Graph:
    return read_workload(workload(tmp_path, HEADER + "".join(f"- {{{layer}}}\n" for layer in layers)))


def refusal(tmp_path: Path, text: str) -> InputError:
    path = workload(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_workload(path)
    assert caught.value.path == path
    return caught.value


def layer_refusal(tmp_path: Path, *layers: str) -> InputError:
    return refusal(tmp_path, HEADER + "".join(f"- {{{layer}}}\n" for layer in layers))


@pytest.mark.parametrize(
    ("layer", "node"),
    [
        (
            "name: a, op: conv, in_channels: 3, out_channels: 4, kernel: 3, stride: 2, padding: 1",
            Conv(
                name="a",
                inputs=("input",),
                in_channels=3,
                out_channels=4,
                window=Window((3, 3), (2, 2), (1, 1, 1, 1)),
            ),
        ),
        (
            "name: a, op: conv, out_channels: 6, kernel: [1, 7], stride: [1, 2], padding: [0, 3],"
            " dilation: [2, 1], groups: 3, bias: true",
            Conv(
                name="a",
                inputs=("input",),
                in_channels=3,
                out_channels=6,
                window=Window((1, 7), (1, 2), (0, 3, 0, 3), (2, 1)),
                groups=3,
                bias=True,
            ),
        ),
        (
            "name: a, op: conv, out_channels: 4, kernel: [7, 5], padding: [1, 2, 3, 4]",
            Conv(
                name="a",
                inputs=("input",),
                in_channels=3,
                out_channels=4,
                window=Window((7, 5), padding=(1, 2, 3, 4)),
            ),
        ),
        (
            "name: a, op: linear, in_features: 240, out_features: 10",
            Linear(name="a", inputs=("input",), in_features=240, out_features=10, bias=True),
        ),
        (
            "name: a, op: linear, out_features: 10, bias: false",
            Linear(name="a", inputs=("input",), in_features=240, out_features=10, bias=False),
        ),
        ("name: a, op: batchnorm", BatchNorm(name="a", inputs=("input",))),
        (
            "name: a, op: batchnorm, unfoldable: it learns",
            BatchNorm(name="a", inputs=("input",), unfoldable="it learns"),
        ),
        ("name: a, op: hardswish", Activation(name="a", inputs=("input",), kind="hardswish")),
        ("name: a, op: add, inputs: [input, input]", Add(name="a", inputs=("input", "input"))),
        (
            "name: a, op: maxpool, kernel: 2",
            Pool(name="a", inputs=("input",), kind="max", window=Window((2, 2), (2, 2))),
        ),
        (
            "name: a, op: avgpool, kernel: [3, 2], stride: 1, padding: 1",
            Pool(name="a", inputs=("input",), kind="avg", window=Window((3, 2), (1, 1), (1, 1, 1, 1))),
        ),
        ("name: a, op: global_maxpool", Pool(name="a", inputs=("input",), kind="max", window=None)),
        ("name: a, op: global_avgpool", Pool(name="a", inputs=("input",), kind="avg", window=None)),
        (
            "name: a, op: maxpool, kernel: 3, dilation: [2, 1]",
            Pool(name="a", inputs=("input",), kind="max", window=Window((3, 3), (3, 3), dilation=(2, 1))),
        ),
        ("name: a, op: flatten", Flatten(name="a", inputs=("input",))),
        ("name: a, op: view, shape: [1, 24, 10]", View(name="a", inputs=("input",), shape=Shape(1, 24, 10))),
        ("name: a, op: concat, inputs: [input, input]", Concat(name="a", inputs=("input", "input"), axis="channels")),
        (
            "name: a, op: concat, inputs: [input, input, input], axis: width",
            Concat(name="a", inputs=("input", "input", "input"), axis="width"),
        ),
        ("name: a, op: input, channels: 7", Source(name="a", inputs=(), shape=Shape(7, 1, 1))),
        ("name: a, op: input, channels: 7, height: 2, width: 3", Source(name="a", inputs=(), shape=Shape(7, 2, 3))),
        ("name: a, op: output", Output(name="a", inputs=("input",))),
        (
            "name: a, op: unmodelled, operator: LRN, shape: [3, 8, 10]",
            Unmodelled(
                name="a",
                inputs=("input",),
                what="LRN",
                shape=Shape(3, 8, 10),
                operations=0,
                unfoldable="it has no weights that are known",
            ),
        ),
        (
            "name: a, op: unmodelled, operator: ConvTranspose, shape: [3, 16, 20], operations: 77, inputs: [],"
            " bias: true, weights: w, unfoldable: ''",
            Unmodelled(
                name="a",
                inputs=(),
                what="ConvTranspose",
                shape=Shape(3, 16, 20),
                operations=77,
                bias=True,
                weights="w",
                unfoldable="",
            ),
        ),
        (
            "name: a, op: conv, out_channels: 4, kernel: 1, weights: w, unfoldable: its weights are computed",
            Conv(
                name="a",
                inputs=("input",),
                in_channels=3,
                out_channels=4,
                window=Window(),
                weights="w",
                unfoldable="its weights are computed",
            ),
        ),
        (
            "name: a, op: linear, out_features: 10, weights: w, unfoldable: its weights are computed",
            Linear(
                name="a",
                inputs=("input",),
                in_features=240,
                out_features=10,
                weights="w",
                unfoldable="its weights are computed",
            ),
        ),
    ],
)
def test_every_operator(tmp_path: Path, layer: str, node: Node) -> None:
    assert list(network(tmp_path, layer)) == [node]


@pytest.mark.parametrize(
    "op",
    [
        *("relu", "relu6", "leaky_relu", "prelu", "clip", "elu", "selu", "sigmoid", "hardsigmoid", "tanh", "silu"),
        *("hardswish", "gelu", "mish", "softplus", "softmax"),
    ],
)
def test_every_activation(tmp_path: Path, op: str) -> None:
    (node,) = network(tmp_path, f"name: a, op: {op}")
    assert isinstance(node, Activation)
    assert node.kind == op


@pytest.mark.parametrize(
    ("kernel", "shape"), [("[1, 7]", Shape(4, 8, 4)), ("[7, 1]", Shape(4, 2, 10)), ("7", Shape(4, 2, 4))]
)
def test_a_kernel_is_height_by_width(tmp_path: Path, kernel: str, shape: Shape) -> None:
    graph = network(tmp_path, f"name: a, op: conv, out_channels: 4, kernel: {kernel}")
    assert graph.shapes["a"] == shape


@pytest.mark.parametrize(
    "layer",
    [
        "name: a, op: conv, out_channels: 4, kernel: [3, 2], dilation: [2, 1], padding: [4, 1]",
        "name: a, op: maxpool, kernel: [4, 3], padding: [3, 2]",
    ],
)
def test_padding_is_allowed_to_the_limit(tmp_path: Path, layer: str) -> None:
    assert len(network(tmp_path, layer).nodes) == 1


def test_a_layer_reads_the_one_before_unless_told_otherwise(tmp_path: Path) -> None:
    graph = network(
        tmp_path,
        "name: a, op: relu",
        "name: b, op: relu",
        "name: c, op: relu, inputs: a",
        "name: d, op: relu, inputs: [input]",
        "name: e, op: add, inputs: [c, b]",
        "name: f, op: relu",
    )
    assert [node.inputs for node in graph] == [("input",), ("a",), ("a",), ("input",), ("c", "b"), ("e",)]


def test_what_reads_nothing_does_not_read_the_layer_before(tmp_path: Path) -> None:
    graph = network(
        tmp_path,
        "name: a, op: relu",
        "name: mask, op: input, channels: 3, height: 8, width: 10",
        "name: b, op: relu",
        "name: c, op: unmodelled, operator: RandomNormal, shape: [3, 8, 10], inputs: []",
        "name: d, op: unmodelled, operator: Mul, shape: [3, 8, 10], inputs: [b, c]",
        "name: e, op: output",
        "name: f, op: relu",
    )
    assert [node.inputs for node in graph] == [("input",), (), ("mask",), (), ("b", "c"), ("d",), ("e",)]


def test_what_stands_above_the_layers(tmp_path: Path) -> None:
    text = "name: net\nsource: a paper\ninput: {channels: 7}\nlayers: [{name: a, op: relu}]"
    graph = read_workload(workload(tmp_path, text))
    assert graph.name == "net"
    assert graph.input_shape == Shape(7, 1, 1)


@pytest.mark.parametrize(
    ("layer", "key", "words"),
    [
        ("name: a", "layers[0].op", "is missing (one of conv, linear, batchnorm, relu"),
        ("op: relu", "layers[0].name", "is missing"),
        (
            "name: a, op: covn",
            "layers[0].op",
            "unknown operator 'covn'; did you mean 'conv'? (known operators: ",
        ),
        ("name: a, op: 3", "layers[0].op", "must be the name of an operator, not 3"),
        ("name: a, op: [conv]", "layers[0].op", "must be the name of an operator, not a list"),
        (
            "name: a, op: maxpool, kernal: 3",
            "layers[0].kernal",
            "unknown key 'kernal'; did you mean 'kernel'? (known keys: name, op, inputs, kernel, stride, padding, "
            "dilation)",
        ),
        (
            "name: a, op: relu, kernel: 3",
            "layers[0].kernel",
            "unknown key 'kernel' (known keys: name, op, inputs)",
        ),
        ("name: a, op: conv, kernel: 3", "layers[0].out_channels", "is missing"),
        ("name: a, op: maxpool", "layers[0].kernel", "is missing"),
        ("name: a, op: maxpool, kernel: 0", "layers[0].kernel", "must be at least 1 and at most 1024, not 0"),
        ("name: a, op: maxpool, kernel: 1025", "layers[0].kernel", "at most 1024, not 1025"),
        ("name: a, op: maxpool, kernel: [3, 0]", "layers[0].kernel", "must be at least 1"),
        (
            "name: a, op: maxpool, kernel: [3, 3, 3]",
            "layers[0].kernel",
            "must be a whole number or [height, width], not a list",
        ),
        ("name: a, op: maxpool, kernel: []", "layers[0].kernel", "or [height, width], not a list"),
        ("name: a, op: maxpool, kernel: '3'", "layers[0].kernel", "or [height, width], not the text '3'"),
        ("name: a, op: maxpool, kernel: [3, x]", "layers[0].kernel", "or [height, width], not the text 'x'"),
        ("name: a, op: maxpool, kernel: true", "layers[0].kernel", "or [height, width], not true"),
        (
            "name: a, op: maxpool, kernel: 3, padding: [1, 2, 3]",
            "layers[0].padding",
            "must be a whole number or [vertical, horizontal] or [top, left, bottom, right], not a list",
        ),
        ("name: a, op: maxpool, kernel: 3, padding: -1", "layers[0].padding", "must be at least 0"),
        (
            "name: a, op: conv, kernel: 1, out_channels: 16777217",
            "layers[0].out_channels",
            "at most 16777216",
        ),
        ("name: a, op: conv, kernel: 1, out_channels: 1, bias: 1", "layers[0].bias", "must be true or false"),
        ("name: a, op: view", "layers[0].shape", "is missing"),
        ("name: a, op: view, shape: 3", "layers[0].shape", "must be [channels, height, width], not 3"),
        ("name: a, op: view, shape: [3, 8]", "layers[0].shape", "must be [channels, height, width], not a list"),
        ("name: a, op: view, shape: [3, 8, x]", "layers[0].shape", "[channels, height, width], not the text 'x'"),
        ("name: a, op: view, shape: [0, 8, 8]", "layers[0].shape", "must be at least 1 and at most 16777216, not 0"),
        ("name: a, op: view, shape: [3, 8, 65537]", "layers[0].shape", "at least 1 and at most 65536, not 65537"),
        (
            "name: a, op: concat, axis: rows",
            "layers[0].axis",
            "must be one of 'channels', 'height', 'width', not 'rows'",
        ),
        ("name: a, op: concat, inputs: []", "layers[0].inputs", "must have at least 1 item"),
        (
            "name: a, op: input, channels: 1, inputs: input",
            "layers[0].inputs",
            "unknown key 'inputs' (known keys: name, op, channels, height, width)",
        ),
        ("name: a, op: input", "layers[0].channels", "is missing"),
        ("name: a, op: unmodelled, shape: [1, 1, 1]", "layers[0].operator", "is missing (what it is called elsewhere"),
        ("name: a, op: unmodelled, operator: LRN", "layers[0].shape", "is missing ([channels, height, width] of"),
        (
            "name: a, op: unmodelled, operator: LRN, shape: [1, 1, 1], operations: -1",
            "layers[0].operations",
            "must be at least 0, not -1",
        ),
        (
            'name: a, op: unmodelled, operator: "L\\nN", shape: [1, 1, 1]',
            "layers[0].operator",
            "must consist of printable characters",
        ),
        ("name: a, op: batchnorm, weights: w", "layers[0].weights", "unknown key 'weights'"),
        ("name: a, op: batchnorm, unfoldable: true", "layers[0].unfoldable", "must be text, not true"),
        ("name: a, op: linear, out_features: 1, weights: 3", "layers[0].weights", "must be text, not 3"),
        ("name: a, op: relu, inputs: 3", "layers[0].inputs", "must be a list, not 3"),
        ("name: a, op: relu, inputs: []", "layers[0].inputs", "must have at least 1 item"),
        ("name: a, op: relu, inputs: [3]", "layers[0].inputs[0]", "must be text, not 3"),
        ("name: '', op: relu", "layers[0].name", "must have at least 1 character"),
        (f"name: {'x' * 201}, op: relu", "layers[0].name", "must have at most 200 characters"),
        ('name: "a\\nb", op: relu', "layers[0].name", "must consist of printable characters"),
        (
            "name: input, op: relu",
            "layers[0].name",
            "'input' is the name of the network's input; choose another",
        ),
        ("name: 7, op: relu", "layers[0].name", "must be text, not 7"),
        (f"{CONV}, zero_weights: 0-3", "layers[0].zero_weights", "must be a list"),
        (f"{CONV}, zero_weights: [{{output: 1}}]", "layers[0].zero_weights[0].output", "did you mean 'outputs'"),
        (f"{CONV}, zero_weights: [{{outputs: 3-1}}]", "layers[0].zero_weights[0].outputs", "the first channel before"),
        (f"{CONV}, zero_weights: [{{inputs: 1-}}]", "layers[0].zero_weights[0].inputs", "a range such as 0-31"),
        (f"{CONV}, zero_weights: [{{inputs: true}}]", "layers[0].zero_weights[0].inputs", "a range such as 0-31"),
        (f"{CONV}, zero_weights: [{{inputs: -1}}]", "layers[0].zero_weights[0].inputs", "counted from 0"),
        ("name: a, op: relu, zero_weights: []", "layers[0].zero_weights", "unknown key"),
    ],
)
def test_a_bad_layer_is_refused_with_line_and_key(tmp_path: Path, layer: str, key: str, words: str) -> None:
    error = layer_refusal(tmp_path, layer)
    assert (error.line, error.key) == (FIRST_LAYER_LINE, key)
    assert words in error.message


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            "name: b, op: conv, in_channels: 4, out_channels: 4, kernel: 1",
            "layer 'b': in_channels is 4, but 'a' delivers 3 (3x8x10)",
        ),
        (
            "name: b, op: conv, out_channels: 4, kernel: 9",
            "layer 'b': a window of 9x9 does not fit its padded input",
        ),
        (
            "name: b, op: conv, out_channels: 4, kernel: 1, groups: 2",
            "layer 'b': in_channels 3 is not a multiple",
        ),
        (
            "name: b, op: conv, out_channels: 4, kernel: 3, padding: 9",
            "layer 'b': vertical padding 9 is not smaller than its window of 3x3",
        ),
        (
            "name: b, op: conv, out_channels: 4, kernel: [3, 2], dilation: [2, 1], padding: [0, 0, 4, 2]",
            "layer 'b': horizontal padding 2 is not smaller than its window of 5x2",
        ),
        (
            "name: b, op: conv, out_channels: 4, kernel: 1, zero_weights: [{outputs: 1-4}]",
            "layer 'b': zero_weights: outputs 1-4 must lie in 0-3",
        ),
        (
            "name: b, op: conv, out_channels: 3, kernel: 1, groups: 3, zero_weights: [{inputs: 1}]",
            "layer 'b': zero_weights: inputs 1-1 must lie in 0-0",
        ),
        (
            "name: b, op: linear, out_features: 3, zero_weights: [{inputs: 240}]",
            "layer 'b': zero_weights: inputs 240-240 must lie in 0-239",
        ),
        ("name: b, op: concat", "layer 'b': reads 2 inputs, not 1"),
        ("name: b, op: view, shape: [3, 9, 10]", "layer 'b': a view of 270 elements (3x9x10) on 'a', which has 240"),
        (
            "name: b, op: input, channels: 16777216, height: 512",
            "layer 'b': its output of 16777216x512x1 has more than",
        ),
        ("name: b, op: output, inputs: [a, a]", "layer 'b': reads 1 input, not 2"),
        ("name: b, op: unmodelled, operator: LRN, shape: [1, 1, 1], inputs: aa", "layer 'b': reads 'aa', which no"),
        ("name: a, op: relu", "layer 'a': this name is used twice"),
        ("name: b, op: add", "layer 'b': reads 2 inputs, not 1"),
        ("name: b, op: relu, inputs: [a, a]", "layer 'b': reads 1 input, not 2"),
        (
            "name: b, op: relu, inputs: inputt",
            "layer 'b': reads 'inputt', which no earlier layer has; did you mean",
        ),
        (
            "name: b, op: conv, out_channels: 1, kernel: 1, inputs: zz",
            "layer 'b': reads 'zz', which no earlier",
        ),
        ("name: b, op: relu, inputs: b", "layer 'b': reads 'b', which no earlier layer has"),
    ],
)
def test_a_layer_that_does_not_chain_is_named_with_its_line(tmp_path: Path, layer: str, message: str) -> None:
    error = layer_refusal(tmp_path, "name: a, op: relu", layer)
    assert (error.line, error.key) == (FIRST_LAYER_LINE + 1, "layers[1]")
    assert error.message.startswith(message)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name: net\ninput: {channels: 1}\nlayers: []\n", 3, "layers: must have at least 1 item"),
        ("name: net\ninput: {channels: 1}\n", 1, "layers: is missing"),
        ("name: net\nlayers: [{name: a, op: relu}]\n", 1, "input: is missing"),
        ("name: net\ninput: {channels: 0}\nlayers: [{}]\n", 2, "input.channels: must be at least 1, not 0"),
        (
            "name: net\ninput: {channels: 1}\nlayers: [3]\n",
            3,
            "layers[0]: must be a mapping of keys to values, not 3",
        ),
        (
            "name: net\ninput: {channels: 1, height: 70000}\nlayers: [{}]\n",
            2,
            "input.height: must be at most 65536",
        ),
        (
            "name: net\ninput: {channels: 16777216, height: 65536, width: 2}\nlayers: [{}]\n",
            2,
            "input: its output of 16777216x65536x2 has more than",
        ),
        (
            "nmae: net\ninput: {channels: 1}\nlayers: [{}]\n",
            1,
            "nmae: unknown key 'nmae'; did you mean 'name'?",
        ),
    ],
)
def test_a_bad_network_is_refused_with_line_and_key(tmp_path: Path, text: str, line: int, words: str) -> None:
    error = refusal(tmp_path, text)
    assert error.line == line
    assert words in str(error)


VALID = (
    HEADER
    + """\
- {name: conv1, op: conv, out_channels: 4, kernel: [1, 3], stride: 2, padding: [0, 1]}
- {name: bn1, op: batchnorm}
- {name: relu, op: relu}
- {name: pool, op: maxpool, kernel: 2, inputs: bn1}
- {name: fc, op: linear, out_features: 10}
"""
)
FRAGMENTS = [
    "conv",
    "add",
    "input",
    "0",
    "-1",
    "1e9",
    "null",
    "true",
    "[",
    "]",
    "{",
    "}",
    ":",
    ", ",
    "\n",
    "- ",
]
FRAGMENTS += ["'", '"', "&a ", "*a ", "[1, 2]", "[]", "{}", "99999999999999999999", "kernel: ", "bn1", "op: "]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_change_to_a_workload_gives_anything_but_a_graph_or_an_input_error(
    tmp_path: Path, data: st.DataObject
) -> None:
    text = VALID
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 6)))
        text = text[:start] + data.draw(st.sampled_from(FRAGMENTS)) + text[end:]
    path = workload(tmp_path, text)
    try:
        valid, refused = read_workload(path), None
    except InputError as error:
        valid, refused = None, error
    assert (valid and valid.nodes) or (refused and refused.path == path)


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".YAML"])
def test_a_network_is_read_by_its_suffix(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"net{suffix}"
    path.write_text(VALID)
    assert read_network(path).name == "net"


@pytest.mark.parametrize("name", ["net.prototxt", "net"])
def test_a_suffix_that_no_frontend_reads_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"supported: \.yaml, \.yml, \.csv, \.onnx"):
        read_network(tmp_path / name)


def test_zero_weights_are_blocks_of_channels(tmp_path: Path) -> None:
    graph = network(
        tmp_path,
        f"{CONV}, zero_weights: [{{outputs: 1-2, inputs: 0}}, {{outputs: '0-1'}}, {{inputs: 2}}]",
        "name: f, op: linear, out_features: 5, zero_weights: [{outputs: 4, inputs: 10-19}]",
    )
    convolution, linear = graph
    assert convolution.zero_kernels == (ZeroKernels(1, 3, 0, 1), ZeroKernels(0, 2, 0, 3), ZeroKernels(0, 4, 2, 3))  # type: ignore[attr-defined]
    assert linear.zero_kernels == (ZeroKernels(4, 5, 10, 20),)  # type: ignore[attr-defined]
