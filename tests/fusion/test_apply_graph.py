from __future__ import annotations

from dataclasses import replace

from accelsim.fusion.apply_graph import fold_batchnorms
from accelsim.fusion.match import Match
from accelsim.layers import layers_of
from accelsim.workload.nodes import Add, Concat, Conv, Linear, Output, Unmodelled
from accelsim.workload.shapes import Shape, Window
from tests.fusion.graphs import bn, conv, graph, relu


def test_the_convolution_has_a_bias_then_and_the_batchnorms_readers() -> None:
    folded = fold_batchnorms(graph(conv("c", "input"), bn("b", "c"), relu("r", "b")))
    assert list(folded) == [replace(conv("c", "input", bias=True), folded=("b",)), relu("r", "c")]
    assert (folded.name, folded.input_shape) == ("test", (4, 6, 6))


def test_all_readers_are_led_to_the_convolution() -> None:
    add = Add(name="a", inputs=("r", "b"))
    folded = fold_batchnorms(graph(conv("c", "input"), bn("b", "c"), relu("r", "b"), add))
    assert folded.nodes["r"].inputs == ("c",)
    assert folded.nodes["a"].inputs == ("r", "c")


def test_a_bias_that_was_there_stays() -> None:
    folded = fold_batchnorms(graph(conv("c", "input", bias=True), bn("b", "c")))
    assert list(folded) == [replace(conv("c", "input", bias=True), folded=("b",))]


def test_a_fully_connected_layer_absorbs_one_too() -> None:
    linear = Linear(name="l", inputs=("input",), in_features=144, out_features=10, bias=False)
    (folded,) = fold_batchnorms(graph(linear, bn("b", "l")))
    assert isinstance(folded, Linear)
    assert folded.bias


def test_what_cannot_be_folded_stays_as_it_is() -> None:
    whole = graph(bn("a", "input"), relu("q", "a"), conv("c", "q"), relu("r", "c"), bn("b", "r"))
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


def test_a_chain_of_batchnorms_goes_into_one_convolution() -> None:
    folded = fold_batchnorms(graph(conv("c", "input"), bn("b", "c"), bn("d", "b"), relu("r", "d")))
    assert list(folded) == [replace(conv("c", "input", bias=True), folded=("b", "d")), relu("r", "c")]


def test_one_ahead_of_a_convolution_hands_it_its_own_input() -> None:
    folded = fold_batchnorms(graph(relu("r", "input"), bn("b", "r"), bn("d", "b"), conv("c", "d"), bn("e", "c")))
    absorbed = replace(conv("c", "r", bias=True), folded_ahead=("b", "d"), folded=("e",))
    assert list(folded) == [relu("r", "input"), absorbed]


def test_what_was_ahead_of_two_is_not_in_either() -> None:
    whole = graph(bn("b", "input"), conv("c", "b"), conv("d", "b"))
    assert list(fold_batchnorms(whole)) == list(whole)


def test_something_without_a_model_absorbs_one_too() -> None:
    deconv = Unmodelled(name="u", inputs=("input",), what="ConvTranspose", shape=Shape(4, 6, 6), unfoldable="")
    folded = fold_batchnorms(graph(deconv, bn("b", "u"), relu("r", "b")))
    assert list(folded) == [replace(deconv, bias=True, folded=("b",)), relu("r", "u")]


def test_outputs_and_concatenations_of_a_folded_batchnorm_are_led_to_the_convolution() -> None:
    output, joined = Output(name="o", inputs=("b",)), Concat(name="j", inputs=("input", "b"))
    folded = fold_batchnorms(graph(conv("c", "input"), bn("b", "c"), output, joined))
    assert [node.inputs for node in folded] == [("input",), ("c",), ("input", "c")]


def test_decisions_about_one_ahead_may_be_given() -> None:
    whole = graph(conv("c", "input"), bn("b", "c"), conv("d", "b"))
    folded = fold_batchnorms(whole, [Match("b", "d", ahead=True)])
    assert list(folded) == [conv("c", "input"), replace(conv("d", "c", bias=True), folded_ahead=("b",))]


def test_the_requantiser_gets_the_scale_of_those_behind_and_no_other() -> None:
    # One ahead of the first convolution, which pads nothing, and one behind the second; the third has none.
    whole = graph(
        bn("a", "input"),
        replace(conv("c", "a"), window=Window()),
        relu("r", "c"),
        conv("d", "r"),
        bn("b", "d"),
        conv("e", "b"),
    )
    folded = fold_batchnorms(whole, into_requantizer=True)
    scales = {node.name: node.folded_scale for node in folded if isinstance(node, Conv)}
    assert scales == {"c": False, "d": True, "e": False}
    for node, in_weights in zip(folded, fold_batchnorms(whole), strict=True):
        assert (replace(node, folded_scale=False) if isinstance(node, Conv) else node) == in_weights
    layers = layers_of(folded, batch=1)
    assert [layer.epilogue.folded_scale for layer in layers] == [False, True, False]
