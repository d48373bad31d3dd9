"""An ONNX model with its BatchNorms folded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, MutableSequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import onnx

from accelsim.errors import InputError
from accelsim.fusion.fold import Filters
from accelsim.fusion.match import Match, match_batchnorms
from accelsim.fusion.onnx_filters import Array, read_filters, written_weights
from accelsim.workload.affine import Affine
from accelsim.workload.onnx_frontend.affine import affine_of, moving_input
from accelsim.workload.onnx_frontend.constants import Constants, ValuesAbsentError
from accelsim.workload.onnx_frontend.frontend import ImportedModel, import_model
from accelsim.workload.onnx_frontend.model import skeleton
from accelsim.workload.onnx_frontend.wiring import Wiring, names_in

_FIRST_IR_WITH_WEIGHTS_APART = 4
"""Before it, every initializer is an input of the model as well."""


_ASSUMED_SIDE = 224

MAX_BYTES = 2**31 - 1
"""protobuf's limit for a message."""


class FoldedLayer(NamedTuple):
    """A convolution or fully connected layer that has absorbed BatchNorms.

    Parameters
    ----------
    name
        The layer, as the graph calls it.
    batchnorms
        The BatchNorms that it has absorbed, in the order of the data.
    output
        The tensor with its result, which has the same name in both models.
    before
        What it multiplied and added, additions of constants behind it included.
    ahead, behind
        The scales and shifts of its input and of its output that are folded, in the order of the data.
    after
        What it multiplies and adds now, before it is rounded to the type of its weights.
    """

    name: str
    batchnorms: tuple[str, ...]
    output: str
    before: Filters
    ahead: tuple[Affine, ...]
    behind: tuple[Affine, ...]
    after: Filters


class FusedModel(NamedTuple):
    """A model without the BatchNorms that could be folded, all decisions, and the layers that have changed."""

    model: onnx.ModelProto
    matches: tuple[Match, ...]
    layers: tuple[FoldedLayer, ...]


def fuse_model(
    model: onnx.ModelProto, path: Path, input_shape: tuple[int, int, int] | None = None, *, clone_shared: bool = False
) -> FusedModel:
    """Fold what can be folded; the model that is given is left as it is.

    Inputs, outputs, opset, metadata and all names that are still needed stay; the result of a layer has the name that
    the result of its BatchNorm had.

    Parameters
    ----------
    model
        A model with its weights, as :func:`accelsim.workload.onnx_frontend.model.load_model` returns it.
    path
        Its file, for errors.
    input_shape
        Sides of an image where the model leaves them open; they have no influence on what is folded.
    clone_shared
        Whether convolutions that share their weights may each get weights of their own.

    Raises
    ------
    InputError
        If the model does not hold together, or weights are not finite.
    """
    imported = _imported(model, path, input_shape)
    matches = match_batchnorms(imported.graph, clone_shared=clone_shared)
    by_layer: dict[str, list[Match]] = defaultdict(list)
    for match in matches:
        if match.into is not None:
            by_layer[match.into].append(match)
    rewriter = _Rewriter(model, imported, path)
    layers: list[FoldedLayer] = []
    refused: dict[str, str] = {}
    for name in imported.graph.nodes:
        if name in by_layer:
            try:
                layers.append(rewriter.fold(name, by_layer[name]))
            except _CannotFoldError as error:
                refused[name] = f"'{name}' beside it: {error}"
    fused = rewriter.finished()
    try:
        onnx.checker.check_model(skeleton(fused))
    except onnx.checker.ValidationError as error:
        raise InputError(f"what folding makes of it is not valid: {error}", path=path) from None
    decided = (
        match._replace(into=None, reason=refused[match.into]) if match.into in refused else match for match in matches
    )
    return FusedModel(fused, tuple(decided), tuple(layers))


def _imported(model: onnx.ModelProto, path: Path, input_shape: tuple[int, int, int] | None) -> ImportedModel:
    """Read a model; where it leaves sides open, any do that its operators can make something of."""
    try:
        return import_model(model, path, input_shape, parameters_fed=True, open_side=_ASSUMED_SIDE)
    except InputError:
        return import_model(model, path, input_shape, parameters_fed=True)


def serialised(model: onnx.ModelProto, path: Path) -> bytes:
    """Return a model as the bytes of one file; raises :class:`InputError` if it is too large for one."""
    size = model.ByteSize()
    if size > MAX_BYTES:
        raise InputError(f"with its weights it has {size} bytes; one ONNX file holds {MAX_BYTES} at most", path=path)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


class _CannotFoldError(ValueError):
    """The numbers of a layer do not allow what its place in the network does."""


