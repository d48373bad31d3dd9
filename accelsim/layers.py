"""From a graph to layers: what the machine executes as one program, between two barriers.

A layer is a convolution with what follows it in the post-pipeline (BatchNorm, residual add, activation), or
an operation that streams through the post-pipeline alone (pooling, an addition or activation of its own).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from accelsim.workload.graph import INPUT, Graph
from accelsim.workload.nodes import (
    Activation,
    ActivationKind,
    Add,
    BatchNorm,
    Conv,
    Flatten,
    Linear,
    Move,
    Node,
    Pool,
    Unmodelled,
    Weighted,
)
from accelsim.workload.shapes import Shape, Window, ZeroKernels

BN_OPS = 4
"""Operations of BatchNorm per element: subtract the mean, multiply by 1/sqrt(var + eps), multiply by gamma, add beta
(Ioffe and Szegedy, ICML 2015, algorithm 1)."""

MAC_OPS = 2
"""A multiply and an add."""


class ConvShape(NamedTuple):
    """A convolution (or, as 1×1 on one pixel, a fully connected layer) over a batch."""

    batch: int
    input: Shape
    output: Shape
    window: Window
    groups: int
    zero_kernels: tuple[ZeroKernels, ...] = ()
    """Kernels of which all weights are zero."""

    @property
    def macs(self) -> int:
        """Multiply-accumulates, padding included."""
        per_output = self.input.channels // self.groups * self.window.positions
        return self.batch * self.output.elements * per_output


class StreamShape(NamedTuple):
    """Something that streams through the post-pipeline: element by element, or window by window."""

    batch: int
    input: Shape
    output: Shape
    window: Window


class Epilogue(NamedTuple):
    """What happens to the psums, or to the streamed elements, on the way out.

    ``folded_scale`` says that the requantiser's multipliers hold the scale of a BatchNorm that is gone.
    """

    bias: bool = False
    batchnorm: bool = False
    residual: bool = False
    pooling: bool = False
    activation: ActivationKind | None = None
    folded_scale: bool = False


class Operations(NamedTuple):
    """Arithmetic operations of a layer, by kind, for the whole batch."""

    convolution: int = 0
    fully_connected: int = 0
    batchnorm: int = 0
    residual_add: int = 0
    activation: int = 0
    pooling: int = 0

    @property
    def total(self) -> int:
        """All operations."""
        return sum(self)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of execution.

    ``name`` is that of the node it begins with, ``kind`` its operator (``"conv"``, ``"linear"``, ``"pool"``, ...).
    ``nodes`` are all the nodes it executes, those that it has absorbed among them, ``reads`` the tensors it loads:
    ifmap, then residual operand. ``readers`` counts who reads its result, a view or a concatenation included.
    """

    name: str
    kind: str
    shape: ConvShape | StreamShape
    epilogue: Epilogue
    nodes: tuple[str, ...]
    reads: tuple[str, ...]
    readers: int = 0

    @property
    def writes(self) -> str:
        """The node whose result the layer delivers."""
        return self.nodes[-1]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the whole batch."""
        return self.shape.macs if isinstance(self.shape, ConvShape) else 0

    @property
    def operations(self) -> Operations:
        """Arithmetic operations of the whole batch, as the network is written (not as a machine executes it)."""
        elements = self.shape.batch * self.shape.output.elements
        epilogue = self.epilogue
        return Operations(
            convolution=MAC_OPS * self.macs * (self.kind == "conv"),
            fully_connected=MAC_OPS * self.macs * (self.kind == "linear"),
            batchnorm=BN_OPS * elements * epilogue.batchnorm,
            residual_add=elements * epilogue.residual,
            activation=elements * (epilogue.activation is not None),
            pooling=elements * self.shape.window.positions * epilogue.pooling,
        )


def layers_of(graph: Graph, batch: int) -> list[Layer]:
    """Group the nodes of a graph into layers, in an order in which each comes after what it reads.

    A layer takes in the node that alone reads its result as long as the order of the post-pipeline (BN, residual
    add, pooling, activation) allows it; an addition also needs its other operand to be there already, and a softmax
    the whole of its input. BatchNorms behind one another are one scale and shift, which takes one step.
    What moves no data is in no layer: a flattened map is the map itself.
    """
    readers = graph.readers()
    stored_as = {INPUT: INPUT}
    readings: Counter[str] = Counter()
    taken: set[str] = set()
    layers: list[Layer] = []
    for node in graph:
        if isinstance(node, Flatten):
            stored_as[node.name] = stored_as[node.inputs[0]]
            if not readers[node.name]:  # an output of the network: that, too, is a reading
                readings[stored_as[node.name]] += 1
        elif isinstance(node, Move | Unmodelled):
            stored_as[node.name] = node.name
            readings.update(stored_as[source] for source in node.inputs)
        elif node.name not in taken:
            layer = _layer_from(node, graph, batch, readers, stored_as)
            layers.append(layer)
            taken.update(layer.nodes)
            stored_as[_result_of(layer, graph)] = layer.writes
            readings.update(layer.reads)
    return [replace(layer, readers=readings[layer.writes]) for layer in layers]


def _result_of(layer: Layer, graph: Graph) -> str:
    """The node of the graph that delivers the layer's result: not a folded BatchNorm, which is a node no more."""
    return next(name for name in reversed(layer.nodes) if name in graph.nodes)


