"""What of a model is constant: its weights, and whatever operators make of constants alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import external_data_helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from accelsim.workload.onnx_frontend.model import SMALL_ELEMENTS

Array = npt.NDArray[Any]

PARAMETER_SLOTS: Mapping[str, tuple[int, ...]] = {
    "Conv": (1, 2),
    "ConvTranspose": (1, 2),
    "Gemm": (1, 2),
    "MatMul": (1,),
    "BatchNormalization": (1, 2, 3, 4),
    "PRelu": (1,),
}
"""Which inputs of an operator are parameters."""

MAX_COMPUTED_ELEMENTS = 2**27
"""Larger constants are not computed, lest a small file takes all memory."""

_MAKES_ITS_OWN = {"Constant", "ConstantOfShape"}


class ValuesAbsentError(ValueError):
    """Values that are not in the file, such as weights that lie in another one or were left out."""

    def __init__(self, tensor: str) -> None:
        self.tensor = tensor
        super().__init__(f"the values of '{tensor}' are not in the file")


class Constants:
    """The constant tensors of a model, evaluated when they are asked for.

    Parameters
    ----------
    model
        The model.
    known
        Values that have been found already, such as shapes of tensors.
    absent
        Inputs of the model that count as constants all the same: weights that the file was written without.
    """

    def __init__(
        self, model: onnx.ModelProto, known: Mapping[str, Array], absent: AbstractSet[str] = frozenset()
    ) -> None:
        self.opset_imports = list(model.opset_import)
        self._initializers = {tensor.name: tensor for tensor in model.graph.initializer}
        self._known = dict(known)
        self._producers: dict[str, tuple[int, onnx.NodeProto]] = {}
        self._absent = absent
        for index, node in enumerate(model.graph.node):
            if self._is_made_of_constants(node):
                self._producers.update((output, (index, node)) for output in node.output if output)

    def __contains__(self, name: object) -> bool:
        return name in self._initializers or name in self._known or name in self._producers or name in self._absent

    def _is_made_of_constants(self, node: onnx.NodeProto) -> bool:
        inputs = [name for name in node.input if name]
        if not inputs:
            return node.op_type in _MAKES_ITS_OWN
        return all(name in self for name in inputs) and not any(_is_graph(attribute) for attribute in node.attribute)

    def values(self, name: str) -> Array:
        """Return the values of a constant.

        Raises
        ------
        ValuesAbsentError
            If they are not in the file, or cannot be computed from what is.
        """
        made: dict[str, Array] = {}
        for node in self._makers_of(name):
            inputs = {source: self._at_hand(source, made) for source in node.input if source}
            outputs = evaluate(node, inputs, self.opset_imports)
            if outputs is None:
                raise ValuesAbsentError(name)
            made |= outputs
        return self._at_hand(name, made)

    def values_at_hand(self, name: str) -> Array | None:
        """Return the values of a constant, or ``None`` where it is none or its values are absent."""
        try:
            return self.values(name)
        except ValuesAbsentError:
            return None

    def _at_hand(self, name: str, made: Mapping[str, Array]) -> Array:
        for found in (made, self._known):
            if name in found:
                return found[name]
        if name not in self._initializers:
            raise ValuesAbsentError(name)
        return tensor_values(self._initializers[name])

    def _makers_of(self, name: str) -> list[onnx.NodeProto]:
        """Return the operators to execute for the values of a constant, in order."""
        makers: dict[int, onnx.NodeProto] = {}
        tensors = [name]
        while tensors:
            tensor = tensors.pop()
            if tensor in self._producers and tensor not in self._known:
                index, node = self._producers[tensor]
                if index not in makers:
                    makers[index] = node
                    tensors.extend(source for source in node.input if source)
        return [makers[index] for index in sorted(makers)]


def tensor_values(tensor: onnx.TensorProto) -> Array:
    """Return the values of a tensor; raises :class:`ValuesAbsentError` where they are not in the file."""
    if external_data_helper.uses_external_data(tensor):
        raise ValuesAbsentError(tensor.name)
    try:
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError):
        raise ValuesAbsentError(tensor.name) from None


def parameter_inputs(model: onnx.ModelProto) -> set[str]:
    """Names of the model's inputs that have no value and that are used as parameters only."""
    initialised = {tensor.name for tensor in model.graph.initializer}
    candidates = {value.name for value in model.graph.input} - initialised
    used: set[str] = set()
    for node in model.graph.node:
        for slot, name in enumerate(node.input):
            used.add(name)
            is_parameter = slot in PARAMETER_SLOTS.get(node.op_type, ()) and node.input[0] not in initialised
            if not is_parameter:
                candidates.discard(name)
    return candidates & used


def feature_inputs(model: onnx.ModelProto) -> list[str]:
    """Names of the inputs that a user feeds, in order."""
    not_fed = {tensor.name for tensor in model.graph.initializer} | parameter_inputs(model)
    return [value.name for value in model.graph.input if value.name not in not_fed]


def evaluate(
    node: onnx.NodeProto,
    inputs: Mapping[str, Array],
    opset_imports: Sequence[onnx.OperatorSetIdProto],
    max_elements: int = MAX_COMPUTED_ELEMENTS,
) -> dict[str, Array] | None:
    """Execute one operator; ``None`` where that is not possible, or a result would be too large."""
    if node.op_type == "ConstantOfShape":
        return _filled(node, inputs[node.input[0]], max_elements)
    try:
        model = onnx.helper.make_model(
            onnx.helper.make_graph(
                [node],
                "one operator",
                [
                    onnx.helper.make_tensor_value_info(name, _type_of(array), array.shape)
                    for name, array in inputs.items()
                ],
                [onnx.helper.make_empty_tensor_value_info(name) for name in node.output],
                [
                    numpy_helper.from_array(array, name)
                    for name, array in inputs.items()
                    if array.size <= SMALL_ELEMENTS
                ],
            ),
            opset_imports=opset_imports,
        )
        if _largest_result(model) > max_elements:
            return None
        results = ReferenceEvaluator(model).run(None, dict(inputs))
    except Exception:
        return None
    return {name: np.asarray(result) for name, result in zip(node.output, results, strict=True)}


def _largest_result(model: onnx.ModelProto) -> int:
    """Return the elements of the largest result, of those known ahead: the others are no larger than the inputs."""
    results = onnx.shape_inference.infer_shapes(model).graph.output
    sides: list[list[int]] = [[side.dim_value for side in result.type.tensor_type.shape.dim] for result in results]
    return max(map(math.prod, sides))


def _type_of(array: Array) -> int:
    return onnx.helper.np_dtype_to_tensor_dtype(array.dtype)


def _filled(node: onnx.NodeProto, shape: Array, max_elements: int) -> dict[str, Array] | None:
    """Return a constant of some shape without taking the memory for it."""
    sides = [int(side) for side in shape.ravel()]
    elements = 1
    for side in sides:
        elements *= side
    if min(sides, default=0) < 0 or elements > max_elements:
        return None
    value = next((numpy_helper.to_array(attribute.t) for attribute in node.attribute), np.zeros(1, np.float32))
    return {node.output[0]: np.broadcast_to(value.reshape(()), sides)}


def _is_graph(attribute: onnx.AttributeProto) -> bool:
    return attribute.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS)
