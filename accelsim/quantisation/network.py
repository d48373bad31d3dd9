"""A model that computes in integers, for any runtime: fake quantisation.

Its tensors hold real numbers, but those that a machine would store are multiples of a step, and operators with weights
are given the integers themselves, so that psums are integers, exact while they are below 2^24, where float32 ends.
Behind them BN stage and requantiser compute in float64, where their products are exact, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from accelsim.errors import InputError
from accelsim.fusion.apply_onnx import FoldedLayer, FusedModel
from accelsim.fusion.fold import Filters
from accelsim.fusion.onnx_filters import read_filters, written_weights
from accelsim.quantisation.layer import IntegerLayer, Variant, Widths, integer_layer
from accelsim.quantisation.stored import StoredTensors, stored_tensors
from accelsim.quantisation.symmetric import limits
from accelsim.validation.weights import WEIGHTED, allow_lone_initializers
from accelsim.workload.affine import Affine
from accelsim.workload.onnx_frontend.constants import Array, Constants
from accelsim.workload.onnx_frontend.frontend import import_model
from accelsim.workload.onnx_frontend.wiring import names_in
from accelsim.workload.unique_names import UniqueNames


class PlannedLayer(NamedTuple):
    """An operator with weights, and what is behind it.

    Parameters
    ----------
    name
        Its node in the graph.
    operator
        Index of its operator in the model.
    filters, affine
        What it multiplies and adds, and the BatchNorm behind it.
    source
        The stored tensor that it reads.
    stored
        The stored tensor that its result becomes by requantising, through a ReLU perhaps; ``None`` where something
        lies between.
    """

    name: str
    operator: int
    filters: Filters
    affine: Affine
    source: str
    stored: str | None


class Plan(NamedTuple):
    """What of a model is quantised.

    Parameters
    ----------
    model
        The model, fused.
    constants
        Its constants.
    stored
        The tensors that a machine would store.
    layers
        Its operators with weights.
    """

    model: onnx.ModelProto
    constants: Constants
    stored: StoredTensors
    layers: tuple[PlannedLayer, ...]

    @property
    def scaled(self) -> tuple[str, ...]:
        """Tensors that need a step: those that are stored, and what layers deliver."""
        return tuple(dict.fromkeys((*self.stored.tensors, *map(self.scale_of, self.layers))))

    def scale_of(self, layer: PlannedLayer) -> str:
        """Return the tensor in whose steps a layer's result is: the one that is stored, or else its own."""
        return layer.stored or str(self.model.graph.node[layer.operator].output[0])


def plan_network(fused: FusedModel, path: Path, input_shape: tuple[int, int, int] | None = None) -> Plan:
    """Find what is to be quantised in a model whose BatchNorms have been folded.

    BatchNorms that are folded behind a layer can be put where every variant has them. Those that are folded ahead of
    one are folded into the weights in all variants, and those that are not folded are operators of their own in all.

    Parameters
    ----------
    fused
        The model, and what was folded.
    path
        Its file, for errors.
    input_shape
        Sides of an image where the model leaves them open.

    Raises
    ------
    InputError
        If the model computes in another type than float32.
    """
    imported = import_model(fused.model, path, input_shape)
    stored = stored_tensors(imported)
    folded = {layer.output: layer for layer in fused.layers}
    layers = []
    for name, source in stored.read_by.items():
        index = imported.origins[name][0]
        node = fused.model.graph.node[index]
        if not _is_quantised(node, imported.constants, path):
            continue
        output = node.output[0]
        filters, affine = _trained(folded[output]) if output in folded else _as_it_is(node, imported.constants)
        relu = stored.relu_behind.get(name) if imported.tensors.get(name) == output else None
        kept = next((tensor for tensor in (output, relu) if tensor in stored.tensors), None)
        layers.append(PlannedLayer(name, index, filters, affine, source, kept))
    return Plan(fused.model, imported.constants, stored, tuple(layers))


def _is_quantised(node: onnx.NodeProto, constants: Constants, path: Path) -> bool:
    """Whether an operator has weights that are filters."""
    if node.op_type not in WEIGHTED or node.input[1] not in constants:
        return False
    weights = constants.values_at_hand(node.input[1])
    if weights is None or weights.dtype.kind != "f" or (node.op_type == "MatMul" and weights.ndim != 2):
        return False
    if weights.dtype != np.float32:
        raise InputError(f"activations are quantised in models of float32, not of {weights.dtype}", path=path)
    return True


