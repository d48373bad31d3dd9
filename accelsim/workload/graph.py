"""The network as a graph: its operators in order, and the shapes that flow between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from accelsim.errors import did_you_mean
from accelsim.workload.nodes import GraphError, Node
from accelsim.workload.shapes import MAX_ELEMENTS, Shape

INPUT = "input"
"""Name by which nodes refer to the network's input."""


class Graph:
    """A network: nodes in an order in which each comes after what it reads, with all shapes inferred.

    Parameters
    ----------
    name
        Name of the network.
    input_shape
        Shape of one input image.
    nodes
        The operators, in order of execution.

    Raises
    ------
    GraphError
        On a name used twice, an input that no earlier node has, a wrong number of inputs, or shapes that do not chain.
    """

    def __init__(self, name: str, input_shape: Shape, nodes: Iterable[Node]) -> None:
        self.name = name
        self.shapes: dict[str, Shape] = {}
        self.nodes: dict[str, Node] = {}
        self._deliver(INPUT, input_shape)
        for node in nodes:
            self.append(node)

    def append(self, node: Node) -> None:
        """Add a node at the end; raises :class:`GraphError` like the constructor."""
        if node.name in self.shapes:
            raise GraphError(node.name, "this name is used twice")
        if len(node.inputs) != node.arity:
            raise GraphError(node.name, f"reads {node.arity} input{'s' * (node.arity > 1)}, not {len(node.inputs)}")
        shapes = tuple(self.shape_read(source, node.name) for source in node.inputs)
        if node.parameters(shapes) > MAX_ELEMENTS:
            raise GraphError(node.name, f"has more than {MAX_ELEMENTS} parameters")
        self._deliver(node.name, node.output_shape(shapes))
        self.nodes[node.name] = node

    def shape_read(self, source: str, reader: str) -> Shape:
        """Shape of what ``reader`` is about to read; raises :class:`GraphError` if it is not there yet."""
        if source not in self.shapes:
            hint = did_you_mean(source, self.shapes)
            raise GraphError(reader, f"reads '{source}', which no earlier layer has{hint}")
        return self.shapes[source]

    def _deliver(self, name: str, shape: Shape) -> None:
        if shape.elements > MAX_ELEMENTS:
            raise GraphError(name, f"its output of {shape} has more than {MAX_ELEMENTS} elements")
        self.shapes[name] = shape

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes.values())

    @property
    def input_shape(self) -> Shape:
        """Shape of one input image."""
        return self.shapes[INPUT]

    def input_shapes(self, node: Node) -> tuple[Shape, ...]:
        """Shapes of what a node reads, in order."""
        return tuple(self.shapes[source] for source in node.inputs)

    def readers(self) -> dict[str, list[str]]:
        """For every node (and ``"input"``), the names of the nodes that read it, in order."""
        readers: dict[str, list[str]] = {name: [] for name in self.shapes}
        for node in self:
            for source in node.inputs:
                readers[source].append(node.name)
        return readers

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one image in convolutions and fully connected layers."""
        return sum(node.macs(self.shapes[node.name]) for node in self)

    @property
    def parameter_count(self) -> int:
        """Trainable parameters of the network."""
        return sum(node.parameters(self.input_shapes(node)) for node in self)
