"""An ONNX model with its BatchNorms folded."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx

from accelsim.errors import InputError
from accelsim.fusion.fold import Filters
from accelsim.fusion.match import Match, match_batchnorms
from accelsim.fusion.onnx_filters import read_filters
from accelsim.fusion.rewriting import CannotRewriteError, Rewriting, check_rewritten, imported_to_rewrite
from accelsim.workload.affine import Affine
from accelsim.workload.onnx_frontend.affine import affine_of, moving_input
from accelsim.workload.onnx_frontend.constants import ValuesAbsentError
from accelsim.workload.onnx_frontend.frontend import ImportedModel

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
    imported = imported_to_rewrite(model, path, input_shape)
    matches = match_batchnorms(imported.graph, clone_shared=clone_shared)
    by_layer: dict[str, list[Match]] = defaultdict(list)
    for match in matches:
        if match.into is not None:
            by_layer[match.into].append(match)
    rewriter = _Folding(model, imported, path)
    layers: list[FoldedLayer] = []
    refused: dict[str, str] = {}
    for name in imported.graph.nodes:
        if name in by_layer:
            try:
                layers.append(rewriter.fold(name, by_layer[name]))
            except CannotRewriteError as error:
                refused[name] = f"'{name}' beside it: {error}"
    fused = rewriter.finished()
    check_rewritten(fused, path, "folding")
    decided = (
        match._replace(into=None, reason=refused[match.into]) if match.into in refused else match for match in matches
    )
    return FusedModel(fused, tuple(decided), tuple(layers))


def serialised(model: onnx.ModelProto, path: Path) -> bytes:
    """Return a model as the bytes of one file; raises :class:`InputError` if it is too large for one."""
    size = model.ByteSize()
    if size > MAX_BYTES:
        raise InputError(f"with its weights it has {size} bytes; one ONNX file holds {MAX_BYTES} at most", path=path)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


class _Folding(Rewriting):
    """A model that loses its BatchNorms layer by layer."""

    def __init__(self, model: onnx.ModelProto, imported: ImportedModel, path: Path) -> None:
        super().__init__(model, imported.constants)
        self.origins = imported.origins
        self.path = path
        self.maker = dict(self.before.producer)

    def fold(self, name: str, matches: list[Match]) -> FoldedLayer:
        """Fold BatchNorms into a layer; raises :class:`CannotRewriteError` before anything is changed."""
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
            raise CannotRewriteError(str(error)) from None
        if not (np.isfinite(before.weights).all() and np.isfinite(before.bias).all()):
            raise InputError(f"the weights or the bias of '{name}' hold values that are not finite", path=self.path)
        after = before
        for affine in reversed(affines_ahead):
            after = after.folded_ahead(affine)
        for affine in affines_behind:
            after = after.folded_behind(affine)
        self.write_filters(name, index, after)
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
