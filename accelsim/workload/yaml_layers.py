"""The layers of the YAML workload format: one pydantic model per operator."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from accelsim.documents.wording import described
from accelsim.workload.graph import INPUT
from accelsim.workload.nodes import (
    WEIGHTS_UNKNOWN,
    Activation,
    ActivationKind,
    Add,
    BatchNorm,
    Concat,
    Conv,
    Flatten,
    Linear,
    Node,
    Output,
    Pool,
    Source,
    Unmodelled,
    View,
)
from accelsim.workload.shapes import Shape, Window, ZeroKernels

MAX_CHANNELS = 2**24
MAX_SIDE = 2**16
MAX_WINDOW = 1024
MAX_OPERATIONS = 2**62
MAX_NAME_CHARACTERS = 200


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("must consist of printable characters")
    return name


def _not_reserved(name: str) -> str:
    if name == INPUT:
        raise ValueError(f"'{INPUT}' is the name of the network's input; choose another")
    return name


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _sizes(value: Any, smallest: int, largest: int, forms: dict[int, str]) -> list[int]:
    """Return a whole number, or a list in one of the ``forms`` (words by length), as a list."""
    sizes = value if isinstance(value, list) and len(value) in forms else [value]
    for size in sizes:
        _check_size(size, smallest, largest, f"a whole number or {' or '.join(forms.values())}")
    return sizes


def _check_size(size: Any, smallest: int, largest: int, wanted: str) -> None:
    if not isinstance(size, int) or isinstance(size, bool):
        raise ValueError(f"must be {wanted}, not {described(size)}")
    if not smallest <= size <= largest:
        raise ValueError(f"must be at least {smallest} and at most {largest}, not {size}")


_HEIGHT_WIDTH = {2: "[height, width]"}
_ANY_PADDING = {2: "[vertical, horizontal]", 4: "[top, left, bottom, right]"}


def _pair(value: Any) -> tuple[int, int]:
    sizes = _sizes(value, 1, MAX_WINDOW, _HEIGHT_WIDTH)
    return sizes[0], sizes[-1]


def _four_sides(value: Any) -> tuple[int, int, int, int]:
    sizes = _sizes(value, 0, MAX_WINDOW, _ANY_PADDING)
    top, left, bottom, right = sizes * (4 // len(sizes))
    return top, left, bottom, right


def _shape(value: Any) -> Shape:
    wanted = "[channels, height, width]"
    if not isinstance(value, list) or len(value) != len(Shape._fields):
        raise ValueError(f"must be {wanted}, not {described(value)}")
    for size, largest in zip(value, (MAX_CHANNELS, MAX_SIDE, MAX_SIDE), strict=True):
        _check_size(size, 1, largest, wanted)
    return Shape(*value)


def _channels_in_a_row(value: Any) -> tuple[int, int]:
    wanted = "a channel or a range such as 0-31, counted from 0"
    if isinstance(value, int) and not isinstance(value, bool):
        first = last = value
    elif isinstance(value, str) and re.fullmatch(r"\d{1,8}-\d{1,8}", value, re.ASCII):
        first, last = map(int, value.split("-"))
    else:
        raise ValueError(f"must be {wanted}, not {described(value)}")
    if not 0 <= first <= last:
        raise ValueError(f"must be {wanted}, the first channel before the last, not {value}")
    return first, last + 1


Text = Annotated[str, AfterValidator(_printable)]
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS), AfterValidator(_printable)]
Channels = Annotated[int, Field(ge=1, le=MAX_CHANNELS)]
Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]
Pair = Annotated[tuple[int, int], BeforeValidator(_pair)]
Padding = Annotated[tuple[int, int, int, int], BeforeValidator(_four_sides)]
FullShape = Annotated[tuple[int, int, int], BeforeValidator(_shape)]
Sources = Annotated[list[Name], Field(min_length=1), BeforeValidator(_as_list)]
ChannelsInARow = Annotated[tuple[int, int], BeforeValidator(_channels_in_a_row)]
AnySources = Annotated[list[Name], BeforeValidator(_as_list)]


class Entry(BaseModel):
    """A mapping of the file: immutable, and every key must be known."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class InputEntry(Entry):
    """Shape of an input of the network; a vector has channels alone."""

    channels: Channels
    height: Side = 1
    width: Side = 1

    @property
    def shape(self) -> Shape:
        """The shape."""
        return Shape(self.channels, self.height, self.width)