def _layer_from(
    first: Node, graph: Graph, batch: int, readers: Mapping[str, list[str]], stored_as: Mapping[str, str]
) -> Layer:
    epilogue = _with_node(Epilogue(), first)
    nodes = [*first.folded_ahead, first.name, *first.folded] if isinstance(first, Weighted) else [first.name]
    reads = list(first.inputs)
    last = first.name
    while len(readers[last]) == 1:
        node = graph.nodes[readers[last][0]]
        others = [source for source in node.inputs if source != last]
        if not (_fits_behind(epilogue, node) and all(source in stored_as for source in others)):
            break
        epilogue = _with_node(epilogue, node)
        last = node.name
        nodes.append(last)
        reads.extend(others)
    return Layer(
        first.name,
        first.operator,
        _shape_of(first, graph, batch),
        epilogue,
        tuple(nodes),
        tuple(stored_as[source] for source in reads),
    )


def _fits_behind(done: Epilogue, node: Node) -> bool:
    """Whether a node comes after what a layer already does, in the order of the post-pipeline."""
    if isinstance(node, BatchNorm):
        return not (done.residual or done.pooling or done.activation)
    if isinstance(node, Add):
        return not (done.residual or done.pooling or done.activation)
    return isinstance(node, Activation) and node.kind != "softmax" and done.activation is None


def _shape_of(node: Node, graph: Graph, batch: int) -> ConvShape | StreamShape:
    source = graph.shapes[node.inputs[0]]
    output = graph.shapes[node.name]
    if isinstance(node, Conv):
        return ConvShape(batch, source, output, node.window, node.groups, node.zero_kernels)
    if isinstance(node, Linear):
        return ConvShape(batch, Shape(node.in_features, 1, 1), output, Window(), 1, node.zero_kernels)
    window = node.window_over(source) if isinstance(node, Pool) else Window()
    return StreamShape(batch, source, output, window)


def _with_node(epilogue: Epilogue, node: Node) -> Epilogue:
    if isinstance(node, Conv | Linear):
        return epilogue._replace(bias=node.bias, folded_scale=node.folded_scale)
    if isinstance(node, BatchNorm):
        return epilogue._replace(batchnorm=True)
    if isinstance(node, Add):
        return epilogue._replace(residual=True)
    if isinstance(node, Pool):
        return epilogue._replace(pooling=True)
    if isinstance(node, Activation):
        return epilogue._replace(activation=node.kind)
    return epilogue
