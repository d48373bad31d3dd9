from __future__ import annotations

from dataclasses import replace

import pytest

from accelsim.fusion.match import Match, match_batchnorms
from accelsim.workload.nodes import Activation, Add, BatchNorm, Concat, Conv, Flatten, Linear, Node, Output, Unmodelled
from accelsim.workload.shapes import Shape, Window
from tests.fusion.graphs import bn, conv, graph, relu


def matches(*nodes: Node, clone_shared: bool = False) -> list[Match]:
    return match_batchnorms(graph(*nodes), clone_shared=clone_shared)


def decisions(*nodes: Node) -> dict[str, tuple[str | None, bool]]:
    """For each BatchNorm what absorbs it, and whether it lies ahead of that."""
    return {match.batchnorm: (match.into, match.ahead) for match in matches(*nodes)}


def reasons(*nodes: Node) -> dict[str, str]:
    """Why each BatchNorm is not folded; none of them may be."""
    found = matches(*nodes)
    assert all(match.into is None and not match.ahead for match in found)
    return {match.batchnorm: match.reason for match in found}


def padded(name: str, source: str) -> Conv:
    return replace(conv(name, source), window=Window((3, 3), padding=(0, 0, 0, 1)))


def linear(name: str, source: str) -> Linear:
    return Linear(name=name, inputs=(source,), in_features=144, out_features=144)


def unmodelled(name: str, source: str, what: str = "ConvTranspose", unfoldable: str = "") -> Unmodelled:
    return Unmodelled(name=name, inputs=(source,), what=what, shape=Shape(4, 6, 6), unfoldable=unfoldable)


class TestBehind:
    def test_a_convolution_or_a_fully_connected_layer(self) -> None:
        nodes = conv("c", "input"), bn("b", "c"), linear("l", "b"), bn("d", "l")
        assert matches(*nodes) == [Match("b", "c"), Match("d", "l")]

    def test_something_without_a_model_that_has_weights(self) -> None:
        assert matches(unmodelled("u", "input"), bn("b", "u")) == [Match("b", "u")]

    def test_not_something_without_a_model_that_has_none(self) -> None:
        lrn = Unmodelled(name="u", inputs=("input",), what="LRN", shape=Shape(4, 6, 6))
        assert reasons(lrn, bn("b", "u")) == {"b": "'u' before it: it has no weights that are known"}

    def test_all_of_a_chain(self) -> None:
        nodes = conv("c", "input"), bn("b", "c"), bn("d", "b"), bn("e", "d"), relu("r", "e")
        assert matches(*nodes) == [Match("b", "c"), Match("d", "c"), Match("e", "c")]

    def test_of_a_chain_what_comes_before_a_second_reader(self) -> None:
        nodes = conv("c", "input"), bn("b", "c"), bn("d", "b"), relu("r", "b")
        assert matches(*nodes) == [Match("b", "c"), Match("d", None, "'b' before it is also read by 'r'")]

    def test_of_a_chain_what_comes_before_one_that_cannot_be_folded(self) -> None:
        fixed = BatchNorm(name="d", inputs=("b",), unfoldable="its statistics change")
        assert matches(conv("c", "input"), bn("b", "c"), fixed, bn("e", "d")) == [
            Match("b", "c"),
            Match("d", None, "its statistics change"),
            Match("e", None, "no convolution before it, but batchnorm 'd'"),
        ]

    @pytest.mark.parametrize(
        ("other", "words"),
        [(relu("r", "c"), "read by 'r'"), (Output(name="o", inputs=("c",)), "an output of the network")],
    )
    def test_not_where_somebody_else_reads_the_convolution(self, other: Node, words: str) -> None:
        assert reasons(conv("c", "input"), bn("b", "c"), other) == {"b": f"'c' before it is also {words}"}

    def test_not_two_of_one_convolution(self) -> None:
        assert reasons(conv("c", "input"), bn("b", "c"), bn("d", "c")) == {
            "b": "'c' before it is also read by 'd'",
            "d": "'c' before it is also read by 'b'",
        }

    def test_what_the_batchnorm_feeds_does_not_matter(self) -> None:
        add, output = Add(name="a", inputs=("r", "b")), Output(name="o", inputs=("b",))
        assert matches(conv("c", "input"), bn("b", "c"), relu("r", "b"), add, output) == [Match("b", "c")]

    def test_not_a_convolution_that_cannot_absorb_anything(self) -> None:
        fixed = replace(conv("c", "input"), unfoldable="its weights are computed")
        assert reasons(fixed, bn("b", "c")) == {"b": "'c' before it: its weights are computed"}

    def test_not_anything_else(self) -> None:
        nodes = (
            bn("x", "input"),
            conv("c", "x"),
            relu("r", "c"),
            bn("b", "r"),
            Add(name="a", inputs=("b", "r")),
            bn("d", "a"),
            Flatten(name="f", inputs=("d",)),
            bn("e", "f"),
        )
        assert {match.batchnorm: match.reason for match in matches(*nodes) if not match.into} == {
            "b": "no convolution before it, but activation 'r', and no convolution after it, but add 'a'",
            "d": "no convolution before it, but add 'a', and no convolution after it, but flatten 'f'",
            "e": "no convolution before it, but flatten 'f'",
        }


