from __future__ import annotations

from dataclasses import replace

from accelsim.fusion.fold import fold_batchnorms
from accelsim.fusion.match import Match
from accelsim.workload.graph import Add, Conv, Linear
from tests.fusion.graphs import bn, conv, graph, relu


def test_the_convolution_has_a_bias_then_and_the_batchnorms_readers() -> None:
    folded = fold_batchnorms(graph(conv("c", "input"), bn("b", "c"), relu("r", "b")))
    assert list(folded) == [replace(conv("c", "input", bias=True), folded="b"), relu("r", "c")]
    assert (folded.name, folded.input_shape) == ("test", (4, 6, 6))


def test_all_readers_are_led_to_the_convolution() -> None:
    add = Add(name="a", inputs=("r", "b"))
    folded = fold_batchnorms(graph(conv("c", "input"), bn("b", "c"), relu("r", "b"), add))
    assert folded.nodes["r"].inputs == ("c",)
    assert folded.nodes["a"].inputs == ("r", "c")


def test_a_bias_that_was_there_stays() -> None:
    folded = fold_batchnorms(graph(conv("c", "input", bias=True), bn("b", "c")))
    assert list(folded) == [replace(conv("c", "input", bias=True), folded="b")]


def test_a_fully_connected_layer_absorbs_one_too() -> None:
    linear = Linear(name="l", inputs=("input",), in_features=144, out_features=10, bias=False)
    (folded,) = fold_batchnorms(graph(linear, bn("b", "l")))
    assert isinstance(folded, Linear)
    assert folded.bias


def test_what_cannot_be_folded_stays_as_it_is() -> None:
    whole = graph(bn("a", "input"), conv("c", "a"), relu("r", "c"), bn("b", "r"))
    assert list(fold_batchnorms(whole)) == list(whole)


def test_only_the_convolution_that_absorbs_one_gets_a_bias() -> None:
    folded = fold_batchnorms(graph(conv("c", "input"), bn("b", "c"), conv("d", "b")))
    biases = {node.name: node.bias for node in folded if isinstance(node, Conv)}
    assert biases == {"c": True, "d": False}


def test_decisions_may_be_given() -> None:
    whole = graph(conv("c", "input"), bn("b", "c"), conv("d", "b"), bn("e", "d"))
    folded = fold_batchnorms(whole, [Match("b", None, "not wanted"), Match("e", "d")])
    assert [node.name for node in folded] == ["c", "b", "d"]


def test_folding_changes_neither_shapes_nor_multiplications() -> None:
    whole = graph(conv("c", "input"), bn("b", "c"), relu("r", "b"), conv("d", "r"), bn("e", "d"))
    folded = fold_batchnorms(whole)
    assert folded.macs == whole.macs
    assert folded.shapes["r"] == whole.shapes["r"]
    # 4 biases take the place of 2·4 trainable parameters, twice.
    assert folded.parameter_count == whole.parameter_count - 8


def test_the_network_itself_is_left_alone() -> None:
    whole = graph(conv("c", "input"), bn("b", "c"))
    before = list(whole)
    fold_batchnorms(whole)
    assert list(whole) == before


def test_one_pass_folds_one_batchnorm_into_a_convolution() -> None:
    folded = fold_batchnorms(graph(conv("c", "input"), bn("b", "c"), bn("d", "b")))
    # d reads the convolution then, so that a second pass folds it too.
    assert [node.name for node in folded] == ["c", "d"]
    assert [node.name for node in fold_batchnorms(folded)] == ["c"]
