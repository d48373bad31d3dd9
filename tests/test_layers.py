from __future__ import annotations

from accelsim.fusion.fold import fold_batchnorms
from accelsim.layers import ConvShape, Epilogue, Layer, Operations, StreamShape, layers_of
from accelsim.workload.graph import (
    Activation,
    Add,
    BatchNorm,
    Conv,
    Flatten,
    Graph,
    Linear,
    Node,
    Pool,
    Shape,
    Window,
)

INPUT_SHAPE = Shape(4, 6, 6)


def conv(name: str, source: str, *, bias: bool = False) -> Conv:
    return Conv(name=name, inputs=(source,), in_channels=4, out_channels=4, window=Window(), bias=bias)


def bn(name: str, source: str) -> BatchNorm:
    return BatchNorm(name=name, inputs=(source,))


def relu(name: str, source: str) -> Activation:
    return Activation(name=name, inputs=(source,), kind="relu")


def add(name: str, source: str, other: str) -> Add:
    return Add(name=name, inputs=(source, other))


def layers(*nodes: Node, batch: int = 1) -> list[Layer]:
    return layers_of(Graph("test", INPUT_SHAPE, nodes), batch)


def nodes(*operators: Node) -> list[tuple[str, ...]]:
    return [layer.nodes for layer in layers(*operators)]


class TestGrouping:
    def test_a_convolution_takes_in_what_follows_it(self) -> None:
        (layer,) = layers(conv("c", "input"), bn("b", "c"), add("a", "b", "input"), relu("r", "a"))
        assert layer.name == "c"
        assert layer.kind == "conv"
        assert layer.nodes == ("c", "b", "a", "r")
        assert layer.reads == ("input", "input")
        assert layer.writes == "r"
        assert layer.epilogue == Epilogue(batchnorm=True, residual=True, activation="relu")

    def test_not_what_comes_out_of_order(self) -> None:
        # BN behind an activation or an addition, a second of anything.
        assert nodes(conv("c", "input"), relu("r", "c"), bn("b", "r")) == [("c", "r"), ("b",)]
        assert nodes(conv("c", "input"), bn("b", "c"), bn("d", "b")) == [("c", "b"), ("d",)]
        assert nodes(conv("c", "input"), relu("r", "c"), add("a", "r", "input")) == [("c", "r"), ("a",)]
        assert nodes(conv("c", "input"), add("a", "c", "input"), bn("b", "a")) == [("c", "a"), ("b",)]
        assert nodes(conv("c", "input"), relu("r", "c"), relu("s", "r")) == [("c", "r"), ("s",)]

    def test_not_what_is_read_elsewhere_too(self) -> None:
        branching = nodes(conv("c", "input"), bn("b", "c"), relu("r", "b"), add("a", "r", "b"))
        assert branching == [("c", "b"), ("r",), ("a",)]

    def test_an_addition_belongs_to_the_operand_that_is_there_last(self) -> None:
        # In the graph's order, the shortcut is computed after the main branch.
        main, shortcut = conv("main", "input"), conv("shortcut", "input")
        assert nodes(main, shortcut, add("a", "main", "shortcut")) == [("main",), ("shortcut", "a")]
        grouped = layers(main, shortcut, add("a", "main", "shortcut"))
        assert grouped[1].reads == ("input", "main")
        assert grouped[1].epilogue.residual

    def test_what_stands_alone_streams(self) -> None:
        first, second = layers(relu("r", "input"), bn("b", "r"))
        assert (first.kind, first.epilogue) == ("activation", Epilogue(activation="relu"))
        assert (second.kind, second.epilogue) == ("batchnorm", Epilogue(batchnorm=True))
        assert first.shape == StreamShape(1, INPUT_SHAPE, INPUT_SHAPE, Window())

    def test_pooling_takes_in_an_activation_and_nothing_else(self) -> None:
        window = Window((2, 2), (2, 2))
        pool = Pool(name="p", inputs=("input",), kind="max", window=window)
        assert nodes(pool, relu("r", "p"), bn("b", "r")) == [("p", "r"), ("b",)]
        assert nodes(pool, bn("b", "p")) == [("p",), ("b",)]
        assert layers(pool)[0].shape == StreamShape(1, INPUT_SHAPE, Shape(4, 3, 3), window)

    def test_global_pooling_has_a_window(self) -> None:
        (layer,) = layers(Pool(name="p", inputs=("input",), kind="avg", window=None))
        assert layer.shape.window == Window(kernel=(6, 6))

    def test_flatten_moves_no_data(self) -> None:
        flat = Flatten(name="f", inputs=("c",))
        linear = Linear(name="l", inputs=("f",), in_features=144, out_features=10)
        grouped = layers(conv("c", "input"), flat, linear)
        assert [layer.nodes for layer in grouped] == [("c",), ("l",)]
        assert grouped[1].reads == ("c",)

    def test_a_fully_connected_layer_is_a_convolution_over_one_pixel(self) -> None:
        (layer,) = layers(Linear(name="l", inputs=("input",), in_features=144, out_features=10), batch=3)
        assert layer.shape == ConvShape(3, Shape(144, 1, 1), Shape(10, 1, 1), Window(), 1)
        assert layer.kind == "linear"
        assert layer.epilogue.bias