class TestAhead:
    def test_of_a_convolution_or_a_fully_connected_layer(self) -> None:
        nodes = bn("b", "input"), conv("c", "b"), relu("r", "c"), bn("d", "r"), linear("l", "d")
        assert matches(*nodes) == [Match("b", "c", ahead=True), Match("d", "l", ahead=True)]

    def test_all_of_a_chain(self) -> None:
        nodes = relu("r", "input"), bn("b", "r"), bn("d", "b"), conv("c", "d"), bn("e", "c")
        assert decisions(*nodes) == {"b": ("c", True), "d": ("c", True), "e": ("c", False)}

    def test_the_convolution_before_comes_first(self) -> None:
        assert decisions(conv("c", "input"), bn("b", "c"), conv("d", "b")) == {"b": ("c", False)}

    def test_where_the_convolution_before_cannot_have_it(self) -> None:
        fixed = replace(conv("c", "input"), unfoldable="its weights are computed")
        assert decisions(fixed, bn("b", "c"), conv("d", "b")) == {"b": ("d", True)}

    def test_where_the_convolution_before_has_another_reader(self) -> None:
        nodes = conv("c", "input"), bn("b", "c"), conv("d", "b"), Add(name="a", inputs=("c", "d"))
        assert decisions(*nodes) == {"b": ("d", True)}

    def test_not_of_one_that_pads(self) -> None:
        assert reasons(bn("b", "input"), padded("c", "b")) == {
            "b": "it reads the network's input, and 'c' after it: it pads its input, with zeros that the BatchNorm "
            "would have shifted"
        }

    def test_not_a_chain_ahead_of_one_that_pads(self) -> None:
        found = reasons(bn("b", "input"), bn("d", "b"), padded("c", "d"))
        assert found["d"].startswith("no convolution before it, but batchnorm 'b', and 'c' after it: it pads")
        assert found["b"] == "it reads the network's input, and no convolution after it, but batchnorm 'd'"

    @pytest.mark.parametrize("other", [relu("r", "b"), conv("d", "b"), Output(name="o", inputs=("b",))])
    def test_not_where_somebody_else_reads_the_batchnorm(self, other: Node) -> None:
        nodes = bn("b", "input"), conv("c", "b"), other
        assert reasons(*nodes) == {"b": "it reads the network's input"}

    def test_not_what_nobody_reads(self) -> None:
        assert reasons(bn("b", "input")) == {"b": "it reads the network's input"}

    @pytest.mark.parametrize(
        ("reader", "kind"),
        [
            (relu("r", "b"), "activation"),
            (Activation(name="r", inputs=("b",), kind="softmax"), "activation"),
            (Output(name="r", inputs=("b",)), "output"),
            (Concat(name="r", inputs=("input", "b")), "concat"),
            (unmodelled("r", "b"), "ConvTranspose"),
        ],
    )
    def test_not_ahead_of_anything_else(self, reader: Node, kind: str) -> None:
        assert reasons(bn("b", "input"), reader) == {
            "b": f"it reads the network's input, and no convolution after it, but {kind} 'r'"
        }

    def test_not_where_either_says_that_it_cannot_be(self) -> None:
        fixed = replace(conv("c", "b"), unfoldable="its weights are computed")
        assert reasons(bn("b", "input"), fixed)["b"].endswith("and 'c' after it: its weights are computed")
        stays = BatchNorm(name="b", inputs=("input",), unfoldable="its statistics change")
        assert reasons(stays, conv("c", "b")) == {"b": "its statistics change"}


class TestSharedWeights:
    NODES = (
        replace(conv("c", "input"), weights="w"),
        bn("b", "c"),
        replace(conv("d", "b"), weights="w"),
        bn("e", "d"),
    )

    def test_are_not_changed(self) -> None:
        assert reasons(*self.NODES) == {
            "b": "'c' before it: it shares its weights with 'd', and 'd' after it: it shares its weights with 'c'",
            "e": "'d' before it: it shares its weights with 'c'",
        }

    def test_are_cloned_if_they_may_be(self) -> None:
        assert matches(*self.NODES, clone_shared=True) == [Match("b", "c"), Match("e", "d")]

    def test_shared_with_something_without_a_model_count_too(self) -> None:
        other = replace(unmodelled("u", "input"), weights="w")
        assert reasons(other, *self.NODES[:2]) == {"b": "'c' before it: it shares its weights with 'u'"}

    def test_named_but_used_once_are_not_shared(self) -> None:
        assert matches(*self.NODES[:2]) == [Match("b", "c")]
