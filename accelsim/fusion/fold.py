"""The graph with its BatchNorms folded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from accelsim.fusion.match import Match, match_batchnorms
from accelsim.workload.graph import Conv, Graph, Linear, Node


def fold_batchnorms(graph: Graph, matches: Iterable[Match] | None = None) -> Graph:
    """Return the graph without the BatchNorms that can be folded.

    A convolution that absorbs one has a bias afterwards, and keeps its name; whatever read the BatchNorm reads the
    convolution.

    Parameters
    ----------
    graph
        The network.
    matches
        The decisions to apply; default: :func:`accelsim.fusion.match.match_batchnorms` of the graph.
    """
    decided = match_batchnorms(graph) if matches is None else matches
    folded = {match.batchnorm: match.into for match in decided if match.into is not None}
    nodes = [_rewritten(node, folded) for node in graph if node.name not in folded]
    return Graph(graph.name, graph.input_shape, nodes)


def _rewritten(node: Node, folded: dict[str, str]) -> Node:
    absorbed = {into: batchnorm for batchnorm, into in folded.items()}
    inputs = tuple(folded.get(source, source) for source in node.inputs)
    if isinstance(node, Conv | Linear) and node.name in absorbed:
        return replace(node, inputs=inputs, bias=True, folded=absorbed[node.name])
    return replace(node, inputs=inputs)
