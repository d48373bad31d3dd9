"""Replacing operators and weights of an ONNX model, in a copy of it."""

from __future__ import annotations

from collections.abc import Iterable, MutableSequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import onnx

from accelsim.errors import InputError
from accelsim.fusion.fold import Filters
from accelsim.fusion.onnx_filters import Array, written_weights
from accelsim.workload.onnx_frontend.constants import Constants
from accelsim.workload.onnx_frontend.frontend import ImportedModel, import_model
from accelsim.workload.onnx_frontend.model import skeleton
from accelsim.workload.onnx_frontend.wiring import Wiring, names_in
from accelsim.workload.unique_names import UniqueNames

_FIRST_IR_WITH_WEIGHTS_APART = 4
"""Before it, every initializer is an input of the model as well."""

_ASSUMED_SIDE = 224


class CannotRewriteError(ValueError):
    """The numbers of a layer do not allow what its place in the network does."""


def imported_to_rewrite(model: onnx.ModelProto, path: Path, input_shape: tuple[int, int, int] | None) -> ImportedModel:
    """Read a model; where it leaves sides open, any do that its operators can make something of."""
    try:
        return import_model(model, path, input_shape, parameters_fed=True, open_side=_ASSUMED_SIDE)
    except InputError:
        return import_model(model, path, input_shape, parameters_fed=True)


def check_rewritten(model: onnx.ModelProto, path: Path, what: str) -> None:
    """Raise :class:`InputError` if ``what`` has made a model of another that is not valid."""
    try:
        onnx.checker.check_model(skeleton(model))
    except onnx.checker.ValidationError as error:
        raise InputError(f"what {what} makes of it is not valid: {error}", path=path) from None


class Rewriting:
    """A copy of a model on its way to another.

    Parameters
    ----------
    model
        The model, which is left as it is.
    constants
        Its constants.
    """

    def __init__(self, model: onnx.ModelProto, constants: Constants) -> None:
        self.model = onnx.ModelProto()
        self.model.CopyFrom(model)
        self.graph = self.model.graph
        self.constants = constants
        self.before = Wiring(model.graph)
        self.nodes = list(self.graph.node)
        self.gone: set[int] = set()
        """Operators to be left out."""
        self._made_constant: set[str] = set()
        """Tensors that an operator made, and that are initializers now."""
        self._names = UniqueNames(names_in(self.graph))

    def write_filters(self, name: str, index: int, filters: Filters, *, with_bias: bool = True) -> None:
        """Give an operator new weights, and a bias.

        Parameters
        ----------
        name
            The layer, after which new tensors are named.
        index
            The operator: Conv, ConvTranspose, Gemm or MatMul.
        filters
            What it is to multiply and add.
        with_bias
            Whether it is to have a bias; a MatMul becomes a Gemm by that.

        Raises
        ------
        CannotRewriteError
            If the new values are too large for the type of the old ones; nothing has been changed then.
        """
        node = self.nodes[index]
        old = self.constants.values(node.input[1])
        with np.errstate(over="ignore"):
            weights = written_weights(node, filters, old)
            bias = filters.bias.astype(old.dtype)
        if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
            raise CannotRewriteError(f"its weights would be too large for {old.dtype}")
        if node.op_type == "MatMul" and with_bias:
            node.op_type = "Gemm"
        if node.op_type == "Gemm":
            left = [attribute for attribute in node.attribute if attribute.name not in ("alpha", "beta")]
            del node.attribute[:]
            node.attribute.extend(left)
        self.set_input(index, 1, f"{name}.weights", weights)
        if with_bias:
            self.set_input(index, 2, f"{name}.bias", bias)

    def set_input(self, index: int, slot: int, otherwise: str, values: Array) -> None:
        """Give an operator another constant, under the name of the old one if nobody else reads that.

        Parameters
        ----------
        index, slot
            The operator, and which of its inputs.
        otherwise
            The name of the new constant where it cannot have that of the old one.
        values
            The constant.
        """
        node = self.nodes[index]
        node.input.extend([""] * (slot + 1 - len(node.input)))
        node.input[slot] = self._place_for(node.input[slot], otherwise)
        self._set(node.input[slot], values)

    def _place_for(self, old: str, otherwise: str) -> str:
        """Return where new values go: to where the old ones were, if nobody else reads those."""
        producer = self.before.producer.get(old)
        is_private = len(self.before.readers[old]) == 1 and old not in self.before.outputs
        is_alone = producer is None or len(self.nodes[producer].output) == 1
        return old if old and is_private and is_alone else self._names.new(otherwise)

    def _set(self, name: str, values: Array) -> None:
        """Make an initializer; where an operator made the tensor, that one goes."""
        tensor = onnx.numpy_helper.from_array(values, name)
        producer = self.before.producer.get(name)
        if producer is not None:
            self.gone.add(producer)
            self._made_constant.add(name)
        for value in self.graph.input:
            if value.name == name:
                declared = onnx.helper.make_tensor_type_proto(tensor.data_type, tensor.dims)
                value.type.CopyFrom(declared)
        for initializer in self.graph.initializer:
            if initializer.name == name:
                initializer.CopyFrom(tensor)
                return
        self.graph.initializer.append(tensor)
        if name not in {value.name for value in self.graph.input}:
            self.model.ir_version = max(self.model.ir_version, _FIRST_IR_WITH_WEIGHTS_APART)

    def finished(self) -> onnx.ModelProto:
        """Return the model, without what rewriting has left over."""
        _replace(self.graph.node, [node for index, node in enumerate(self.nodes) if index not in self.gone])
        _replace(self.graph.node, self._kept())
        wiring = Wiring(self.graph)
        weights = [tensor for tensor in self.graph.initializer if self._is_wanted(tensor.name, wiring)]
        forgotten = {tensor.name for tensor in self.graph.initializer} - {tensor.name for tensor in weights}
        _replace(self.graph.initializer, weights)
        _replace(self.graph.input, [value for value in self.graph.input if value.name not in forgotten])
        _replace(self.graph.value_info, [value for value in self.graph.value_info if value.name in wiring.producer])
        return self.model

    def _kept(self) -> list[onnx.NodeProto]:
        """Operators that are wanted still, without those that read what is gone: no output ever depended on them."""
        wiring = Wiring(self.graph)
        lost = set(self.before.producer) - set(wiring.producer) - self._made_constant
        whole = []
        for index, node in enumerate(wiring.nodes):
            if lost.isdisjoint(wiring.reads[index]):
                whole.append(index)
            else:
                lost.update(node.output)
        read = set(wiring.outputs)
        kept = []
        for index in reversed(whole):
            node = wiring.nodes[index]
            if any(name in read or name not in self.before.readers for name in node.output if name):
                kept.append(node)
                read.update(wiring.reads[index])
        return kept[::-1]

    def _is_wanted(self, tensor: str, wiring: Wiring) -> bool:
        """Whether somebody reads a tensor, or nobody ever did."""
        is_read = tensor in wiring.readers or tensor in wiring.outputs
        return is_read or tensor not in self.before.readers


_Message = TypeVar("_Message", onnx.NodeProto, onnx.TensorProto, onnx.ValueInfoProto)


def _replace(messages: MutableSequence[_Message], by: Iterable[_Message]) -> None:
    kept = list(by)
    del messages[:]
    messages.extend(kept)