def _as_it_is(node: onnx.NodeProto, constants: Constants) -> tuple[Filters, Affine]:
    filters = read_filters(node, constants)
    return filters, Affine(np.ones(len(filters.bias)), np.zeros(len(filters.bias)))


def _trained(layer: FoldedLayer) -> tuple[Filters, Affine]:
    """Return a layer's filters as they were trained, and all that was folded behind them as one scale and shift."""
    filters = layer.before
    for affine in reversed(layer.ahead):
        filters = filters.folded_ahead(affine)
    scale, shift = np.ones(len(filters.bias)), np.zeros(len(filters.bias))
    for affine in layer.behind:
        scale, shift = affine.scale * scale, affine.scale * shift + affine.shift
    return filters, Affine(scale, shift)


def integer_layers(plan: Plan, steps: Mapping[str, float], variant: Variant, widths: Widths) -> dict[int, IntegerLayer]:
    """Return the plan's layers in integers, by the index of their operator.

    Parameters
    ----------
    plan
        What is to be quantised.
    steps
        The step of each of the plan's ``scaled`` tensors.
    variant
        How BatchNorm is done.
    widths
        Bits of everything.
    """
    found = {}
    for layer in plan.layers:
        output_step = steps[plan.scale_of(layer)]
        found[layer.operator] = integer_layer(
            variant, layer.filters, layer.affine, steps[layer.source], output_step, widths
        )
    return found


def quantised_network(
    plan: Plan, steps: Mapping[str, float], layers: Mapping[int, IntegerLayer], widths: Widths
) -> onnx.ModelProto:
    """Return a model that computes in integers, and has the outputs of the original in real numbers.

    Parameters
    ----------
    plan
        What is to be quantised.
    steps
        The step of each of the plan's ``scaled`` tensors.
    layers
        Its layers, as :func:`integer_layers` returns them.
    widths
        Bits of everything.
    """
    return _Writer(plan, steps, layers, widths).write()


class _Step(NamedTuple):
    """An operator with one moving input, and its constant or the type that it casts to."""

    operator: str
    constant: Array | np.number[Any] | None = None
    to: int | None = None


