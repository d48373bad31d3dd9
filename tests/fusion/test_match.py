from __future__ import annotations

from accelsim.fusion.match import Match, match_batchnorms
from accelsim.workload.graph import Add, Linear
from tests.fusion.graphs import bn, conv, graph, relu


def test_behind_a_convolution_or_a_fully_connected_layer() -> None:
    linear = Linear(name="l", inputs=("b",), in_features=144, out_features=10)
    matches = match_batchnorms(graph(conv("c", "input"), bn("b", "c"), linear, bn("d", "l")))
    assert matches == [Match("b", "c"), Match("d", "l")]


def test_not_at_the_networks_input() -> None:
    (match,) = match_batchnorms(graph(bn("b", "input"), conv("c", "b")))
    assert match == Match("b", None, "'input' before it is no convolution but the network's input")


def test_not_behind_anything_else() -> None:
    matches = match_batchnorms(
        graph(
            conv("c", "input"),
            relu("r", "c"),
            bn("b", "r"),
            bn("d", "b"),
            Add(name="a", inputs=("d", "input")),
            bn("e", "a"),
        )
    )
    assert [(match.batchnorm, match.reason) for match in matches] == [
        ("b", "'r' before it is no convolution but activation"),
        ("d", "'b' before it is no convolution but batchnorm"),
        ("e", "'a' before it is no convolution but add"),
    ]


def test_not_where_somebody_else_reads_the_convolution() -> None:
    (match,) = match_batchnorms(graph(conv("c", "input"), bn("b", "c"), relu("r", "c")))
    assert match == Match("b", None, "'c' is also read by 'r'")


def test_two_batchnorms_of_one_convolution() -> None:
    matches = match_batchnorms(graph(conv("c", "input"), bn("b", "c"), bn("d", "c")))
    assert [(match.into, match.reason) for match in matches] == [
        (None, "'c' is also read by 'd'"),
        (None, "'c' is also read by 'b'"),
    ]


def test_what_the_batchnorm_feeds_does_not_matter() -> None:
    branching = graph(conv("c", "input"), bn("b", "c"), relu("r", "b"), Add(name="a", inputs=("r", "b")))
    assert match_batchnorms(branching) == [Match("b", "c")]
