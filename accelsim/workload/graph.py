"""The network as a graph: operators, the shapes that flow between them, and what they cost to compute.

Shapes are per image, ``(channels, height, width)``; the batch is a property of the run. A feature vector
of length n is ``(n, 1, 1)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from accelsim.errors import did_you_mean

ActivationKind = Literal["relu", "relu6", "leaky_relu", "silu", "gelu", "sigmoid", "hardswish"]

MAX_ELEMENTS = 2**32
"""Larger tensors are taken for a typing error. (With fewer elements no count of bytes or cycles leaves 64 bits.)"""


class GraphError(ValueError):
    """A node that cannot be part of the graph.

    Parameters
    ----------
    node
        Name of the node.
    message
        What is wrong with it.
    """

    def __init__(self, node: str, message: str) -> None:
        self.node = node
        self.message = message
        super().__init__(f"layer '{node}': {message}")


class Shape(NamedTuple):
    """Shape of a feature map of one image."""

    channels: int
    height: int
    width: int

    @property
    def pixels(self) -> int:
        """Positions of one channel."""
        return self.height * self.width

    @property
    def elements(self) -> int:
        """Elements of all channels."""
        return self.channels * self.pixels

    def __str__(self) -> str:
        return f"{self.channels}x{self.height}x{self.width}"


class Window(NamedTuple):
    """How a kernel moves over a feature map, each pair as (height, width); padding as (top, left, bottom, right)."""

    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)

    @property
    def positions(self) -> int:
        """Positions of the kernel, KH·KW."""
        return self.kernel[0] * self.kernel[1]

    @property
    def extent(self) -> tuple[int, int]:
        """Input rows and columns that one window spans."""
        return (
            (self.kernel[0] - 1) * self.dilation[0] + 1,
            (self.kernel[1] - 1) * self.dilation[1] + 1,
        )

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Output rows and columns over an input of ``height`` × ``width``; below 1 where the window does not fit."""
        top, left, bottom, right = self.padding
        rows, columns = self.extent
        return (
            (height + top + bottom - rows) // self.stride[0] + 1,
            (width + left + right - columns) // self.stride[1] + 1,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One operator: a unique name, and the names of the nodes it reads (``"input"`` is the network's input)."""

    operator: ClassVar[str] = ""
    """What it is called in reports."""

    name: str
    inputs: tuple[str, ...]

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        """Shape of the result for these input shapes; raises :class:`GraphError` where they do not fit."""
        return inputs[0]

    def parameters(self, inputs: tuple[Shape, ...]) -> int:  # noqa: ARG002  most operators have none
        """Trainable parameters, as the frameworks count them (BN: γ and β; μ and σ² are buffers)."""
        return 0

    def macs(self, output: Shape) -> int:  # noqa: ARG002
        """Multiply-accumulates of one image, padding included, as the literature counts them."""
        return 0

    @property
    def arity(self) -> int:
        """Number of inputs the operator takes."""
        return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Conv(Node):
    """A 2-D convolution; ``bias`` says whether it has one, ``folded`` names the BatchNorm that it has absorbed."""

    operator: ClassVar[str] = "conv"

    in_channels: int
    out_channels: int
    window: Window
    groups: int = 1
    bias: bool = False
    folded: str | None = None

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        """See :meth:`Node.output_shape`."""
        shape = inputs[0]
        if self.in_channels != shape.channels:
            raise GraphError(
                self.name,
                f"in_channels is {self.in_channels}, but '{self.inputs[0]}' delivers {shape.channels} ({shape})",
            )
        for key, channels in (("in_channels", self.in_channels), ("out_channels", self.out_channels)):
            if channels % self.groups:
                raise GraphError(self.name, f"{key} {channels} is not a multiple of groups {self.groups}")
        return Shape(self.out_channels, *_window_output(self, self.window, shape))

    def parameters(self, inputs: tuple[Shape, ...]) -> int:  # noqa: ARG002
        """See :meth:`Node.parameters`."""
        weights = self.out_channels * (self.in_channels // self.groups) * self.window.positions
        return weights + (self.out_channels if self.bias else 0)

    def macs(self, output: Shape) -> int:
        """See :meth:`Node.macs`."""
        return output.elements * (self.in_channels // self.groups) * self.window.positions


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear(Node):
    """A fully connected layer; reads its input flattened. ``bias`` and ``folded`` as in :class:`Conv`."""

    operator: ClassVar[str] = "linear"

    in_features: int
    out_features: int
    bias: bool = True
    folded: str | None = None

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        """See :meth:`Node.output_shape`."""
        if self.in_features != inputs[0].elements:
            raise GraphError(
                self.name,
                f"in_features is {self.in_features}, but '{self.inputs[0]}' delivers {inputs[0].elements} "
                f"({inputs[0]})",
            )
        return Shape(self.out_features, 1, 1)

    def parameters(self, inputs: tuple[Shape, ...]) -> int:  # noqa: ARG002
        """See :meth:`Node.parameters`."""
        return self.out_features * (self.in_features + (1 if self.bias else 0))

    def macs(self, output: Shape) -> int:  # noqa: ARG002
        """See :meth:`Node.macs`."""
        return self.in_features * self.out_features


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchNorm(Node):
    """Batch normalisation with constant statistics (inference)."""

    operator: ClassVar[str] = "batchnorm"

    def parameters(self, inputs: tuple[Shape, ...]) -> int:
        """See :meth:`Node.parameters`."""
        return 2 * inputs[0].channels


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation(Node):
    """An element-wise activation function."""

    operator: ClassVar[str] = "activation"

    kind: ActivationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Add(Node):
    """Element-wise sum of two feature maps of the same shape."""

    operator: ClassVar[str] = "add"

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        """See :meth:`Node.output_shape`."""
        if inputs[0] != inputs[1]:
            raise GraphError(
                self.name,
                f"cannot add '{self.inputs[0]}' ({inputs[0]}) and '{self.inputs[1]}' ({inputs[1]}): shapes differ",
            )
        return inputs[0]

    @property
    def arity(self) -> int:
        """Two operands."""
        return 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool(Node):
    """Maximum or average over windows; ``window=None`` is global pooling, over the whole map."""

    operator: ClassVar[str] = "pool"

    kind: Literal["max", "avg"]
    window: Window | None

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        """See :meth:`Node.output_shape`."""
        return Shape(inputs[0].channels, *_window_output(self, self.window_over(inputs[0]), inputs[0]))

    def window_over(self, shape: Shape) -> Window:
        """Return the window on an input of this shape, resolving global pooling."""
        return self.window or Window(kernel=(shape.height, shape.width))


@dataclass(frozen=True, slots=True, kw_only=True)
class Flatten(Node):
    """A feature map as a vector; moves no data."""

    operator: ClassVar[str] = "flatten"

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        """See :meth:`Node.output_shape`."""
        return Shape(inputs[0].elements, 1, 1)


def _window_output(node: Conv | Pool, window: Window, shape: Shape) -> tuple[int, int]:
    _check_padding(node, window)
    height, width = window.output_size(shape.height, shape.width)
    if height < 1 or width < 1:
        rows, columns = window.extent
        raise GraphError(node.name, f"a window of {rows}x{columns} does not fit its padded input of {shape}")
    return height, width


def _check_padding(node: Conv | Pool, window: Window) -> None:
    """Refuse padding of which a whole window, or more than half of one that pools, can consist."""
    top, left, bottom, right = window.padding
    rows, columns = window.extent
    for axis, padding, extent in (("vertical", max(top, bottom), rows), ("horizontal", max(left, right), columns)):
        if padding >= extent:
            raise GraphError(node.name, f"{axis} padding {padding} is not smaller than its window of {rows}x{columns}")
        if isinstance(node, Pool) and padding > extent // 2:
            raise GraphError(node.name, f"{axis} padding {padding} is more than half its window of {rows}x{columns}")


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
