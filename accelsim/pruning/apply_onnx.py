"""An ONNX model without the channels that BatchNorm blanks out (Liu et al., Network Slimming, ICCV 2017)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx

from accelsim.errors import InputError
from accelsim.fusion.fold import Filters
from accelsim.fusion.onnx_filters import read_filters
from accelsim.fusion.rewriting import CannotRewriteError, Rewriting, check_rewritten, imported_to_rewrite
from accelsim.pruning.decide import Choice, Decisions, PrunedLayer
from accelsim.pruning.following import NewSides, Parameter, Product
from accelsim.pruning.gammas import Gammas, gammas_of
from accelsim.pruning.strands import Channels, Flags
from accelsim.workload.graph import Graph
from accelsim.workload.shapes import Shape


class Size(NamedTuple):
    """How large a network is.

    Parameters
    ----------
    channels
        Channels that its layers with weights make.
    parameters
        Trainable parameters.
    macs
        Multiply-accumulates of one image.
    """

    channels: int
    parameters: int
    macs: int


class PrunedModel(NamedTuple):
    """A model without some of its channels, and the model that it is equal to.

    Parameters
    ----------
    model
        The model that is left.
    reference
        The model as it was, with γ = 0 in the channels that were removed: it computes the same.
    threshold
        Channels with a smaller |γ| were to be removed.
    gammas
        The γ of all BatchNorms.
    layers
        The layers that lose channels, or that keep some with a small γ, in order.
    left
        For the tensors that have fewer channels now: which of the channels that they had.
    before, after
        How large the network was and is, for images of ``image``.
    image
        The shape of an image.
    """

    model: onnx.ModelProto
    reference: onnx.ModelProto
    threshold: float
    gammas: tuple[Gammas, ...]
    layers: tuple[PrunedLayer, ...]
    left: dict[str, Flags]
    before: Size
    after: Size
    image: Shape


def prune_model(
    model: onnx.ModelProto,
    path: Path,
    threshold: float,
    input_shape: tuple[int, int, int] | None = None,
    *,
    clone_shared: bool = False,
) -> PrunedModel:
    """Remove the channels whose γ is smaller than a threshold; the model that is given is left as it is.

    A channel with γ = 0 is β behind its BatchNorm, wherever it is and whatever the input; what reads it gets that
    constant into its bias. Channels that cannot be removed keep their γ.

    Parameters
    ----------
    model
        A model with its weights, as :func:`accelsim.workload.onnx_frontend.model.load_model` returns it.
    path
        Its file, for errors.
    threshold
        Channels with a smaller |γ| are removed.
    input_shape
        Sides of an image where the model leaves them open.
    clone_shared
        Whether layers that share their weights may each get weights of their own.

    Raises
    ------
    InputError
        If the threshold is negative or no number, the model does not hold together or has no BatchNorm, or a layer
        would lose all its channels.
    """
    if not 0 <= threshold < math.inf:
        raise InputError(f"a threshold of |γ| must be a number of 0 or more, not {threshold:g}", path=path)
    imported = imported_to_rewrite(model, path, input_shape)
    gammas = gammas_of(imported, list(model.graph.node))
    if not gammas:
        raise InputError("it has no BatchNormalization with a γ that says which channels to prune", path=path)
    decisions = Choice(model, imported, gammas, clone_shared=clone_shared).decide(threshold, path)
    pruning = _Pruning(model, decisions)
    try:
        pruned = pruning.pruned()
    except CannotRewriteError as error:
        raise InputError(str(error), path=path) from None
    check_rewritten(pruned, path, "pruning")
    after = imported_to_rewrite(pruned, path, input_shape).graph
    return PrunedModel(
        model=pruned,
        reference=_reference(model, decisions),
        threshold=threshold,
        gammas=tuple(gammas),
        layers=decisions.layers,
        left=pruning.left,
        before=_size(imported.graph, decisions, removed=False),
        after=_size(after, decisions, removed=True),
        image=imported.graph.input_shape,
    )


def _size(graph: Graph, decisions: Decisions, *, removed: bool) -> Size:
    made = [decisions.removed[product.result.strands] for product in decisions.following.products]
    channels = sum(int((~gone).sum()) if removed else len(gone) for gone in made)
    return Size(channels, graph.parameter_count, graph.macs)


def _reference(model: onnx.ModelProto, decisions: Decisions) -> onnx.ModelProto:
    """Return the model with γ = 0 in the channels that are removed."""
    following = decisions.following
    rewriting = Rewriting(model, following.constants)
    for index, source in following.marked.items():
        blank = following.marks[index] & decisions.removed[source.strands]
        if blank.any():
            gamma = following.constants.values(rewriting.nodes[index].input[1]).copy()
            gamma[blank] = 0
            rewriting.set_input(index, 1, f"{following.name_of(index)}.scale", gamma)
    return rewriting.finished()


class _Pruning(Rewriting):
    """A model that loses channels."""

    def __init__(self, model: onnx.ModelProto, decisions: Decisions) -> None:
        super().__init__(model, decisions.following.constants)
        self.following = decisions.following
        self.removed = decisions.removed
        tensors = self.following.tensors.items()
        self.left = {name: ~self._gone(channels) for name, channels in tensors if self._gone(channels).any()}

    def _gone(self, channels: Channels) -> Flags:
        gone: Flags = self.removed[channels.strands]
        return gone

    def pruned(self) -> onnx.ModelProto:
        """Return the model that is left; raises :class:`CannotRewriteError` where a number becomes too large."""
        for product in self.following.products:
            self._prune_product(product)
        for parameter in self.following.parameters:
            self._prune_parameter(parameter)
        for reshape in self.following.new_sides:
            self._prune_reshape(reshape)
        self._correct_shapes()
        return self.finished()

    def _prune_product(self, product: Product) -> None:
        lost, made = self._gone(product.source), self._gone(product.result)
        if not (lost.any() or made.any()):
            return
        node = self.nodes[product.operator]
        filters = read_filters(node, self.constants)
        if product.is_depthwise:
            left = Filters(filters.weights[~made], filters.bias[~made], groups=int((~lost).sum()))
            _set_groups(node, left.groups)
        else:
            bias = filters.bias + filters.weights[:, lost].sum(axis=2) @ product.source.constants[lost]
            left = Filters(filters.weights[np.ix_(~made, ~lost)], bias[~made])
        has_bias = len(node.input) > 2 and bool(node.input[2])
        with_bias = has_bias or bool(left.bias.any())
        try:
            self.write_filters(product.name, product.operator, left, with_bias=with_bias)
        except CannotRewriteError as error:
            raise CannotRewriteError(f"'{product.name}' cannot be pruned: {error}") from None

    def _prune_parameter(self, parameter: Parameter) -> None:
        gone = self.removed[parameter.strands]
        if gone.any():
            name = self.before.nodes[parameter.operator].input[parameter.slot]
            values = np.compress(~gone, self.constants.values(name), axis=parameter.axis)
            otherwise = f"{parameter.name}.{parameter.slot}"
            self.set_input(parameter.operator, parameter.slot, otherwise, values)

    def _prune_reshape(self, reshape: NewSides) -> None:
        if not self.removed[reshape.strands].any():
            return
        node = self.nodes[reshape.operator]
        copying = [attribute for attribute in node.attribute if attribute.name != "allowzero"]
        del node.attribute[:]
        node.attribute.extend(copying)
        self.set_input(reshape.operator, 1, f"{reshape.name}.shape", np.array(reshape.sides, np.int64))

    def _correct_shapes(self) -> None:
        """Correct what the file says of the tensors that have fewer channels now."""
        for value in self.graph.value_info:
            sides = value.type.tensor_type.shape.dim
            if value.name in self.left and len(sides) > 1 and sides[1].HasField("dim_value"):
                sides[1].dim_value = int(self.left[value.name].sum())


def _set_groups(node: onnx.NodeProto, groups: int) -> None:
    for attribute in node.attribute:
        if attribute.name == "group":
            attribute.i = groups
