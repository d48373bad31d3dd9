"""Random chains of operators, as text with weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import onnx
from hypothesis import strategies as st

from tests.workload.onnx_frontend.models import Array, Weights, batchnorm, model, random

Draw = st.DrawFn

_ACTIVATIONS = ("Relu", "Sigmoid", "Tanh", "LeakyRelu<alpha = 0.1>", "Elu")
_BY_CHANNEL = ("Mul({x}, {k})", "Mul({k}, {x})", "Add({x}, {k})", "Sub({x}, {k})", "Sub({k}, {x})", "Div({x}, {k})")


class _Map(NamedTuple):
    """A tensor by name, with its channels, and its sides."""

    name: str
    channels: int
    sides: tuple[int, ...]


class _Chain:
    def __init__(self, draw: Draw, first: _Map) -> None:
        self.draw = draw
        self.last = first
        self.lines: list[str] = []
        self.weights: Weights = {}

    def number(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def append(self, operator: str, channels: int, sides: tuple[int, ...]) -> None:
        name = f"t{len(self.lines)}"
        self.lines.append(f"{name} = {operator}")
        self.last = _Map(name, channels, sides)

    def weight(self, values: Array) -> str:
        name = f"w{len(self.weights)}"
        self.weights[name] = values
        return name

    def convolution(self) -> None:
        groups = self.draw(
            st.sampled_from([n for n in range(1, self.last.channels + 1) if self.last.channels % n == 0])
        )
        channels = groups * self.number(1, 3)
        kernel, attributes, sides = self.window()
        shape = (channels, self.last.channels // groups, *kernel)
        inputs = [self.last.name, self.weight(random(*shape, seed=len(self.weights)))]
        if self.draw(st.booleans()):
            inputs.append(self.weight(random(channels, seed=len(self.weights))))
        self.append(f"Conv<group = {groups}, {attributes}>({', '.join(inputs)})", channels, sides)

    def pooling(self) -> None:
        kernel, attributes, sides = self.window()
        self.append(f"MaxPool<kernel_shape = {kernel}, {attributes}>({self.last.name})", self.last.channels, sides)

    def window(self) -> tuple[list[int], str, tuple[int, ...]]:
        """Draw a window that fits, and return its kernel, its attributes and the sides of its output."""
        kernel = [self.number(1, min(3, side)) for side in self.last.sides]
        automatic = self.draw(st.sampled_from(["NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"]))
        # onnxruntime refuses gaps between windows where it is to find the padding
        strides = [self.number(1, min(2, size) if automatic.startswith("SAME") else 2) for size in kernel]
        attributes = f'auto_pad = "{automatic}", strides = {strides}'
        before = after = [0] * len(kernel)
        if automatic == "NOTSET":
            before, after = ([self.number(0, size - 1) for size in kernel] for _ in range(2))
            attributes += f", pads = {before + after}"
        if automatic.startswith("SAME"):
            sides = tuple(-(-side // stride) for side, stride in zip(self.last.sides, strides, strict=True))
        else:
            padded = np.add(self.last.sides, before) + after
            sides = tuple(int(side) for side in (padded - kernel) // strides + 1)
        return kernel, attributes, sides

    def normalisation(self) -> None:
        parameters = batchnorm(self.last.channels, seed=len(self.weights))
        names = [self.weight(values) for values in parameters.values()]
        self.append(f"BatchNormalization({', '.join((self.last.name, *names))})", *self.last[1:])

    def arithmetic(self) -> None:
        is_scalar = self.draw(st.booleans())
        sides = () if is_scalar else (self.last.channels, *(1 for _ in self.last.sides))
        values = np.random.default_rng(len(self.weights)).uniform(0.5, 2, sides)
        operator = self.draw(st.sampled_from(_BY_CHANNEL))
        self.append(operator.format(x=self.last.name, k=self.weight(np.asarray(values, np.float32))), *self.last[1:])

    def activation(self) -> None:
        self.append(f"{self.draw(st.sampled_from(_ACTIVATIONS))}({self.last.name})", *self.last[1:])


@st.composite
def chains(draw: Draw) -> onnx.ModelProto:
    """Convolutions over one or two dimensions, BatchNorms, arithmetic with constants, pooling and activations."""
    sides = tuple(draw(st.lists(st.integers(4, 9), min_size=1, max_size=2)))
    chain = _Chain(draw, _Map("x", draw(st.integers(1, 4)), sides))
    steps = [chain.convolution, chain.normalisation, chain.arithmetic, chain.activation, chain.pooling]
    first = f"float[1,{chain.last.channels},{','.join(map(str, sides))}] x"
    for step in draw(st.lists(st.sampled_from(range(len(steps))), min_size=1, max_size=7)):
        steps[step]()
    outputs = f"float[] {chain.last.name}"
    return model("\n".join(chain.lines), inputs=first, outputs=outputs, **chain.weights)
