"""Which tensors of a model a machine would store, and so in how few bits they are."""

from __future__ import annotations

from typing import NamedTuple

from accelsim.workload.graph import INPUT, Graph
from accelsim.workload.nodes import Activation, Add, BatchNorm, Concat, Move, Node, Pool, Source, View, Weighted
from accelsim.workload.onnx_frontend.frontend import ImportedModel


class StoredTensors(NamedTuple):
    """The tensors of a model that are stored, and where operators with weights find them.

    Parameters
    ----------
    tensors
        The network's inputs, and what its layers deliver to others, in order. A layer is a convolution with the
        BatchNorm and the activation behind it, or an operation of its own; operands of additions are stored. What
        nobody reads, an output of the network, is not.
    read_by
        For each operator with weights, by the name of its node, the stored tensor that it reads: where views and
        maxima, which make no new values, lie between, the one before these.
    relu_behind
        For each operator with weights that only a ReLU reads, the tensor that this one delivers.
    """

    tensors: tuple[str, ...]
    read_by: dict[str, str]
    relu_behind: dict[str, str]


def stored_tensors(imported: ImportedModel) -> StoredTensors:
    """Find the tensors of a model that are stored.

    Parameters
    ----------
    imported
        The model as a graph.
    """
    graph, names = imported.graph, imported.tensors
    readers = graph.readers()
    stored = {INPUT: names[INPUT]}
    read_by: dict[str, str] = {}
    relu_behind: dict[str, str] = {}
    for node in graph:
        source = node.inputs[0] if node.inputs else ""
        if isinstance(node, Weighted) and source in stored:
            read_by[node.name] = stored[source]
            relu = _sole_relu(graph, readers[node.name])
            if relu is not None:
                relu_behind[node.name] = names[relu]
        if _passes_on(imported, node):
            if source in stored:
                stored[node.name] = stored[source]
        elif node.name in names and _is_stored(graph, node, readers[node.name]):
            stored[node.name] = names[node.name]
    return StoredTensors(tuple(dict.fromkeys(stored.values())), read_by, relu_behind)


def _passes_on(imported: ImportedModel, node: Node) -> bool:
    """Whether a node delivers values that it reads."""
    if isinstance(node, View) and node.inputs[0] != INPUT and node.inputs[0] not in imported.tensors:
        return not isinstance(imported.graph.nodes[node.inputs[0]], Weighted)  # else it is the result of a product
    if isinstance(node, Pool):
        return node.kind == "max"
    return isinstance(node, Move) and not isinstance(node, Concat | Source)


def _is_stored(graph: Graph, node: Node, readers: list[str]) -> bool:
    reading = [graph.nodes[name] for name in readers]
    if isinstance(node, Weighted | BatchNorm | Add | View) and len(reading) == 1:
        return not isinstance(reading[0], BatchNorm | Activation | Concat)
    return not all(isinstance(reader, Concat) for reader in reading)


def _sole_relu(graph: Graph, readers: list[str]) -> str | None:
    if len(readers) == 1:
        reader = graph.nodes[readers[0]]
        if isinstance(reader, Activation) and reader.kind in ("relu", "relu6"):
            return reader.name
    return None