class ZeroWeightsEntry(Entry):
    """Kernels of a layer of which all weights are zero: of some output channels, over some input channels."""

    outputs: ChannelsInARow | None = Field(None, description="output channels, such as 0-31; default: all")
    inputs: ChannelsInARow | None = Field(None, description="input channels of each group; default: all")

    def zero_kernels(self, outputs: int, inputs: int) -> ZeroKernels:
        """Return the block of a layer with so many output channels, and input channels of a group."""
        return ZeroKernels(*(self.outputs or (0, outputs)), *(self.inputs or (0, inputs)))


class LayerEntry(Entry, ABC):
    """What every operator has; ``op`` chose the model."""

    name: Annotated[Name, AfterValidator(_not_reserved)]
    op: str

    def sources(self, previous: str) -> tuple[str, ...]:  # noqa: ARG002  most have inputs
        """Names of what it reads; ``previous`` is the layer before it."""
        return ()

    @abstractmethod
    def node(self, inputs: tuple[str, ...], arriving: tuple[Shape, ...]) -> Node:
        """Make the node of the graph; ``arriving`` are the shapes of its inputs."""


class _ReadingLayer(LayerEntry):
    inputs: Sources | None = Field(None, description="the layers it reads; default: the one before")

    def sources(self, previous: str) -> tuple[str, ...]:
        return (previous,) if self.inputs is None else tuple(self.inputs)


class _WeightedLayer(_ReadingLayer):
    weights: Name | None = Field(None, description="name of its weights; layers with the same name share them")
    unfoldable: Text = Field("", description="why no BatchNorm can be folded into it; empty where it can")


class _ZeroableLayer(_WeightedLayer):
    zero_weights: list[ZeroWeightsEntry] = Field(
        [], description="kernels of which all weights are zero; a machine may skip them (machine.array.skip_zero_folds)"
    )

    def zero_kernels(self, outputs: int, inputs: int) -> tuple[ZeroKernels, ...]:
        """Return those blocks, of a layer with so many output channels, and input channels of a group."""
        return tuple(entry.zero_kernels(outputs, inputs) for entry in self.zero_weights)


