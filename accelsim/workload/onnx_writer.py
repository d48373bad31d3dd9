"""A network, with parameters from elsewhere, as an ONNX model of ONNX's own operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from accelsim.errors import InputError
from accelsim.version import __version__
from accelsim.workload.graph import INPUT, Graph
from accelsim.workload.nodes import (
    Activation,
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
    Weighted,
)
from accelsim.workload.onnx_frontend.constants import Array
from accelsim.workload.shapes import Shape
from accelsim.workload.unique_names import UniqueNames

OPSET = 20
"""The first with Gelu and with dilation in AveragePool and the other way round: onnx 1.15, of November 2023."""

IR_VERSION = 9
"""The one of onnx 1.15; every onnxruntime that accelsim asks for reads it."""

EPSILON = 1e-5
"""ε of every BatchNorm: the default of ONNX and of PyTorch."""

BATCH = "N"
"""The batch, which stays open."""

Parameters = Mapping[str, Mapping[str, Array]]
"""By node: ``weight`` and ``bias``, or ``scale``, ``shift``, ``mean`` and ``variance``."""

_OPERATORS: dict[str, tuple[str, dict[str, Any]]] = {
    "relu": ("Relu", {}),
    "leaky_relu": ("LeakyRelu", {}),
    "elu": ("Elu", {}),
    "selu": ("Selu", {}),
    "sigmoid": ("Sigmoid", {}),
    "hardsigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),  # Howard et al., 2019, arXiv:1905.02244
    "tanh": ("Tanh", {}),
    "hardswish": ("HardSwish", {}),
    "gelu": ("Gelu", {}),
    "mish": ("Mish", {}),
    "softplus": ("Softplus", {}),
    "softmax": ("Softmax", {"axis": 1}),
}
"""Activations that are one operator, and its attributes."""

_BOUNDS = {"relu6": (0.0, 6.0), "clip": (-1.0, 1.0)}
"""A clip's own bounds are not in a graph; these are those of PyTorch's Hardtanh."""

_PRELU_SLOPE = 0.25
"""He et al., 2015, arXiv:1502.01852, §2.1: what training begins with."""


def onnx_model(graph: Graph, parameters: Parameters) -> onnx.ModelProto:
    """Write a network as an ONNX model, checked, with an open batch.

    Operators and their results have the names of the nodes.

    Parameters
    ----------
    graph
        The network.
    parameters
        Weights of shape (output channels, input channels ÷ groups, KH, KW), of fully connected layers (output features,
        input features); everything else of shape (channels,). In float32.

    Raises
    ------
    InputError
        If the network has a node that no operator of ONNX stands for, without naming the file.
    """
    refuse_what_cannot_be_written(graph)
    writer = _Writer(graph, parameters)
    for node in graph:
        writer.append(node)
    model = helper.make_model(
        helper.make_graph(writer.nodes, graph.name, writer.inputs, writer.outputs(), writer.initializers),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="accelsim",
        producer_version=__version__,
    )
    onnx.checker.check_model(model, full_check=model.ByteSize() < onnx.checker.MAXIMUM_PROTOBUF)
    return model


def refuse_what_cannot_be_written(graph: Graph) -> None:
    """Refuse a network with nodes of which the graph does not know enough; raises :class:`InputError`."""
    for node in graph:
        reason = _why_not(graph, node)
        if reason:
            raise InputError(f"layer '{node.name}' cannot be exported: {reason}")


def _why_not(graph: Graph, node: Node) -> str:
    if isinstance(node, Unmodelled):
        return f"'{node.what}' has no model"
    if isinstance(node, BatchNorm | Weighted) and node.unfoldable:
        return f"nothing may be folded here ({node.unfoldable}), which an exported operator could not say"
    if isinstance(node, View) and node.shape.elements != graph.input_shapes(node)[0].elements:
        return "which part of its input this view shows is not known"
    if isinstance(node, Weighted) and node.weights:
        first = next(other for other in graph if isinstance(other, Weighted) and other.weights == node.weights)
        if weight_shape(first) != weight_shape(node):
            return f"it shares its weights with '{first.name}', but their shapes differ"
    return ""


def weight_shape(node: Weighted) -> tuple[int, ...]:
    """Return the shape of the weights of a convolution or fully connected layer."""
    if isinstance(node, Linear):
        return node.out_features, node.in_features
    if isinstance(node, Conv):
        return node.out_channels, node.in_channels // node.groups, *node.window.kernel
    return ()


class _Writer:
    """The model so far. Maps have four sides, vectors two."""

    def __init__(self, graph: Graph, parameters: Parameters) -> None:
        self.graph = graph
        self.parameters = parameters
        self.readers = graph.readers()
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.shared: dict[str, str] = {}
        """Names of initializers that several operators read, by what they are known as."""
        self.names = UniqueNames(graph.shapes)
        self.inputs = [_fed(INPUT, graph.input_shape)]
        self.tensor = {INPUT: INPUT}
        """The tensor that a node delivers."""
        self.is_vector: dict[str, bool] = {INPUT: False}
        """Whether a tensor has two sides."""

    def append(self, node: Node) -> None:
        shape = self.graph.shapes[node.name]
        if isinstance(node, Source):
            self.inputs.append(_fed(node.name, shape))
            self._deliver(node, vector=False)
        elif isinstance(node, Output):
            self._mark(node, self.tensor[node.inputs[0]])
        elif isinstance(node, Linear):
            self._weighted(node, "Gemm", self._as_vector(node.inputs[0]), vector=True, transB=1)
        elif isinstance(node, Conv):
            options = _windowed(node.window) | {"group": node.groups}
            self._weighted(node, "Conv", self._as_map(node.inputs[0]), vector=False, **options)
        elif isinstance(node, BatchNorm):
            given = self.parameters[node.name]
            read = [self._stored(f"{node.name}.{slot}", given[slot]) for slot in ("scale", "shift", "mean", "variance")]
            self._operator(node, "BatchNormalization", self.tensor[node.inputs[0]], *read, epsilon=EPSILON)
        elif isinstance(node, Activation):
            self._activation(node)
        elif isinstance(node, Pool):
            self._pool(node)
        elif isinstance(node, Flatten):
            self._operator(node, "Flatten", self.tensor[node.inputs[0]], vector=True)
        elif isinstance(node, View):
            sides = self._stored(f"{node.name}.shape", np.array([-1, *shape], np.int64))
            self._operator(node, "Reshape", self.tensor[node.inputs[0]], sides, vector=False)
        elif isinstance(node, Concat):
            axis = 1 + Shape._fields.index(node.axis)
            self._operator(node, "Concat", *map(self._as_map, node.inputs), vector=False, axis=axis)
        elif isinstance(node, Add):
            self._add(node)

    def outputs(self) -> list[onnx.ValueInfoProto]:
        """Declare what nobody reads, and what is marked as an output."""
        found: dict[str, onnx.ValueInfoProto] = {}
        for node in self.graph:
            tensor = self.tensor[node.name]
            if not self.readers[node.name] and not isinstance(node, Source):
                shape = self.graph.shapes[node.name]
                sides = shape[:1] if self.is_vector[tensor] else shape
                found[tensor] = helper.make_tensor_value_info(tensor, TensorProto.FLOAT, [BATCH, *sides])
        return list(found.values())

    def _operator(
        self, node: Node, operator: str, *tensors: str, vector: bool | None = None, **attributes: Any
    ) -> None:
        """Append the operator that delivers a node's result; by default it has as many sides as its first input."""
        self.nodes.append(helper.make_node(operator, tensors, [node.name], name=node.name, **attributes))
        self._deliver(node, vector=self.is_vector[tensors[0]] if vector is None else vector)

    def _mark(self, node: Output, tensor: str) -> None:
        """Deliver as an output what an operator makes; an input of the model goes through an operator for that."""
        if tensor in {value.name for value in self.inputs}:
            self._operator(node, "Identity", tensor)
        else:
            self.tensor[node.name] = tensor

    def _deliver(self, node: Node, *, vector: bool) -> None:
        self.tensor[node.name] = node.name
        self.is_vector[node.name] = vector

    def _weighted(self, node: Conv | Linear, operator: str, tensor: str, *, vector: bool, **attributes: Any) -> None:
        given = self.parameters[node.name]
        read = [self._shared(node, given["weight"])]
        if node.bias:
            read.append(self._stored(f"{node.name}.bias", given["bias"]))
        self._operator(node, operator, tensor, *read, vector=vector, **attributes)

    def _shared(self, node: Weighted, weights: Array) -> str:
        """Return the name of a layer's weights; those that several layers share are stored once."""
        if node.weights is None:
            return self._stored(f"{node.name}.weight", weights)
        return self._once(node.weights, weights)

    def _activation(self, node: Activation) -> None:
        tensor = self.tensor[node.inputs[0]]
        if node.kind in _BOUNDS:
            ends = [
                self._scalar(f"{node.kind}.{end}", bound) for end, bound in zip("lh", _BOUNDS[node.kind], strict=True)
            ]
            self._operator(node, "Clip", tensor, *ends)
        elif node.kind == "prelu":
            self._operator(node, "PRelu", tensor, self._scalar("prelu.slope", _PRELU_SLOPE))
        elif node.kind == "silu":  # one operator from opset 24 on
            gate = self.names.new(f"{node.name}.sigmoid")
            self.nodes.append(helper.make_node("Sigmoid", [tensor], [gate], name=gate))
            self._operator(node, "Mul", tensor, gate)
        else:
            operator, attributes = _OPERATORS[node.kind]
            self._operator(node, operator, tensor, **attributes)

    def _pool(self, node: Pool) -> None:
        tensor = self._as_map(node.inputs[0])
        if node.window is None:
            self._operator(node, "GlobalMaxPool" if node.kind == "max" else "GlobalAveragePool", tensor)
        elif node.kind == "max":
            self._operator(node, "MaxPool", tensor, **_windowed(node.window))
        else:
            self._operator(node, "AveragePool", tensor, **_windowed(node.window), count_include_pad=1)

    def _add(self, node: Add) -> None:
        tensors = [self.tensor[name] for name in node.inputs]
        if len({self.is_vector[tensor] for tensor in tensors}) > 1:
            tensors = [self._as_map(name) for name in node.inputs]
        self._operator(node, "Add", *tensors)

    def _as_map(self, name: str) -> str:
        """Return what a node delivers with four sides."""
        return self._reshaped(name, list(self.graph.shapes[name]), vector=False)

    def _as_vector(self, name: str) -> str:
        """Return what a node delivers with two sides."""
        return self._reshaped(name, [self.graph.shapes[name].elements], vector=True)

    def _reshaped(self, name: str, sides: Sequence[int], *, vector: bool) -> str:
        tensor = self.tensor[name]
        if self.is_vector[tensor] == vector:
            return tensor
        result = self.names.new(f"{name}.{'vector' if vector else 'map'}")
        shape = self._stored(f"{result}.shape", np.array([-1, *sides], np.int64))
        self.nodes.append(helper.make_node("Reshape", [tensor, shape], [result], name=result))
        self.is_vector[result] = vector
        return result

    def _scalar(self, name: str, value: float) -> str:
        return self._once(name, np.float32(value))

    def _once(self, key: str, values: Any) -> str:
        """Return the name of an initializer that several operators read."""
        if key not in self.shared:
            self.shared[key] = self._stored(key, values)
        return self.shared[key]

    def _stored(self, wanted: str, values: Any) -> str:
        """Make an initializer and return its name."""
        name = self.names.new(wanted)
        self.initializers.append(numpy_helper.from_array(np.asarray(values), name))
        return name


def _fed(name: str, shape: Shape) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [BATCH, *shape])


def _windowed(window: Any) -> dict[str, Any]:
    """Return a window as attributes: ONNX, too, has padding as (top, left, bottom, right)."""
    return {
        "kernel_shape": list(window.kernel),
        "strides": list(window.stride),
        "pads": list(window.padding),
        "dilations": list(window.dilation),
    }