class _Rewriter:
    def __init__(self, model: onnx.ModelProto, imported: ImportedModel, path: Path) -> None:
        self.model = onnx.ModelProto()
        self.model.CopyFrom(model)
        self.graph = self.model.graph
        self.constants: Constants = imported.constants
        self.origins = imported.origins
        self.path = path
        self.before = Wiring(model.graph)
        self.nodes = list(self.graph.node)
        self.maker = dict(self.before.producer)
        self.gone: set[int] = set()
        self.made_constant: set[str] = set()
        """Tensors that an operator made, and that are initializers now."""
        self.names = names_in(self.graph)

    def fold(self, name: str, matches: list[Match]) -> FoldedLayer:
        """Fold BatchNorms into a layer; raises :class:`_CannotFoldError` before anything is changed."""
        index, *biases = self.origins[name]
        node = self.nodes[index]
        ahead = [origin for match in matches if match.ahead for origin in self.origins[match.batchnorm]]
        behind = [origin for match in matches if not match.ahead for origin in self.origins[match.batchnorm]]
        try:
            before = read_filters(node, self.constants)
            outputs, inputs = len(before.weights), before.weights.shape[1] * before.groups
            for bias in biases:
                before = before.folded_behind(affine_of(self.nodes[bias], self.constants, outputs))
            affines_ahead = [affine_of(self.nodes[origin], self.constants, inputs) for origin in ahead]
            affines_behind = [affine_of(self.nodes[origin], self.constants, outputs) for origin in behind]
        except ValuesAbsentError as error:
            raise _CannotFoldError(str(error)) from None
        if not (np.isfinite(before.weights).all() and np.isfinite(before.bias).all()):
            raise InputError(f"the weights or the bias of '{name}' hold values that are not finite", path=self.path)
        after = before
        for affine in reversed(affines_ahead):
            after = after.folded_ahead(affine)
        for affine in affines_behind:
            after = after.folded_behind(affine)
        self._write(name, index, after)
        for origin in ahead:
            self._lead_past(origin)
        for origin in (*biases, *behind):
            self._end_before(origin)
        return FoldedLayer(
            name=name,
            batchnorms=tuple(match.batchnorm for match in matches),
            output=self.nodes[(index, *biases, *behind)[-1]].output[0],
            before=before,
            ahead=tuple(affines_ahead),
            behind=tuple(affines_behind),
            after=after,
        )

    def _write(self, name: str, index: int, filters: Filters) -> None:
        """Give an operator its new weights and bias."""
        node = self.nodes[index]
        old = self.constants.values(node.input[1])
        with np.errstate(over="ignore"):
            weights = written_weights(node, filters, old)
            bias = filters.bias.astype(old.dtype)
        if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
            raise _CannotFoldError(f"its weights would be too large for {old.dtype}")
        weights_name = self._place_for(node.input[1], f"{name}.weights")
        old_bias = node.input[2] if len(node.input) > 2 else ""
        bias_name = self._place_for(old_bias, f"{name}.bias", bias.shape)
        if node.op_type == "MatMul":
            node.op_type = "Gemm"
        if node.op_type == "Gemm":
            left = [attribute for attribute in node.attribute if attribute.name not in ("alpha", "beta")]
            del node.attribute[:]
            node.attribute.extend(left)
        node.input[:] = [node.input[0], weights_name, bias_name]
        self._set(weights_name, weights)
        self._set(bias_name, bias)

    def _place_for(self, old: str, otherwise: str, shape: tuple[int, ...] | None = None) -> str:
        """Return where new values go: to where the old ones were, if nobody else reads those and they fit there."""
        producer = self.before.producer.get(old)
        is_private = len(self.before.readers[old]) == 1 and old not in self.before.outputs
        is_alone = producer is None or len(self.nodes[producer].output) == 1
        fits = bool(old) and (shape is None or self.constants.values(old).shape == shape)
        return old if fits and is_private and is_alone else self._unique(otherwise)

    def _unique(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self.names:
            name = f"{wanted}_{number}"
            number += 1
        self.names.add(name)
        return name

    def _set(self, name: str, values: Array) -> None:
        """Make an initializer; where an operator made the tensor, that one goes."""
        tensor = onnx.numpy_helper.from_array(values, name)
        producer = self.before.producer.get(name)
        if producer is not None:
            self.gone.add(producer)
            self.made_constant.add(name)
        for initializer in self.graph.initializer:
            if initializer.name == name:
                initializer.CopyFrom(tensor)
                return
        self.graph.initializer.append(tensor)
        if name not in {value.name for value in self.graph.input}:
            self.model.ir_version = max(self.model.ir_version, _FIRST_IR_WITH_WEIGHTS_APART)

    def _lead_past(self, index: int) -> None:
        """Remove an operator: its readers read what it read."""
        node = self.nodes[index]
        source = moving_input(node, self.constants)
        for reader in self.before.readers[node.output[0]]:
            inputs = self.nodes[reader].input
            inputs[:] = [str(source) if name == node.output[0] else name for name in inputs]
        self.gone.add(index)

    def _end_before(self, index: int) -> None:
        """Remove an operator: what it read, and it alone, gets the name of its result."""
        node = self.nodes[index]
        source = str(moving_input(node, self.constants))
        maker = self.maker.pop(source)
        outputs = self.nodes[maker].output
        outputs[:] = [node.output[0] if name == source else name for name in outputs]
        self.maker[node.output[0]] = maker
        self.gone.add(index)

    def finished(self) -> onnx.ModelProto:
        """Return the model without what folding has left over."""
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
        lost = set(self.before.producer) - set(wiring.producer) - self.made_constant
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
