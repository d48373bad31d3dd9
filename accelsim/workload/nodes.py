"""The operators of a network: what each delivers for what it reads, and what that costs to compute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from accelsim.workload.shapes import Shape, Window, ZeroKernels

ActivationKind = Literal[
    "relu",
    "relu6",
    "leaky_relu",
    "prelu",
    "clip",
    "elu",
    "selu",
    "sigmoid",
    "hardsigmoid",
    "tanh",
    "silu",
    "hardswish",
    "gelu",
    "mish",
    "softplus",
    "softmax",
]

WEIGHTS_UNKNOWN = "it has no weights that are known"
"""Why nothing is folded into an operator without a model."""


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
class Weighted(Node):
    """An operator with weights, which can absorb the BatchNorms right behind it and ahead of it.

    Parameters
    ----------
    bias
        Whether it has one.
    weights
        Name of its weights, where the file names them: nodes with the same name share them.
    unfoldable
        Why nothing can be folded into it; empty where it can.
    folded_ahead, folded
        The BatchNorms that it has absorbed, from ahead of it and from behind it, in the order of the data.
    folded_scale
        Whether the scales of those from behind it are left to the requantiser, and not in its weights.
    """

    bias: bool = False
    weights: str | None = None
    unfoldable: str = ""
    folded_ahead: tuple[str, ...] = ()
    folded: tuple[str, ...] = ()
    folded_scale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Conv(Weighted):
    """A 2-D convolution."""

    operator: ClassVar[str] = "conv"

    in_channels: int
    out_channels: int
    window: Window
    groups: int = 1
    zero_kernels: tuple[ZeroKernels, ...] = ()
    """Kernels of which all weights are zero."""

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
        _check_zero_kernels(self, self.out_channels, self.in_channels // self.groups)
        return Shape(self.out_channels, *_window_output(self, self.window, shape))

    def parameters(self, inputs: tuple[Shape, ...]) -> int:  # noqa: ARG002
        """See :meth:`Node.parameters`."""
        weights = self.out_channels * (self.in_channels // self.groups) * self.window.positions
        return weights + (self.out_channels if self.bias else 0)

    def macs(self, output: Shape) -> int:
        """See :meth:`Node.macs`."""
        return output.elements * (self.in_channels // self.groups) * self.window.positions


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear(Weighted):
    """A fully connected layer; reads its input flattened."""

    operator: ClassVar[str] = "linear"

    in_features: int
    out_features: int
    bias: bool = True
    zero_kernels: tuple[ZeroKernels, ...] = ()
    """Weights that are zero, as blocks of output × input features."""

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        """See :meth:`Node.output_shape`."""
        if self.in_features != inputs[0].elements:
            raise GraphError(
                self.name,
                f"in_features is {self.in_features}, but '{self.inputs[0]}' delivers {inputs[0].elements} "
                f"({inputs[0]})",
            )
        _check_zero_kernels(self, self.out_features, self.in_features)
        return Shape(self.out_features, 1, 1)

    def parameters(self, inputs: tuple[Shape, ...]) -> int:  # noqa: ARG002
        """See :meth:`Node.parameters`."""
        return self.out_features * (self.in_features + (1 if self.bias else 0))

    def macs(self, output: Shape) -> int:  # noqa: ARG002
        """See :meth:`Node.macs`."""
        return self.in_features * self.out_features


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchNorm(Node):
    """Batch normalisation with constant statistics (inference), or any other scale and shift by channel.

    ``unfoldable`` says why it cannot be folded into a convolution, whatever is beside it; empty where it can.
    """

    operator: ClassVar[str] = "batchnorm"

    unfoldable: str = ""

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
class Move(Node):
    """What moves no data and takes no time: its readers find the data where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flatten(Move):
    """A feature map as a vector; moves no data."""

    operator: ClassVar[str] = "flatten"

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        """See :meth:`Node.output_shape`."""
        return Shape(inputs[0].elements, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class View(Move):
    """The same data in another shape or order (reshape, transpose), or a part of it (slice, split)."""

    operator: ClassVar[str] = "view"

    shape: Shape

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        """See :meth:`Node.output_shape`."""
        if self.shape.elements > inputs[0].elements:
            raise GraphError(
                self.name,
                f"a view of {self.shape.elements} elements ({self.shape}) on '{self.inputs[0]}', "
                f"which has {inputs[0].elements} ({inputs[0]})",
            )
        return self.shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Concat(Move):
    """Feature maps behind one another; whoever makes one writes it to its place."""

    operator: ClassVar[str] = "concat"

    axis: Literal["channels", "height", "width"] = "channels"

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        """See :meth:`Node.output_shape`."""
        first = inputs[0]
        joined = first._replace(**{self.axis: sum(getattr(shape, self.axis) for shape in inputs)})
        for source, shape in zip(self.inputs, inputs, strict=True):
            if shape._replace(**{self.axis: 0}) != first._replace(**{self.axis: 0}):
                raise GraphError(
                    self.name,
                    f"cannot join '{self.inputs[0]}' ({first}) and '{source}' ({shape}) along {self.axis}: "
                    "their other sides differ",
                )
        return joined

    @property
    def arity(self) -> int:
        """Two or more."""
        return max(2, len(self.inputs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Move):
    """A further input of the network."""

    operator: ClassVar[str] = "input"

    shape: Shape

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:  # noqa: ARG002
        """See :meth:`Node.output_shape`."""
        return self.shape

    @property
    def arity(self) -> int:
        """It reads nothing."""
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Output(Move):
    """An output of the network where something inside the network reads it too; what nobody reads is one anyway."""

    operator: ClassVar[str] = "output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmodelled(Weighted):
    """An operator that accelsim has no model of: its result is there at once, and the results of a run say so.

    Parameters
    ----------
    what
        The operator, as the file calls it.
    shape
        Shape of its result.
    operations
        Arithmetic operations of one image, a multiply-accumulate being two.
    """

    operator: ClassVar[str] = "unmodelled"

    what: str
    shape: Shape
    operations: int = 0
    unfoldable: str = WEIGHTS_UNKNOWN

    def output_shape(self, inputs: tuple[Shape, ...]) -> Shape:  # noqa: ARG002
        """See :meth:`Node.output_shape`."""
        return self.shape

    @property
    def arity(self) -> int:
        """As many as it has."""
        return len(self.inputs)


def _window_output(node: Conv | Pool, window: Window, shape: Shape) -> tuple[int, int]:
    _check_padding(node, window)
    height, width = window.output_size(shape.height, shape.width)
    if height < 1 or width < 1:
        rows, columns = window.extent
        raise GraphError(node.name, f"a window of {rows}x{columns} does not fit its padded input of {shape}")
    return height, width


def _check_zero_kernels(node: Conv | Linear, outputs: int, inputs: int) -> None:
    for block in node.zero_kernels:
        for what, first, end, count in (
            ("outputs", block.first_output, block.end_output, outputs),
            ("inputs", block.first_input, block.end_input, inputs),
        ):
            if not 0 <= first < end <= count:
                raise GraphError(
                    node.name,
                    f"zero_weights: {what} {first}-{end - 1} must lie in 0-{count - 1}, the first before the last",
                )


def _check_padding(node: Conv | Pool, window: Window) -> None:
    """Refuse padding of which a whole window can consist."""
    top, left, bottom, right = window.padding
    rows, columns = window.extent
    for axis, padding, extent in (("vertical", max(top, bottom), rows), ("horizontal", max(left, right), columns)):
        if padding >= extent:
            raise GraphError(node.name, f"{axis} padding {padding} is not smaller than its window of {rows}x{columns}")
