from __future__ import annotations

from dataclasses import replace

import pytest

from accelsim.fusion.apply_graph import fold_batchnorms
from accelsim.layers import ConvShape, Epilogue, Layer, Operations, StreamShape, layers_of
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
from accelsim.workload.shapes import Shape, Window

INPUT_SHAPE = Shape(4, 6, 6)


def conv(name: str, source: str, *, bias: bool = False) -> Conv:
    return Conv(name=name, inputs=(source,), in_channels=4, out_channels=4, window=Window(), bias=bias)


def bn(name: str, source: str) -> BatchNorm:
    return BatchNorm(name=name, inputs=(source,))


def relu(name: str, source: str) -> Activation:
    return Activation(name=name, inputs=(source,), kind="relu")


def softmax(name: str, source: str) -> Activation:
    return Activation(name=name, inputs=(source,), kind="softmax")


def add(name: str, source: str, other: str) -> Add:
    return Add(name=name, inputs=(source, other))


def layers(*nodes: Node, batch: int = 1) -> list[Layer]:
    return layers_of(Graph("test", INPUT_SHAPE, nodes), batch)


def both_ways(*nodes: Node) -> tuple[list[Layer], list[Layer]]:
    """Layers unfused and fused."""
    graph = Graph("test", INPUT_SHAPE, nodes)
    return layers_of(graph, 1), layers_of(fold_batchnorms(graph), 1)


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
        # BN behind an activation or an addition, a second of anything but BN.
        assert nodes(conv("c", "input"), relu("r", "c"), bn("b", "r")) == [("c", "r"), ("b",)]
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


class TestBatchNorms:
    def test_behind_one_another_are_one_step(self) -> None:
        (layer,) = layers(conv("c", "input"), bn("b", "c"), bn("d", "b"), relu("r", "d"), batch=2)
        assert layer.nodes == ("c", "b", "d", "r")
        assert layer.epilogue == Epilogue(batchnorm=True, activation="relu")
        # 4 operations for each of 2·144 elements, not 8.
        assert layer.operations.batchnorm == 4 * 288

    def test_behind_one_another_are_one_step_also_alone(self) -> None:
        (layer,) = layers(bn("b", "input"), bn("d", "b"))
        assert (layer.name, layer.nodes, layer.writes) == ("b", ("b", "d"), "d")
        assert layer.epilogue == Epilogue(batchnorm=True)

    def test_the_layers_stay_the_same_where_they_are_folded_behind(self) -> None:
        unfused, fused = both_ways(
            conv("c", "input"),
            bn("b1", "c"),
            bn("b2", "b1"),
            conv("d", "b2"),
            bn("b3", "d"),
            add("a", "b3", "b2"),
            relu("r", "a"),
            bn("b4", "r"),
        )
        assert [layer.nodes for layer in unfused] == [("c", "b1", "b2"), ("d", "b3", "a", "r"), ("b4",)]
        assert [(one.name, one.nodes, one.reads, one.readers) for one in fused] == [
            (one.name, one.nodes, one.reads, one.readers) for one in unfused
        ]
        assert [one.epilogue for one in fused] == [
            one.epilogue._replace(batchnorm=False, bias=True) if one.kind == "conv" else one.epilogue for one in unfused
        ]

    def test_one_ahead_of_a_convolution_is_a_layer_that_goes_when_it_is_folded(self) -> None:
        unfused, fused = both_ways(relu("r", "input"), bn("b", "r"), bn("d", "b"), conv("c", "d"), bn("e", "c"))
        assert [layer.nodes for layer in unfused] == [("r",), ("b", "d"), ("c", "e")]
        assert [layer.nodes for layer in fused] == [("r",), ("b", "d", "c", "e")]
        assert (fused[1].name, fused[1].kind, fused[1].reads, fused[1].writes) == ("c", "conv", ("r",), "e")
        assert fused[1].epilogue == Epilogue(bias=True)

    def test_one_that_stays_is_done_behind_one_that_is_folded(self) -> None:
        stays = BatchNorm(name="d", inputs=("b",), unfoldable="its statistics change")
        unfused, fused = both_ways(conv("c", "input"), bn("b", "c"), stays)
        assert [layer.nodes for layer in unfused] == [layer.nodes for layer in fused] == [("c", "b", "d")]
        assert fused[0].epilogue == Epilogue(bias=True, batchnorm=True)

    def test_one_behind_something_without_a_model_leaves_its_layer_to_what_follows(self) -> None:
        deconv = Unmodelled(name="u", inputs=("input",), what="ConvTranspose", shape=INPUT_SHAPE, unfoldable="")
        unfused, fused = both_ways(deconv, bn("b", "u"), relu("r", "b"))
        assert [(layer.name, layer.nodes, layer.reads) for layer in unfused] == [("b", ("b", "r"), ("u",))]
        assert [(layer.name, layer.nodes, layer.reads) for layer in fused] == [("r", ("r",), ("u",))]


