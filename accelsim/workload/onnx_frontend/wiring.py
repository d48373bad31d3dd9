"""Who reads which tensor of a model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import onnx


class Wiring:
    """Producers and readers of the tensors of a model's graph.

    Parameters
    ----------
    graph
        The graph.
    """

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.nodes = list(graph.node)
        self.reads = [list(_reads(node)) for node in self.nodes]
        """The tensors that each node reads."""
        self.producer: dict[str, int] = {}
        """Index of the node that makes a tensor."""
        self.readers: dict[str, list[int]] = defaultdict(list)
        """Indices of the nodes that read a tensor; a node that reads it twice is there twice."""
        self.outputs = {value.name for value in graph.output}
        for index, node in enumerate(self.nodes):
            for name in self.reads[index]:
                self.readers[name].append(index)
            self.producer.update((name, index) for name in node.output if name)

    def needed(self) -> set[int]:
        """Indices of the nodes that the outputs depend on."""
        needed: set[int] = set()
        tensors = list(self.outputs)
        while tensors:
            index = self.producer.get(tensors.pop())
            if index is not None and index not in needed:
                needed.add(index)
                tensors.extend(self.reads[index])
        return needed

    def sole_reader(self, tensor: str) -> int | None:
        """Index of the one node that reads a tensor, where there is just one and it is no output of the model."""
        readers = self.readers.get(tensor, [])
        return readers[0] if len(readers) == 1 and tensor not in self.outputs else None


def names_in(graph: onnx.GraphProto) -> set[str]:
    """Return all names of tensors in a graph and the graphs inside it."""
    names = {value.name for value in (*graph.input, *graph.initializer, *graph.output)}
    for node in graph.node:
        names.update(node.input, node.output)
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                names |= names_in(inner)
    return names


def _reads(node: onnx.NodeProto) -> Iterator[str]:
    """The tensors that a node reads, those that graphs inside it take from outside among them."""
    yield from (name for name in node.input if name)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            own = {value.name for value in (*graph.input, *graph.initializer)}
            own.update(name for inner in graph.node for name in inner.output)
            read = [name for inner in graph.node for name in _reads(inner)]
            read += [value.name for value in graph.output]
            yield from (name for name in read if name not in own)
