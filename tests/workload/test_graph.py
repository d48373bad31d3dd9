"""The graph infers shapes, counts work, and refuses what does not chain."""

from __future__ import annotations

import pytest

from accelsim.workload.graph import INPUT, Graph
from accelsim.workload.nodes import (
    Activation,
    Add,
    BatchNorm,
    Concat,
    Conv,
    Flatten,
    GraphError,
    Linear,
    Node,
    Output,
    Pool,
    Source,
    Unmodelled,
    View,
)
from accelsim.workload.shapes import Shape, Window

IMAGE = Shape(3, 8, 8)


def conv(
    name: str = "conv",
    source: str = INPUT,
    channels: tuple[int, int] = (3, 4),
    window: Window = Window(),  # noqa: B008  immutable
    groups: int = 1,
    bias: bool = False,
) -> Conv:
    return Conv(
        name=name,
        inputs=(source,),
        in_channels=channels[0],
        out_channels=channels[1],
        window=window,
        groups=groups,
        bias=bias,
    )


def shape_after(node: Node, image: Shape = IMAGE) -> Shape:
    return Graph("net", image, [node]).shapes[node.name]


# --- windows ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("window", "size"),
    [
        (Window(), (8, 10)),
        (Window((3, 3)), (6, 8)),
        (Window((3, 3), padding=(1, 1, 1, 1)), (8, 10)),
        (Window((1, 7)), (8, 4)),  # [H, W]: the seven are columns
        (Window((7, 1)), (2, 10)),
        (Window((1, 7), padding=(0, 3, 0, 3)), (8, 10)),
        (Window((7, 1), padding=(3, 0, 3, 0)), (8, 10)),
        (Window((3, 3), stride=(2, 3), padding=(1, 1, 1, 1)), (4, 4)),
        (Window((3, 3), padding=(0, 1, 2, 3)), (8, 12)),
        (Window((3, 3), dilation=(2, 3)), (4, 4)),
        (Window((8, 10)), (1, 1)),
        (Window((9, 10)), (0, 1)),
    ],
)
def test_output_size_of_a_window_over_8_rows_of_10(window: Window, size: tuple[int, int]) -> None:
    assert window.output_size(8, 10) == size


def test_a_window_spans_its_kernel_and_the_gaps_of_its_dilation() -> None:
    assert Window((3, 1), dilation=(2, 5)).extent == (5, 1)
    assert Window((1, 7)).positions == 7


# --- operators -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "shape"),
    [
        (conv(window=Window((3, 3), (2, 2), (1, 1, 1, 1))), Shape(4, 4, 4)),
        (conv(window=Window((1, 7))), Shape(4, 8, 2)),
        (Linear(name="fc", inputs=(INPUT,), in_features=192, out_features=10), Shape(10, 1, 1)),
        (BatchNorm(name="bn", inputs=(INPUT,)), IMAGE),
        (Activation(name="relu", inputs=(INPUT,), kind="relu"), IMAGE),
        (Add(name="add", inputs=(INPUT, INPUT)), IMAGE),
        (Pool(name="pool", inputs=(INPUT,), kind="max", window=Window((2, 4), (2, 4))), Shape(3, 4, 2)),
        (Pool(name="pool", inputs=(INPUT,), kind="avg", window=None), Shape(3, 1, 1)),
        (Flatten(name="flat", inputs=(INPUT,)), Shape(192, 1, 1)),
        (Activation(name="softmax", inputs=(INPUT,), kind="softmax"), IMAGE),
        # padding may be more than half of a pool's window
        (
            Pool(name="pool", inputs=(INPUT,), kind="max", window=Window((3, 3), padding=(2, 2, 2, 2))),
            Shape(3, 10, 10),
        ),
        (View(name="view", inputs=(INPUT,), shape=Shape(8, 8, 3)), Shape(8, 8, 3)),
        (View(name="part", inputs=(INPUT,), shape=Shape(1, 8, 8)), Shape(1, 8, 8)),
        (Concat(name="cat", inputs=(INPUT, INPUT)), Shape(6, 8, 8)),
        (Concat(name="cat", inputs=(INPUT, INPUT, INPUT), axis="height"), Shape(3, 24, 8)),
        (Concat(name="cat", inputs=(INPUT, INPUT), axis="width"), Shape(3, 8, 16)),
        (Source(name="mask", inputs=(), shape=Shape(1, 8, 8)), Shape(1, 8, 8)),
        (Output(name="out", inputs=(INPUT,)), IMAGE),
        (Unmodelled(name="lrn", inputs=(INPUT,), what="LRN", shape=Shape(5, 1, 2)), Shape(5, 1, 2)),
        (Unmodelled(name="noise", inputs=(), what="RandomNormal", shape=IMAGE), IMAGE),
    ],
)
def test_output_shapes(node: Node, shape: Shape) -> None:
    assert shape_after(node) == shape