class TestWhatIsFree:
    """Views, concatenations, inputs, outputs and operators without a model are in no layer."""

    def test_a_concatenation_is_read_like_a_tensor_of_its_own(self) -> None:
        joined = Concat(name="j", inputs=("a", "input"))
        reader = Conv(name="c", inputs=("j",), in_channels=8, out_channels=4, window=Window())
        grouped = layers(relu("a", "input"), joined, reader)
        assert [(layer.nodes, layer.reads) for layer in grouped] == [(("a",), ("input",)), (("c",), ("j",))]
        assert grouped[1].shape.input == Shape(8, 6, 6)

    @pytest.mark.parametrize(
        "free",
        [
            View(name="v", inputs=("c",), shape=INPUT_SHAPE),
            Concat(name="v", inputs=("c", "c")),
            Output(name="v", inputs=("c",)),
            Unmodelled(name="v", inputs=("c",), what="LRN", shape=INPUT_SHAPE),
        ],
    )
    def test_nothing_behind_it_is_taken_in(self, free: Node) -> None:
        grouped = layers(conv("c", "input"), free, relu("r", "v"))
        assert [(layer.nodes, layer.reads) for layer in grouped] == [(("c",), ("input",)), (("r",), ("v",))]

    def test_a_further_input_can_be_added_at_once(self) -> None:
        mask = Source(name="m", inputs=(), shape=INPUT_SHAPE)
        (layer,) = layers(mask, conv("c", "input"), add("a", "c", "m"))
        assert (layer.nodes, layer.reads) == (("c", "a"), ("input", "m"))

    def test_a_convolution_that_is_an_output_as_well_keeps_its_result(self) -> None:
        assert nodes(conv("c", "input"), Output(name="o", inputs=("c",)), relu("r", "c")) == [("c",), ("r",)]

    def test_what_has_no_model_can_be_added_if_it_is_there(self) -> None:
        lrn = Unmodelled(name="u", inputs=("input",), what="LRN", shape=INPUT_SHAPE)
        (layer,) = layers(lrn, conv("c", "input"), add("a", "c", "u"))
        assert (layer.nodes, layer.reads) == (("c", "a"), ("input", "u"))
        assert nodes(conv("c", "input"), lrn, add("a", "c", "u")) == [("c",), ("a",)]


class TestSoftmax:
    def test_is_a_layer_of_its_own(self) -> None:
        first, second, third = layers(conv("c", "input"), softmax("s", "c"), relu("r", "s"))
        assert [layer.nodes for layer in (first, second, third)] == [("c",), ("s",), ("r",)]
        assert second.epilogue == Epilogue(activation="softmax")
        assert second.shape == StreamShape(1, INPUT_SHAPE, INPUT_SHAPE, Window())
        assert second.operations == Operations(activation=144)

    def test_takes_in_nothing(self) -> None:
        assert nodes(softmax("s", "input"), bn("b", "s")) == [("s",), ("b",)]
        assert nodes(softmax("s", "input"), add("a", "s", "input")) == [("s",), ("a",)]


class TestReaders:
    """How many read a layer's result, for what may stay on chip."""

    def counted(self, *operators: Node) -> int:
        """Count the readers of the first layer, a convolution ``c``."""
        return layers(conv("c", "input"), *operators)[0].readers

    def test_layers(self) -> None:
        assert self.counted() == 0
        assert self.counted(conv("d", "c")) == 1
        assert self.counted(conv("d", "c"), conv("e", "c")) == 2
        assert self.counted(conv("d", "c"), conv("e", "d"), add("a", "e", "c")) == 2

    def test_one_layer_that_reads_it_twice(self) -> None:
        assert self.counted(add("a", "c", "c")) == 2

    @pytest.mark.parametrize(
        "free",
        [
            View(name="v", inputs=("c",), shape=Shape(144, 1, 1)),
            Concat(name="v", inputs=("c", "input")),
            Output(name="v", inputs=("c",)),
            Unmodelled(name="v", inputs=("c",), what="LRN", shape=INPUT_SHAPE),
        ],
    )
    def test_what_is_free_counts(self, free: Node) -> None:
        assert self.counted(free) == 1
        assert self.counted(conv("d", "c"), free) == 2

    def test_a_flattened_map_is_the_map(self) -> None:
        flat = Flatten(name="f", inputs=("c",))
        linear = Linear(name="l", inputs=("f",), in_features=144, out_features=10)
        assert self.counted(flat, linear) == 1
        assert self.counted(flat, linear, replace(linear, name="m")) == 2
        assert self.counted(flat, linear, Output(name="o", inputs=("f",))) == 2

    def test_a_flattened_map_that_nobody_reads_is_an_output(self) -> None:
        assert self.counted(Flatten(name="f", inputs=("c",)), conv("d", "c")) == 2

    def test_of_a_layer_whose_last_node_was_folded(self) -> None:
        _, fused = both_ways(conv("c", "input"), bn("b", "c"), conv("d", "b"), conv("e", "b"))
        assert [(layer.writes, layer.readers) for layer in fused] == [("b", 2), ("d", 0), ("e", 0)]
