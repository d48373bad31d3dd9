"""Activation functions, also those that exporters write out as several operators.

A group of element-wise operators with scalar constants, into which one tensor leads and out of which one, is a function
of that tensor. Which one is found by trying it: sampled, it equals one that is known, or it is none of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
from onnx.reference import ReferenceEvaluator

from accelsim.workload.nodes import ActivationKind
from accelsim.workload.onnx_frontend.constants import Constants
from accelsim.workload.onnx_frontend.wiring import Wiring

Samples = npt.NDArray[np.float64]

ACTIVATIONS: Mapping[str, ActivationKind] = {
    "Relu": "relu",
    "LeakyRelu": "leaky_relu",
    "PRelu": "prelu",
    "Elu": "elu",
    "Celu": "elu",
    "Selu": "selu",
    "Sigmoid": "sigmoid",
    "HardSigmoid": "hardsigmoid",
    "Tanh": "tanh",
    "Swish": "silu",
    "HardSwish": "hardswish",
    "Gelu": "gelu",
    "Mish": "mish",
    "Softplus": "softplus",
    "Softmax": "softmax",
    "LogSoftmax": "softmax",
    "Clip": "clip",
}
"""Operators that are an activation function by themselves."""

_ELEMENTWISE = {*ACTIVATIONS, "Add", "Sub", "Mul", "Div", "Pow", "Erf", "Neg", "Exp", "Reciprocal"} - {
    "PRelu",
    "Softmax",
    "LogSoftmax",
}

_MAX_OPERATORS = 12
"""The longest that is written out is GELU with tanh, with x³ as two products, in 9 operators."""

_GRID: Samples = np.linspace(-9.0, 9.0, 721)
_TOLERANCE = 1e-4
"""Constants in files are rounded (1.41421 for the root of two)."""


def _sigmoid(x: Samples) -> Samples:
    return np.asarray(1 / (1 + np.exp(-x)))


def _hardsigmoid(x: Samples) -> Samples:
    return np.asarray(np.clip(x + 3, 0, 6) / 6)


def _gelu(x: Samples) -> Samples:
    return np.array([0.5 * value * (1 + math.erf(value / math.sqrt(2))) for value in x])


def _gelu_by_tanh(x: Samples) -> Samples:
    return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))


_KNOWN: tuple[tuple[ActivationKind, Samples], ...] = (
    ("silu", _GRID * _sigmoid(_GRID)),  # Elfwing et al., 2017, arXiv:1702.03118
    ("hardswish", _GRID * _hardsigmoid(_GRID)),  # Howard et al., 2019, arXiv:1905.02244
    ("hardsigmoid", _hardsigmoid(_GRID)),
    ("gelu", _gelu(_GRID)),  # Hendrycks and Gimpel, 2016, arXiv:1606.08415
    ("gelu", _gelu_by_tanh(_GRID)),
    ("mish", _GRID * np.tanh(np.log1p(np.exp(_GRID)))),  # Misra, 2019, arXiv:1908.08681
)
"""Functions by their values on the grid."""


class WrittenOut(NamedTuple):
    """An activation function that is written out: its operators, by index, in order, and what it reads."""

    kind: ActivationKind
    nodes: tuple[int, ...]
    reads: str


def written_out(wiring: Wiring, constants: Constants, shapes: Mapping[str, tuple[int, ...]]) -> dict[int, WrittenOut]:
    """Find the activation functions that are written out, by the index of their last operator."""
    search = _Search(wiring, constants, shapes)
    found: dict[int, WrittenOut] = {}
    taken: set[int] = set()
    for last in reversed(range(len(wiring.nodes))):
        for group in search.groups_ending_at(last):
            if taken.isdisjoint(group.nodes):
                kind = search.kind_of(group)
                if kind is not None:
                    found[last] = WrittenOut(kind, group.nodes, group.reads)
                    taken.update(group.nodes)
                    break
    return found


class _Group(NamedTuple):
    nodes: tuple[int, ...]
    reads: str


class _Search:
    def __init__(self, wiring: Wiring, constants: Constants, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.wiring = wiring
        self.constants = constants
        self.shapes = shapes
        self.known: dict[bytes, ActivationKind | None] = {}

    def groups_ending_at(self, last: int) -> Iterator[_Group]:
        """Groups that end at an operator: those of three and more first, for `0.5 · (x · (1 + erf(...)))`."""
        if self._is_elementwise(last):
            for size in (3, 2):
                group = self._closed(last, size)
                if group is not None:
                    yield group

    def _closed(self, last: int, size: int) -> _Group | None:
        """Go back from an operator until there are ``size`` of them and one tensor leads into them all."""
        group = {last}
        while len(group) <= _MAX_OPERATORS:
            entries = self._entries(group)
            if len(entries) == 1 and len(group) >= size:
                return _Group(tuple(sorted(group)), entries.pop())
            latest = max(entries, key=lambda tensor: self.wiring.producer.get(tensor, -1))
            before = self.wiring.producer.get(latest)
            if before is None or not self._is_elementwise(before):
                return None
            if latest in self.wiring.outputs or not group.issuperset(self.wiring.readers[latest]):
                return None
            group.add(before)
        return None

    def _entries(self, group: set[int]) -> set[str]:
        made = {name for index in group for name in self.wiring.nodes[index].output}
        return {tensor for index in group for tensor in self._moving(index)} - made

    def _moving(self, index: int) -> list[str]:
        """The inputs of an operator that are no constants."""
        return [name for name in self.wiring.nodes[index].input if name and name not in self.constants]

    def _is_elementwise(self, index: int) -> bool:
        node = self.wiring.nodes[index]
        if node.op_type not in _ELEMENTWISE or node.domain not in ("", "ai.onnx"):
            return False
        return bool(self._moving(index)) and all(
            self._is_scalar(name) for name in node.input if name and name in self.constants
        )

    def _is_scalar(self, name: str) -> bool:
        is_single = name in self.shapes and math.prod(self.shapes[name]) == 1
        return is_single and self.constants.values_at_hand(name) is not None

    def kind_of(self, group: _Group) -> ActivationKind | None:
        """Try what a group computes."""
        model = self._model_of(group)
        key = model.SerializeToString(deterministic=True)
        if key not in self.known:
            self.known[key] = _recognised(model)
        return self.known[key]

    def _model_of(self, group: _Group) -> onnx.ModelProto:
        """Return the group as a model of its own, with names that equal groups have in common."""
        names: dict[str, str] = {group.reads: "x"}
        nodes, scalars = [], []
        for index in group.nodes:
            node = onnx.NodeProto()
            node.CopyFrom(self.wiring.nodes[index])
            node.name = ""
            for name in node.input:
                if name and name not in names:
                    names[name] = f"c{len(names)}"
                    values = self.constants.values(name).reshape(()).astype(np.float32)
                    scalars.append(onnx.numpy_helper.from_array(values, names[name]))
            names[node.output[0]] = f"t{len(names)}"
            node.input[:] = [names[name] if name else "" for name in node.input]
            node.output[:] = [names[node.output[0]]]
            nodes.append(node)
        of_samples = partial(onnx.helper.make_tensor_value_info, elem_type=onnx.TensorProto.FLOAT, shape=[len(_GRID)])
        graph = onnx.helper.make_graph(nodes, "f", [of_samples("x")], [of_samples(nodes[-1].output[0])], scalars)
        return onnx.helper.make_model(graph, opset_imports=self.constants.opset_imports)


def _recognised(model: onnx.ModelProto) -> ActivationKind | None:
    try:
        with np.errstate(all="ignore"):
            (values,) = ReferenceEvaluator(model).run(None, {"x": _GRID.astype(np.float32)})
    except Exception:
        return None
    for kind, samples in _KNOWN:
        if np.allclose(values, samples, rtol=0, atol=_TOLERANCE):
            return kind
    return None