@pytest.mark.parametrize(
    ("node", "parameters", "macs"),
    [
        # 4 outputs x 3 inputs x 9 weights; each at 6 x 6 positions
        (conv(window=Window((3, 3))), 108, 108 * 36),
        (conv(window=Window((3, 3)), bias=True), 112, 108 * 36),
        # depthwise: one input channel per output channel
        (conv(channels=(3, 6), window=Window((3, 3)), groups=3), 54, 54 * 36),
        (Linear(name="fc", inputs=(INPUT,), in_features=192, out_features=10), 1930, 1920),
        (Linear(name="fc", inputs=(INPUT,), in_features=192, out_features=10, bias=False), 1920, 1920),
        (BatchNorm(name="bn", inputs=(INPUT,)), 6, 0),
        (Pool(name="pool", inputs=(INPUT,), kind="avg", window=None), 0, 0),
        (Concat(name="cat", inputs=(INPUT, INPUT)), 0, 0),
        # what it computes is known as operations at most, not as multiply-accumulates
        (Unmodelled(name="lrn", inputs=(INPUT,), what="LRN", shape=IMAGE, operations=99, bias=True), 0, 0),
    ],
)
def test_parameters_and_macs(node: Node, parameters: int, macs: int) -> None:
    graph = Graph("net", IMAGE, [node])
    assert graph.parameter_count == node.parameters((IMAGE,)) == parameters
    assert graph.macs == node.macs(graph.shapes[node.name]) == macs


def test_global_pooling_is_a_window_over_the_whole_map() -> None:
    pool = Pool(name="pool", inputs=(INPUT,), kind="avg", window=None)
    assert pool.window_over(Shape(3, 5, 7)) == Window((5, 7))


# --- graphs ----------------------------------------------------------------------------------------------


def test_a_residual_block_chains() -> None:
    block = [
        conv("conv1", channels=(3, 3), window=Window((3, 3), padding=(1, 1, 1, 1))),
        BatchNorm(name="bn1", inputs=("conv1",)),
        Add(name="add", inputs=("bn1", INPUT)),
    ]
    graph = Graph("net", IMAGE, block)
    assert list(graph) == block
    assert graph.input_shape == IMAGE
    assert graph.input_shapes(block[2]) == (IMAGE, IMAGE)
    assert graph.readers() == {INPUT: ["conv1", "add"], "conv1": ["bn1"], "bn1": ["add"], "add": []}


def test_nodes_can_be_appended_one_by_one() -> None:
    graph = Graph("net", IMAGE, ())
    graph.append(conv("a"))
    assert graph.shape_read("a", reader="b") == Shape(4, 8, 8)
    graph.append(BatchNorm(name="b", inputs=("a",)))
    assert list(graph.nodes) == ["a", "b"]


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([conv(channels=(4, 4))], "layer 'conv': in_channels is 4, but 'input' delivers 3 (3x8x8)"),
        ([conv(groups=2)], "layer 'conv': in_channels 3 is not a multiple of groups 2"),
        ([conv(groups=3)], "layer 'conv': out_channels 4 is not a multiple of groups 3"),
        (
            [conv(window=Window((9, 1)))],
            "layer 'conv': a window of 9x1 does not fit its padded input of 3x8x8",
        ),
        (
            [Pool(name="p", inputs=(INPUT,), kind="max", window=Window((9, 9)))],
            "layer 'p': a window of 9x9 does not fit its padded input of 3x8x8",
        ),
        (
            [Linear(name="fc", inputs=(INPUT,), in_features=3, out_features=1)],
            "layer 'fc': in_features is 3, but 'input' delivers 192 (3x8x8)",
        ),
        (
            [conv("a"), Add(name="add", inputs=("a", INPUT))],
            "layer 'add': cannot add 'a' (4x8x8) and 'input' (3x8x8): shapes differ",
        ),
        ([conv("a"), conv("a")], "layer 'a': this name is used twice"),
        ([conv(INPUT)], "layer 'input': this name is used twice"),
        (
            [conv("first"), BatchNorm(name="bn", inputs=("frist",))],
            "layer 'bn': reads 'frist', which no earlier layer has; did you mean 'first'?",
        ),
        ([BatchNorm(name="bn", inputs=("bn",))], "layer 'bn': reads 'bn', which no earlier layer has"),
        ([Add(name="add", inputs=(INPUT,))], "layer 'add': reads 2 inputs, not 1"),
        ([Concat(name="cat", inputs=(INPUT,))], "layer 'cat': reads 2 inputs, not 1"),
        ([Source(name="mask", inputs=(INPUT,), shape=IMAGE)], "layer 'mask': reads 0 input, not 1"),
        (
            [conv("a", window=Window((1, 3))), Concat(name="cat", inputs=(INPUT, INPUT, "a"))],
            "layer 'cat': cannot join 'input' (3x8x8) and 'a' (4x8x6) along channels: their other sides differ",
        ),
        (
            [conv("a"), Concat(name="cat", inputs=("a", INPUT), axis="width")],
            "layer 'cat': cannot join 'a' (4x8x8) and 'input' (3x8x8) along width: their other sides differ",
        ),
        (
            [View(name="view", inputs=(INPUT,), shape=Shape(193, 1, 1))],
            "layer 'view': a view of 193 elements (193x1x1) on 'input', which has 192 (3x8x8)",
        ),
        (
            [Unmodelled(name="lrn", inputs=("imput",), what="LRN", shape=IMAGE)],
            "layer 'lrn': reads 'imput', which no earlier layer has; did you mean 'input'?",
        ),
        ([BatchNorm(name="bn", inputs=(INPUT, INPUT))], "layer 'bn': reads 1 input, not 2"),
        (
            [conv(channels=(3, 2**32))],
            f"layer 'conv': has more than {2**32} parameters",
        ),
    ],
)
def test_what_does_not_chain_is_refused(nodes: list[Node], message: str) -> None:
    with pytest.raises(GraphError) as caught:
        Graph("net", IMAGE, nodes)
    assert str(caught.value) == message
    assert caught.value.node == nodes[-1].name


def test_an_absurd_input_is_refused() -> None:
    with pytest.raises(GraphError, match="more than"):
        Graph("net", Shape(2**24, 2**16, 2**16), ())
