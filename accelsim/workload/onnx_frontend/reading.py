"""A model on its way to a graph: what has been read of it, and what is known of the rest."""

from __future__ import annotations

from pathlib import Path

import onnx

from accelsim.errors import InputError
from accelsim.workload.graph import INPUT, Graph
from accelsim.workload.nodes import GraphError, Node
from accelsim.workload.onnx_frontend.activations import written_out
from accelsim.workload.onnx_frontend.constants import Constants
from accelsim.workload.onnx_frontend.per_image import image_shape
from accelsim.workload.onnx_frontend.static_shapes import StaticShapes
from accelsim.workload.onnx_frontend.windows import Padding
from accelsim.workload.onnx_frontend.wiring import Wiring
from accelsim.workload.shapes import Shape

MAX_NAME_CHARACTERS = 200


class Reading:
    """The graph so far.

    Parameters
    ----------
    model
        The model.
    path
        Its file.
    static
        Its shapes.
    constants
        Its constants.
    """

    def __init__(self, model: onnx.ModelProto, path: Path, static: StaticShapes, constants: Constants) -> None:
        self.path = path
        self.shapes = static.shapes
        self.batch = static.batch
        self.constants = constants
        self.wiring = Wiring(model.graph)
        self.written_out = written_out(self.wiring, constants, static.shapes)
        self.done = {index for group in self.written_out.values() for index in group.nodes[:-1]}
        """Operators that are part of others."""
        self.padded: dict[str, Padding] = {}
        """Tensors that are others with zeros around them; those are delivered in their place."""
        self.delivered_by: dict[str, str] = {}
        """The node of the graph that delivers a tensor."""
        self.origins: dict[str, tuple[int, ...]] = {}
        self._taken = {INPUT}

    def begin(self, first_input: str) -> None:
        """Begin the graph with the model's first input."""
        self.graph = Graph(printable(self.path.stem), self.image(first_input), ())
        self.delivered_by[first_input] = INPUT

    def steps(self) -> list[int]:
        """Operators that the model's outputs depend on and that are not constant, in order."""
        needed = self.wiring.needed()
        return sorted(index for index in needed if self.wiring.nodes[index].output[0] not in self.constants)

    def sides(self, tensor: str) -> tuple[int, ...]:
        """Return the sides of a tensor; raises :class:`InputError` where they are not known."""
        if tensor not in self.shapes:
            index = self.wiring.producer.get(tensor)
            node = self.wiring.nodes[index] if index is not None else None
            maker = f", which {node.op_type} '{node.name}' makes," if node else ""
            raise InputError(f"the shape of tensor '{tensor}'{maker} cannot be found out", path=self.path)
        return self.shapes[tensor]

    def image(self, tensor: str) -> Shape:
        """Return the shape of one image of a tensor."""
        sides = self.sides(tensor)
        if 0 in sides:
            raise InputError(f"tensor '{tensor}' of shape {list(sides)} is empty", path=self.path)
        return image_shape(sides, self.batch)

    def has_batch(self, tensor: str) -> bool:
        """Whether the first side of a tensor is the batch, so that the others are those of an image."""
        return self.sides(tensor)[:1] == (self.batch,)

    def unique(self, wanted: str) -> str:
        """Return a name for a node that is like the one wanted, printable, and not taken."""
        name = stem = printable(wanted)
        number = 2
        while name in self._taken:
            name = f"{stem}_{number}"
            number += 1
        self._taken.add(name)
        return name

    def name_of(self, index: int) -> str:
        """Return a name for the node that stands for an operator."""
        node = self.wiring.nodes[index]
        return self.unique(node.name or node.output[0] or node.op_type)

    def reads(self, *tensors: str) -> tuple[str, ...]:
        """Return the nodes that deliver tensors."""
        return tuple(self.delivered_by[tensor] for tensor in tensors)

    def moving(self, index: int) -> list[str]:
        """What an operator reads, graphs inside it included, that is no constant."""
        return [name for name in self.wiring.reads[index] if name not in self.constants]

    def is_part_of_another(self, index: int) -> bool:
        """Whether an operator has been read with another, or is part of an activation that is written out."""
        return index in self.done or index in self.written_out

    def deliver(self, tensor: str, node: Node, *origin: int) -> None:
        """Append a node that delivers a tensor and stands for some operators."""
        self.append(node, *origin)
        self.delivered_by[tensor] = node.name
        delivered, expected = self.graph.shapes[node.name], self.image(tensor)
        if delivered != expected:
            raise GraphError(node.name, f"delivers {delivered}, but tensor '{tensor}' has shape {expected}")

    def append(self, node: Node, *origin: int) -> None:
        """Append a node that stands for some operators and delivers none of the model's tensors."""
        self.graph.append(node)
        if origin:
            self.origins[node.name] = origin

    def pass_on(self, tensor: str, source: str) -> None:
        """Note that a tensor is another one, unchanged."""
        self.delivered_by[tensor] = self.delivered_by[source]


def printable(name: str) -> str:
    """Return a name as files can hold it; not of more characters than they take, with room for a number behind it."""
    characters = (character if character.isprintable() else "_" for character in name)
    return "".join(characters)[: MAX_NAME_CHARACTERS - 10] or "_"
