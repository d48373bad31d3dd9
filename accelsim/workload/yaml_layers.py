"""The layers of the YAML workload format: one pydantic model per operator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from accelsim.documents.wording import described
from accelsim.workload.graph import (
    INPUT,
    Activation,
    ActivationKind,
    Add,
    BatchNorm,
    Conv,
    Flatten,
    Linear,
    Node,
    Pool,
    Shape,
    Window,
)

MAX_CHANNELS = 2**24
MAX_SIDE = 2**16
MAX_WINDOW = 1024
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
        if not isinstance(size, int) or isinstance(size, bool):
            raise ValueError(f"must be a whole number or {' or '.join(forms.values())}, not {described(size)}")
        if not smallest <= size <= largest:
            raise ValueError(f"must be at least {smallest} and at most {largest}, not {size}")
    return sizes


_HEIGHT_WIDTH = {2: "[height, width]"}
_ANY_PADDING = {2: "[vertical, horizontal]", 4: "[top, left, bottom, right]"}


def _pair(value: Any) -> tuple[int, int]:
    sizes = _sizes(value, 1, MAX_WINDOW, _HEIGHT_WIDTH)
    return sizes[0], sizes[-1]


def _four_sides(value: Any) -> tuple[int, int, int, int]:
    sizes = _sizes(value, 0, MAX_WINDOW, _ANY_PADDING)
    top, left, bottom, right = sizes * (4 // len(sizes))
    return top, left, bottom, right


Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS), AfterValidator(_printable)]
Channels = Annotated[int, Field(ge=1, le=MAX_CHANNELS)]
Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]
Pair = Annotated[tuple[int, int], BeforeValidator(_pair)]
Padding = Annotated[tuple[int, int, int, int], BeforeValidator(_four_sides)]
Sources = Annotated[list[Name], Field(min_length=1), BeforeValidator(_as_list)]


class Entry(BaseModel):
    """A mapping of the file: immutable, and every key must be known."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class LayerEntry(Entry, ABC):
    """What every operator has; ``op`` chose the model."""

    name: Annotated[Name, AfterValidator(_not_reserved)]
    op: str
    inputs: Sources | None = Field(None, description="the layers it reads; default: the one before")

    @abstractmethod
    def node(self, inputs: tuple[str, ...], arriving: Shape) -> Node:
        """Make the node of the graph; ``arriving`` is the shape of its first input."""


class _ConvLayer(LayerEntry):
    in_channels: Channels | None = None
    out_channels: Channels
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Padding = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    groups: Channels = 1
    bias: bool = False

    def node(self, inputs: tuple[str, ...], arriving: Shape) -> Conv:
        return Conv(
            name=self.name,
            inputs=inputs,
            in_channels=self.in_channels or arriving.channels,
            out_channels=self.out_channels,
            window=Window(self.kernel, self.stride, self.padding, self.dilation),
            groups=self.groups,
            bias=self.bias,
        )


class _LinearLayer(LayerEntry):
    in_features: Channels | None = None
    out_features: Channels
    bias: bool = True

    def node(self, inputs: tuple[str, ...], arriving: Shape) -> Linear:
        return Linear(
            name=self.name,
            inputs=inputs,
            in_features=self.in_features or arriving.elements,
            out_features=self.out_features,
            bias=self.bias,
        )


class _BatchNormLayer(LayerEntry):
    def node(self, inputs: tuple[str, ...], arriving: Shape) -> BatchNorm:  # noqa: ARG002
        return BatchNorm(name=self.name, inputs=inputs)


class _ActivationLayer(LayerEntry):
    op: ActivationKind

    def node(self, inputs: tuple[str, ...], arriving: Shape) -> Activation:  # noqa: ARG002
        return Activation(name=self.name, inputs=inputs, kind=self.op)


class _AddLayer(LayerEntry):
    def node(self, inputs: tuple[str, ...], arriving: Shape) -> Add:  # noqa: ARG002
        return Add(name=self.name, inputs=inputs)


class _PoolLayer(LayerEntry):
    op: Literal["maxpool", "avgpool"]
    kernel: Pair
    stride: Pair | None = Field(None, description="default: the kernel")
    padding: Padding = (0, 0, 0, 0)

    def node(self, inputs: tuple[str, ...], arriving: Shape) -> Pool:  # noqa: ARG002
        window = Window(self.kernel, self.stride or self.kernel, self.padding)
        return Pool(name=self.name, inputs=inputs, kind="max" if self.op == "maxpool" else "avg", window=window)


class _GlobalPoolLayer(LayerEntry):
    op: Literal["global_maxpool", "global_avgpool"]

    def node(self, inputs: tuple[str, ...], arriving: Shape) -> Pool:  # noqa: ARG002
        kind: Literal["max", "avg"] = "max" if self.op == "global_maxpool" else "avg"
        return Pool(name=self.name, inputs=inputs, kind=kind, window=None)


class _FlattenLayer(LayerEntry):
    def node(self, inputs: tuple[str, ...], arriving: Shape) -> Flatten:  # noqa: ARG002
        return Flatten(name=self.name, inputs=inputs)


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
}
"""The model of every operator, by the name it has in files."""