class TestCounts:
    def test_of_a_convolution(self) -> None:
        # Batch 2; 6×6 pixels of 4 channels: 144 elements an image. 4 multiply-accumulates per element.
        (layer,) = layers(conv("c", "input"), bn("b", "c"), add("a", "b", "input"), relu("r", "a"), batch=2)
        assert layer.macs == 2 * 144 * 4
        # 2 operations a multiply-accumulate, 4 a BN, 1 an addition and an activation.
        assert layer.operations == Operations(
            convolution=2 * layer.macs, batchnorm=4 * 288, residual_add=288, activation=288
        )
        assert layer.operations.total == 2 * 1152 + 6 * 288

    def test_groups_share_the_input_channels(self) -> None:
        window = Window((3, 3), padding=(1, 1, 1, 1))
        grouped = Conv(name="c", inputs=("input",), in_channels=4, out_channels=4, window=window, groups=4)
        # Depthwise: 144 outputs of 9.
        assert layers(grouped)[0].macs == 144 * 9

    def test_of_a_fully_connected_layer(self) -> None:
        (layer,) = layers(Linear(name="l", inputs=("input",), in_features=144, out_features=10))
        assert layer.operations == Operations(fully_connected=2 * 1440)

    def test_of_pooling(self) -> None:
        pool = Pool(name="p", inputs=("input",), kind="avg", window=Window((2, 2), (2, 2)))
        (layer,) = layers(pool)
        # 4·3·3 outputs of 4 positions each; no multiply-accumulates.
        assert (layer.macs, layer.operations) == (0, Operations(pooling=144))


def test_folding_leaves_the_layers_as_they_are() -> None:
    # A second BN could move up behind a convolution that has absorbed the first: then it would run with the mapping of
    # a layer that it is not part of.
    nodes = [
        conv("c", "input"),
        bn("b1", "c"),
        bn("b2", "b1"),
        conv("d", "b2"),
        bn("b3", "d"),
        add("a", "b3", "b2"),
        relu("r", "a"),
        bn("b4", "r"),
    ]
    graph = Graph("test", INPUT_SHAPE, nodes)
    unfused, fused = layers_of(graph, 1), layers_of(fold_batchnorms(graph), 1)
    assert [layer.nodes for layer in unfused] == [("c", "b1"), ("b2",), ("d", "b3", "a", "r"), ("b4",)]
    assert [(one.name, one.nodes, one.reads) for one in fused] == [(one.name, one.nodes, one.reads) for one in unfused]
    assert [one.epilogue for one in fused] == [
        one.epilogue._replace(batchnorm=False, bias=True) if one.kind == "conv" else one.epilogue for one in unfused
    ]