class _ConvLayer(_ZeroableLayer):
    in_channels: Channels | None = None
    out_channels: Channels
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Padding = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    groups: Channels = 1
    bias: bool = False

    def node(self, inputs: tuple[str, ...], arriving: tuple[Shape, ...]) -> Conv:
        in_channels = self.in_channels or arriving[0].channels
        return Conv(
            name=self.name,
            inputs=inputs,
            in_channels=in_channels,
            out_channels=self.out_channels,
            window=Window(self.kernel, self.stride, self.padding, self.dilation),
            groups=self.groups,
            zero_kernels=self.zero_kernels(self.out_channels, in_channels // self.groups),
            bias=self.bias,
            weights=self.weights,
            unfoldable=self.unfoldable,
        )


class _LinearLayer(_ZeroableLayer):
    in_features: Channels | None = None
    out_features: Channels
    bias: bool = True

    def node(self, inputs: tuple[str, ...], arriving: tuple[Shape, ...]) -> Linear:
        in_features = self.in_features or arriving[0].elements
        return Linear(
            name=self.name,
            inputs=inputs,
            in_features=in_features,
            out_features=self.out_features,
            zero_kernels=self.zero_kernels(self.out_features, in_features),
            bias=self.bias,
            weights=self.weights,
            unfoldable=self.unfoldable,
        )


class _BatchNormLayer(_ReadingLayer):
    unfoldable: Text = Field("", description="why it cannot be folded, whatever is beside it")

    def node(self, inputs: tuple[str, ...], arriving: tuple[Shape, ...]) -> BatchNorm:  # noqa: ARG002
        return BatchNorm(name=self.name, inputs=inputs, unfoldable=self.unfoldable)


class _ActivationLayer(_ReadingLayer):
    op: ActivationKind

    def node(self, inputs: tuple[str, ...], arriving: tuple[Shape, ...]) -> Activation:  # noqa: ARG002
        return Activation(name=self.name, inputs=inputs, kind=self.op)


class _AddLayer(_ReadingLayer):
    def node(self, inputs: tuple[str, ...], arriving: tuple[Shape, ...]) -> Add:  # noqa: ARG002
        return Add(name=self.name, inputs=inputs)


class _PoolLayer(_ReadingLayer):
    op: Literal["maxpool", "avgpool"]
    kernel: Pair
    stride: Pair | None = Field(None, description="default: the kernel")
    padding: Padding = (0, 0, 0, 0)
    dilation: Pair = (1, 1)

    def node(self, inputs: tuple[str, ...], arriving: tuple[Shape, ...]) -> Pool:  # noqa: ARG002
        window = Window(self.kernel, self.stride or self.kernel, self.padding, self.dilation)
        return Pool(name=self.name, inputs=inputs, kind="max" if self.op == "maxpool" else "avg", window=window)


class _GlobalPoolLayer(_ReadingLayer):
    op: Literal["global_maxpool", "global_avgpool"]

    def node(self, inputs: tuple[str, ...], arriving: tuple[Shape, ...]) -> Pool:  # noqa: ARG002
        kind: Literal["max", "avg"] = "max" if self.op == "global_maxpool" else "avg"
        return Pool(name=self.name, inputs=inputs, kind=kind, window=None)


class _FlattenLayer(_ReadingLayer):
    def node(self, inputs: tuple[str, ...], arriving: tuple[Shape, ...]) -> Flatten:  # noqa: ARG002
        return Flatten(name=self.name, inputs=inputs)


class _ViewLayer(_ReadingLayer):
    shape: FullShape

    def node(self, inputs: tuple[str, ...], arriving: tuple[Shape, ...]) -> View:  # noqa: ARG002
        return View(name=self.name, inputs=inputs, shape=Shape(*self.shape))


class _ConcatLayer(_ReadingLayer):
    axis: Literal["channels", "height", "width"] = "channels"

    def node(self, inputs: tuple[str, ...], arriving: tuple[Shape, ...]) -> Concat:  # noqa: ARG002
        return Concat(name=self.name, inputs=inputs, axis=self.axis)


class _InputLayer(InputEntry, LayerEntry):
    def node(self, inputs: tuple[str, ...], arriving: tuple[Shape, ...]) -> Source:  # noqa: ARG002
        return Source(name=self.name, inputs=inputs, shape=self.shape)


class _OutputLayer(_ReadingLayer):
    def node(self, inputs: tuple[str, ...], arriving: tuple[Shape, ...]) -> Output:  # noqa: ARG002
        return Output(name=self.name, inputs=inputs)


class _UnmodelledLayer(_WeightedLayer):
    inputs: AnySources | None = Field(None, description="the layers it reads, if any; default: the one before")
    operator: Annotated[Text, Field(min_length=1)] = Field(description="what it is called elsewhere, e.g. LRN")
    shape: FullShape = Field(description="[channels, height, width] of its result")
    operations: int = Field(0, ge=0, le=MAX_OPERATIONS, description="arithmetic operations of one image")
    bias: bool = False
    unfoldable: Text = WEIGHTS_UNKNOWN

    def node(self, inputs: tuple[str, ...], arriving: tuple[Shape, ...]) -> Unmodelled:  # noqa: ARG002
        return Unmodelled(
            name=self.name,
            inputs=inputs,
            what=self.operator,
            shape=Shape(*self.shape),
            operations=self.operations,
            bias=self.bias,
            weights=self.weights,
            unfoldable=self.unfoldable,
        )


MODELS: dict[str, type[LayerEntry]] = {
    "conv": _ConvLayer,
    "linear": _LinearLayer,
    "batchnorm": _BatchNormLayer,
    **dict.fromkeys(get_args(ActivationKind), _ActivationLayer),
    "add": _AddLayer,
    "maxpool": _PoolLayer,
    "avgpool": _PoolLayer,
    "global_maxpool": _GlobalPoolLayer,
    "global_avgpool": _GlobalPoolLayer,
    "flatten": _FlattenLayer,
    "view": _ViewLayer,
    "concat": _ConcatLayer,
    "input": _InputLayer,
    "output": _OutputLayer,
    "unmodelled": _UnmodelledLayer,
}
"""The model of every operator, by the name it has in files."""
