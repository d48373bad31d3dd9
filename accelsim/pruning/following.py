"""A model on its way to strands: what has been followed, and what rewriting will have to touch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import onnx

from accelsim.pruning.strands import Channels, Flags, Integers, Strands
from accelsim.workload.affine import Doubles
from accelsim.workload.nodes import Node
from accelsim.workload.onnx_frontend.frontend import ImportedModel
from accelsim.workload.onnx_frontend.wiring import Wiring


class Product(NamedTuple):
    """A layer with weights.

    Parameters
    ----------
    name
        The layer.
    operator
        Index of its operator.
    source, result
        What it reads and makes.
    is_depthwise
        Whether each output channel reads one input channel.
    """

    name: str
    operator: int
    source: Channels
    result: Channels
    is_depthwise: bool


class Parameter(NamedTuple):
    """A constant with one value for each channel: input ``slot`` of an operator, the channels lying along ``axis``."""

    name: str
    operator: int
    slot: int
    axis: int
    strands: Integers


class NewSides(NamedTuple):
    """A Reshape, and what its second input has to be when channels are gone."""

    name: str
    operator: int
    sides: tuple[int, ...]
    strands: Integers


class Following:
    """The strands so far.

    Parameters
    ----------
    model
        The model.
    imported
        The same as a graph.
    marks
        For the BatchNormalizations by their index: the channels whose γ counts as 0.
    clone_shared
        Whether layers that share their weights may each get weights of their own.
    """

    def __init__(
        self, model: onnx.ModelProto, imported: ImportedModel, marks: Mapping[int, Flags], *, clone_shared: bool
    ) -> None:
        self.graph = imported.graph
        self.constants = imported.constants
        self.shapes = imported.static.shapes
        self.batch = imported.static.batch
        self.marks = marks
        self.clone_shared = clone_shared
        self.wiring = Wiring(model.graph)
        self.opset_imports = list(model.opset_import)
        self.fed = [value.name for value in model.graph.input if value.name not in imported.constants]
        """What the user feeds."""
        self.strands = Strands()
        self.tensors: dict[str, Channels] = {}
        self.products: list[Product] = []
        self.parameters: list[Parameter] = []
        self.new_sides: list[NewSides] = []
        self.marked: dict[int, Channels] = {}
        """What a BatchNormalization with marks reads, by its index."""
        self._names: dict[int, str] = {}
        for name, origin in imported.origins.items():
            for index in origin:
                if self._names.setdefault(index, name) != name and self._own_name(index) == name:
                    self._names[index] = name

    def _own_name(self, index: int) -> str:
        node = self.wiring.nodes[index]
        return str(node.name or node.output[0] or node.op_type)

    def name_of(self, index: int) -> str:
        """Return the name of an operator, as the graph calls it; its own, where that has several nodes for it."""
        return self._names.get(index) or self._own_name(index)

    def node_of(self, index: int) -> Node | None:
        """Return what an operator is in the graph; ``None`` where it is nothing there."""
        return self.graph.nodes.get(self._names.get(index, ""))

    def moving(self, index: int) -> list[str]:
        """What an operator reads, graphs inside it included, that is no constant."""
        return [name for name in self.wiring.reads[index] if name not in self.constants]

    def has_channels(self, tensor: str) -> bool:
        """Whether a tensor has a batch and then channels."""
        sides = self.shapes.get(tensor, ())
        return len(sides) > 1 and sides[0] == self.batch

    def begin(self, tensor: str, maker: str) -> Channels:
        """Begin the strands of a tensor that something makes."""
        count = self.shapes[tensor][1]
        channels = Channels(self.strands.begin(count), np.full(count, np.nan), maker)
        self.tensors[tensor] = channels
        return channels

    def begin_held(self, tensor: str, maker: str, reason: str) -> None:
        """Begin strands that cannot go."""
        if self.has_channels(tensor):
            self.strands.hold(self.begin(tensor, maker).strands, reason)

    def hold(self, tensor: str, reason: str) -> None:
        """Note that what a tensor holds cannot go."""
        if tensor in self.tensors:
            self.strands.hold(self.tensors[tensor].strands, reason)

    def deliver_changed(self, index: int, source: Channels, constants: Doubles, reason: str) -> None:
        """Note that an operator delivers the channels of another tensor, with these constants.

        Parameters
        ----------
        index
            The operator.
        source
            What it reads.
        constants
            The value of every channel behind it; NaN where it varies.
        reason
            Why what was constant is so no longer.
        """
        lost = np.isnan(constants) & ~source.varies
        self.strands.note_loss(source.strands[lost], reason)
        self.tensors[self.wiring.nodes[index].output[0]] = source._replace(constants=constants)
