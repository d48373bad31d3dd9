"""The graph with its BatchNorms folded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from accelsim.fusion.match import Match, match_batchnorms
from accelsim.workload.graph import Graph
from accelsim.workload.nodes import Node, Weighted


def fold_batchnorms(graph: Graph, matches: Iterable[Match] | None = None, *, into_requantizer: bool = False) -> Graph:
    """Return the graph without the BatchNorms that can be folded.

    A convolution that absorbs one has a bias afterwards, keeps its name, and names what it absorbed; whatever read the
    BatchNorm reads what the BatchNorm read.

    Parameters
    ----------
    graph
        The network.
    matches
        The decisions to apply; default: :func:`accelsim.fusion.match.match_batchnorms` of the graph.
    into_requantizer
        Whether the scale of a BatchNorm behind a convolution goes into the requantiser's multipliers and leaves the
        weights as they are. Those ahead of one go into its weights in any case.
    """
    decided = match_batchnorms(graph) if matches is None else matches
    folded = [match for match in decided if match.into is not None]
    gone = {match.batchnorm for match in folded}
    leads_to: dict[str, str] = {}
    for node in graph:
        leads_to[node.name] = leads_to.get(node.inputs[0], node.inputs[0]) if node.name in gone else node.name
    nodes = [_rewritten(node, leads_to, folded, into_requantizer) for node in graph if node.name not in gone]
    return Graph(graph.name, graph.input_shape, nodes)


def _rewritten(node: Node, leads_to: dict[str, str], folded: list[Match], into_requantizer: bool) -> Node:
    inputs = tuple(leads_to.get(source, source) for source in node.inputs)
    absorbed = [match for match in folded if match.into == node.name]
    if not (absorbed and isinstance(node, Weighted)):
        return replace(node, inputs=inputs)
    behind = tuple(match.batchnorm for match in absorbed if not match.ahead)
    return replace(
        node,
        inputs=inputs,
        bias=True,
        folded_ahead=tuple(match.batchnorm for match in absorbed if match.ahead),
        folded=behind,
        folded_scale=into_requantizer and bool(behind),
    )
