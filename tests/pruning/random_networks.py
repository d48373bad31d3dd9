"""Random networks of the blocks that channels are coupled in; about half of the γ of their BatchNorms are small."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import onnx
from hypothesis import strategies as st

from tests.pruning.models import SMALL, batchnorm, normalised
from tests.workload.onnx_frontend.models import Weights, model, random

_ACTIVATIONS = ("Relu({})", "LeakyRelu<alpha = 0.1>({})", "HardSwish({})", "Clip({}, zero, six)", "Identity({})")
_POOLS = (
    "MaxPool<kernel_shape = [2, 2]>({})",
    "MaxPool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>({})",
    "AveragePool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>({})",
    "AveragePool<kernel_shape = [3, 3], pads = [1, 1, 1, 1], count_include_pad = 1>({})",
)
_SIDE = 12


class _Map(NamedTuple):
    """A tensor by name, its channels, and its height and width."""

    name: str
    channels: int
    side: int


class _Network:
    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.lines: list[str] = []
        self.weights: Weights = {"zero": np.float32(0), "six": np.float32(6)}
        self.last = _Map("x", 3, _SIDE)

    def append(self, operator: str) -> str:
        name = f"t{len(self.lines)}"
        self.lines.append(f"{name} = {operator}")
        return name

    def weight(self, *shape: int) -> str:
        name = f"w{len(self.weights)}"
        self.weights[name] = random(*shape, seed=len(self.weights)) / np.float32(np.sqrt(np.prod(shape[1:])))
        return name

    def normalise(self, source: _Map) -> _Map:
        """A BatchNorm, whose first γ is large, so that it leaves something; β is positive, negative or zero."""
        letter = f"n{len(self.weights)}"
        small = self.draw(st.lists(st.booleans(), min_size=source.channels - 1, max_size=source.channels - 1))
        gamma = [1.0, *(SMALL if is_small else -1.5 for is_small in small)]
        beta = self.draw(
            st.lists(st.sampled_from([-4.0, -1.0, 0.0, 0.5, 2.0]), min_size=len(gamma), max_size=len(gamma))
        )
        self.weights |= batchnorm(letter, gamma, beta, seed=len(self.weights))
        return source._replace(name=self.append(normalised(letter, source.name)))

    def activate(self, source: _Map) -> _Map:
        return source._replace(name=self.append(self.draw(st.sampled_from(_ACTIVATIONS)).format(source.name)))

    def convolve(self, source: _Map, channels: int, *, keep_side: bool = False, groups: int = 1) -> _Map:
        kernel, pad = self.draw(st.sampled_from([(1, 0), (3, 1)] if keep_side else [(1, 0), (3, 1), (3, 0)]))
        if source.side < kernel:
            kernel, pad = 1, 0
        inputs = [source.name, self.weight(channels, source.channels // groups, kernel, kernel)]
        if self.draw(st.booleans()):
            inputs.append(self.weight(channels))
        name = self.append(f"Conv<group = {groups}, pads = {[pad] * 4}>({', '.join(inputs)})")
        return _Map(name, channels, source.side + 2 * pad - kernel + 1)

    def plain(self) -> None:
        channels = self.draw(st.integers(2, 5))
        self.last = self.activate(self.normalise(self.convolve(self.last, channels)))

    def residual(self) -> None:
        before = self.last
        inner = self.activate(self.normalise(self.convolve(before, self.draw(st.integers(2, 4)), keep_side=True)))
        branch = self.normalise(self.convolve(inner, before.channels, keep_side=True))
        self.last = self.activate(before._replace(name=self.append(f"Add({branch.name}, {before.name})")))

    def depthwise(self) -> None:
        wide = self.activate(self.normalise(self.convolve(self.last, self.draw(st.integers(3, 5)))))
        filtered = self.convolve(wide, wide.channels * self.draw(st.integers(1, 2)), groups=wide.channels)
        self.last = self.convolve(self.activate(self.normalise(filtered)), 3)

    def branches(self) -> None:
        first = self.normalise(self.convolve(self.last, 3, keep_side=True))
        second = self.activate(self.convolve(self.last, 2, keep_side=True))
        name = self.append(f"Concat<axis = 1>({first.name}, {self.last.name}, {second.name})")
        self.last = self.normalise(first._replace(name=name, channels=5 + self.last.channels))

    def gate(self) -> None:
        pooled = _Map(self.append(f"GlobalAveragePool({self.last.name})"), self.last.channels, 1)
        gate = self.append(f"Sigmoid({self.convolve(pooled, self.last.channels).name})")
        self.last = self.last._replace(name=self.append(f"Mul({self.last.name}, {gate})"))

    def pool(self) -> None:
        operator = self.draw(st.sampled_from(_POOLS))
        smaller = 1 if "[2, 2]" in operator else 0
        if self.last.side > smaller + 1:
            name = self.append(operator.format(self.last.name))
            self.last = self.last._replace(name=name, side=self.last.side - smaller)

    def classifier(self) -> None:
        is_pooled = self.draw(st.booleans())
        source = self.append(f"GlobalAveragePool({self.last.name})") if is_pooled else self.last.name
        flat = self.append(f"Flatten({source})")
        features = self.last.channels * (1 if is_pooled else self.last.side**2)
        self.lines.append(f"y = Gemm({flat}, {self.weight(features, 3)}, {self.weight(3)})")


@st.composite
def networks(draw: st.DrawFn) -> onnx.ModelProto:
    """Chains, residual and inverted residual blocks, concatenations, gates and pooling, with a classifier behind."""
    network = _Network(draw)
    network.plain()
    blocks = (network.plain, network.residual, network.depthwise, network.branches, network.gate, network.pool)
    for number in draw(st.lists(st.integers(0, len(blocks) - 1), min_size=1, max_size=4)):
        blocks[number]()
    network.classifier()
    return model("\n".join(network.lines), inputs=f"float[1,3,{_SIDE},{_SIDE}] x", **network.weights)