class _Writer:
    """Writes operators anew, in their order, with what quantises between them."""

    def __init__(
        self, plan: Plan, steps: Mapping[str, float], layers: Mapping[int, IntegerLayer], widths: Widths
    ) -> None:
        self.plan = plan
        self.steps = steps
        self.layers = layers
        self.widths = widths
        self.model = onnx.ModelProto()
        self.model.CopyFrom(plan.model)
        allow_lone_initializers(self.model)
        self.graph = self.model.graph
        self.graph.ClearField("node")
        self.names = UniqueNames(names_in(plan.model.graph))
        self.to_quantise = set(plan.stored.tensors).intersection(steps) - {layer.stored for layer in plan.layers}
        self.instead: dict[str, str] = {}
        """What is read in place of an input of the model."""
        self.integers: dict[str, str] = {}
        """Tensors as integers, by their names."""

    def write(self) -> onnx.ModelProto:
        """Write the model, and return it."""
        layers = {layer.operator: layer for layer in self.plan.layers}
        for value in self.plan.model.graph.input:
            if value.name in self.to_quantise:
                self.instead[value.name] = self.names.new(f"{value.name} stored")
                self._quantise(value.name, value.name, self.instead[value.name])
        for index, node in enumerate(self.plan.model.graph.node):
            if index in layers:
                self._write_layer(layers[index], node)
            else:
                self._write_other(node)
        return self.model

    def _write_other(self, node: onnx.NodeProto) -> None:
        """Write an operator as it is, and quantise what it delivers."""
        added = self.graph.node.add()
        added.CopyFrom(node)
        added.input[:] = [self.instead.get(name, name) for name in node.input]
        for slot, name in enumerate(node.output):
            if name in self.to_quantise:
                added.output[slot] = self.names.new(f"{name} exact")
                self._quantise(added.output[slot], name, name)

    def _write_layer(self, layer: PlannedLayer, node: onnx.NodeProto) -> None:
        """Write an operator with weights: as a product of integers, with BN stage and requantiser behind it."""
        integers = self.layers[layer.operator]
        psums = self._product(node, self._integers_of(node.input[0], self.steps[layer.source]), layer.filters, integers)
        self._chain(
            psums,
            _Step("Cast", to=TensorProto.DOUBLE),
            *self._requantiser(integers, _sides_of_channels(node, self.plan.constants)),
            *(self._rounding(np.float64) if layer.stored is not None else ()),
            _Step("Cast", to=TensorProto.FLOAT),
            _Step("Mul", np.float32(self.steps[self.plan.scale_of(layer)])),
            result=node.output[0],
        )

    def _product(self, node: onnx.NodeProto, fed: str, filters: Filters, integers: IntegerLayer) -> str:
        quantised = filters._replace(weights=integers.weights.astype(np.float64))
        weights = written_weights(node, quantised, self.plan.constants.values(node.input[1]))
        added = self.graph.node.add()
        added.CopyFrom(node)
        kept = [attribute for attribute in node.attribute if attribute.name not in ("alpha", "beta")]
        added.ClearField("attribute")
        added.attribute.extend(kept)
        added.input[:] = [fed, self._constant(weights)]
        if node.op_type == "Gemm":  # which must have an addend, up to opset 10
            added.input.append(self._constant(np.zeros(1, np.float32)))
        added.output[0] = self.names.new(f"{node.output[0]} psums")
        return str(added.output[0])

    def _requantiser(self, integers: IntegerLayer, sides: tuple[int, ...]) -> Iterator[_Step]:
        """From psums to steps of the output, not yet rounded; in float64, which holds all products exactly."""
        bias, multiplier = integers.bias.astype(np.float64), integers.multiplier.values
        yield _Step("Add", bias.reshape(sides))
        yield _Step("Mul", multiplier.reshape(sides))
        if integers.bn_shift is not None:
            yield _Step("Floor")
            yield _Step("Add", integers.bn_shift.astype(np.float64).reshape(sides))
            yield _Step("Mul", np.float64(2**-self.widths.fraction_bits))

    def _rounding(self, kind: type[np.floating[Any]]) -> Iterator[_Step]:
        """To integers, ties up, and to those that there are."""
        yield _Step("Add", kind(0.5))
        yield _Step("Floor")
        low, high = limits(self.widths.activation_bits)
        yield _Step("Max", kind(low))
        yield _Step("Min", kind(high))

    def _quantise(self, source: str, tensor: str, result: str) -> None:
        """Round a tensor to multiples of its step."""
        step = self.steps[tensor]
        steps = (_Step("Mul", np.float32(1 / step)), *self._rounding(np.float32), _Step("Mul", np.float32(step)))
        self._chain(source, *steps, result=result)

    def _integers_of(self, tensor: str, step: float) -> str:
        """Return a tensor of multiples of a step as integers."""
        source = self.instead.get(tensor, tensor)
        if source not in self.integers:
            self.integers[source] = self.names.new(f"{tensor} integers")
            nearest = (_Step("Mul", np.float32(1 / step)), _Step("Add", np.float32(0.5)), _Step("Floor"))
            self._chain(source, *nearest, result=self.integers[source])
        return self.integers[source]

    def _chain(self, source: str, *steps: _Step, result: str) -> None:
        """Write operators one behind the other."""
        for number, step in enumerate(steps, start=1):
            output = result if number == len(steps) else self.names.new(f"{result} {number}")
            inputs = [source] if step.constant is None else [source, self._constant(step.constant)]
            attributes: dict[str, Any] = {} if step.to is None else {"to": step.to}
            self.graph.node.append(helper.make_node(step.operator, inputs, [output], **attributes))
            source = output

    def _constant(self, values: Array | np.number[Any]) -> str:
        name = self.names.new("quantisation")
        self.graph.initializer.append(numpy_helper.from_array(np.asarray(values), name))
        return name


def _sides_of_channels(node: onnx.NodeProto, constants: Constants) -> tuple[int, ...]:
    """Return the shape in which numbers by output channel lie beside an operator's result."""
    if node.op_type in ("Gemm", "MatMul"):
        return (-1,)
    return (-1, *[1] * (constants.values(node.input[1]).ndim - 2))
