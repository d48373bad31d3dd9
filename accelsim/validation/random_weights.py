"""Random weights for models that have none worth comparing, such as files whose weights are all one number.

Weights are He-normal (He et al., 2015, arXiv:1502.01852), so that activations neither vanish nor explode. The outputs
of a convolution whose sole reader is a BatchNorm are moreover scaled channel by channel, over many orders of magnitude,
and the BatchNorm's mean and variance with them: as in trained networks, what leaves it is of one scale again. γ has
both signs and is zero in some channels.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import onnx
from onnx import numpy_helper

from accelsim.validation.weights import WEIGHTED, allow_lone_initializers, weight_channels
from accelsim.workload.affine import Doubles
from accelsim.workload.onnx_frontend.affine import attributes
from accelsim.workload.onnx_frontend.constants import Array, Constants, ValuesAbsentError, parameter_inputs
from accelsim.workload.onnx_frontend.wiring import Wiring

SHARE_OF_ZEROS = 0.1
"""Channels with γ = 0."""

SMALLEST_GAIN, LARGEST_GAIN = 1e-3, 10.0
"""Standard deviations of a convolution's outputs before a BatchNorm: variances from 1e-6 to 100."""

_VIEWS = ("Unsqueeze", "Squeeze", "Reshape", "Flatten", "Identity")
_SCALED_OR_SHIFTED = ("BatchNormalization", "Mul", *WEIGHTED)
"""What a multiplication or addition by channel may come behind."""


def randomised(model: onnx.ModelProto, seed: int) -> onnx.ModelProto:
    """Return the model with random weights, biases and BatchNorm parameters.

    Weights that several operators share stay shared; every bias and BatchNorm gets parameters of its own, since
    exporters store equal ones once. What is no parameter, such as the scalars of a written-out activation function,
    stays what it is.

    Parameters
    ----------
    model
        The model.
    seed
        Of numpy's default generator.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    allow_lone_initializers(changed)
    _Randomiser(changed, seed).replace_all()
    return changed


class _Randomiser:
    """Leads the operators of a model to new parameters."""

    def __init__(self, model: onnx.ModelProto, seed: int) -> None:
        self.graph = model.graph
        self.constants = Constants(model, {})
        self.wiring = Wiring(model.graph)
        absent = parameter_inputs(model)
        self.absent = {value.name: value for value in model.graph.input if value.name in absent}
        self.generator = np.random.default_rng(seed)
        self.drawn: dict[str, Array] = {}
        """New values, by the new name."""
        self.gain_of: dict[str, Doubles] = {}
        """By how much weights scale their output channels, by the weights' new name."""
        self.deviation: dict[str, Doubles] = {}
        """Estimated standard deviation of what operators deliver, by channel or of all channels, by tensor."""

    def replace_all(self) -> None:
        for node in self.graph.node:
            self.deviation[node.output[0]] = self._deviation_of_inputs(node)
            if node.op_type in WEIGHTED:
                self._replace_weights(node)
            elif node.op_type == "BatchNormalization":
                self._replace_batchnorm(node)
            elif node.op_type == "PRelu":
                self._replace(node, 1, lambda shape: self.generator.uniform(0, 0.5, shape))
            elif node.op_type in ("Mul", "Add"):
                self._replace_scale_or_shift(node)
        self.graph.initializer.extend(numpy_helper.from_array(values, name) for name, values in self.drawn.items())
        unread = self.absent.keys() - Wiring(self.graph).readers.keys()
        fed = [value for value in self.graph.input if value.name not in unread]
        del self.graph.input[:]
        self.graph.input.extend(fed)

    def _replace_weights(self, node: onnx.NodeProto) -> None:
        like = self._like(node.input[1])
        if like is None:
            return
        name = f"{node.input[1]}_random"
        if name not in self.drawn:
            channels = weight_channels(node, like.shape)
            gain = self.gain_of[name] = self._gain(node, channels.channels)
            deviation = math.sqrt(2 / _terms(node, channels.weights_each))
            weights = channels.scaled(self.generator.normal(0, deviation, like.shape), gain)
            self.drawn[name] = weights.astype(like.dtype)
        node.input[1] = name
        gain = self.deviation[node.output[0]] = self.gain_of[name] * self.deviation[node.output[0]]
        self._replace(node, 2, lambda shape: self.generator.normal(0, 0.5, shape) * _fitting(gain, shape))

    def _deviation_of_inputs(self, node: onnx.NodeProto) -> Doubles:
        """Estimate, as if inputs were independent and the operator made them no larger."""
        moving = [name for name in node.input if name and name not in self.constants]
        squares = [float(np.square(self.deviation.get(name, np.ones(1))).mean()) for name in moving] or [1.0]
        square = sum(squares) if node.op_type in ("Add", "Sum") else sum(squares) / len(squares)
        return np.full(1, math.sqrt(square))

    def _gain(self, node: onnx.NodeProto, channels: int) -> Doubles:
        reader = self.wiring.sole_reader(node.output[0])
        if reader is None or self.wiring.nodes[reader].op_type != "BatchNormalization":
            return np.ones(channels)
        return np.exp(self.generator.uniform(math.log(SMALLEST_GAIN), math.log(LARGEST_GAIN), channels))

    def _replace_batchnorm(self, node: onnx.NodeProto) -> None:
        arriving = self.deviation.get(node.input[0], np.ones(1))
        normal = self.generator.normal
        self._replace(node, 1, self._signed_scales)
        self._replace(node, 2, lambda shape: normal(0, 0.3, shape))
        self._replace(node, 3, lambda shape: normal(0, 0.5, shape) * _fitting(arriving, shape))
        self._replace(node, 4, lambda shape: np.exp(normal(0, 0.5, shape)) * _fitting(arriving, shape) ** 2)
        self.deviation[node.output[0]] = np.ones(1)

    def _replace_scale_or_shift(self, node: onnx.NodeProto) -> None:
        """Replace what multiplies or shifts, channel by channel, the result of a BatchNorm or a layer with weights."""
        for slot, name in enumerate(node.input):
            before = self._made_by(node.input[1 - slot])
            like = self._like(name)
            if like is None or like.size == 1 or before is None or before.op_type not in _SCALED_OR_SHIFTED:
                continue
            if node.op_type == "Mul":
                self._replace(node, slot, self._signed_scales)
            else:
                self._replace(node, slot, lambda shape: self.generator.normal(0, 0.3, shape))

    def _signed_scales(self, shape: tuple[int, ...]) -> Doubles:
        signs = self.generator.choice((-1.0, 1.0), shape)
        kept = self.generator.random(shape) >= SHARE_OF_ZEROS
        return np.where(kept, signs * self.generator.uniform(0.5, 1.5, shape), 0.0)

    def _replace(self, node: onnx.NodeProto, slot: int, draw: Callable[[tuple[int, ...]], Doubles]) -> None:
        """Give an operator a parameter of its own; where it reads a view of one, the view stays."""
        like = self._like(node.input[slot]) if slot < len(node.input) else None
        if like is None:
            return
        view = self._made_by(node.input[slot])
        if view is not None and view.op_type in _VIEWS:
            self._replace(view, 0, draw)
            return
        name = f"{node.output[0]}_random{slot}"
        self.drawn[name] = draw(like.shape).astype(like.dtype)
        node.input[slot] = name

    def _made_by(self, name: str) -> onnx.NodeProto | None:
        index = self.wiring.producer.get(name)
        return None if index is None else self.wiring.nodes[index]

    def _like(self, name: str) -> Array | None:
        """Return an array of the shape and type of a parameter; ``None`` where it is none, or new already."""
        if name in self.absent:
            tensor = self.absent[name].type.tensor_type
            sides = [side.dim_value for side in tensor.shape.dim]
            return np.broadcast_to(np.zeros((), onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)), sides)
        if name not in self.constants:
            return None
        try:
            values = self.constants.values(name)
        except ValuesAbsentError:
            return None
        return values if values.dtype.kind == "f" else None


def _terms(node: onnx.NodeProto, weights_each: int) -> int:
    """Products that add up to one output: a transposed convolution spreads them over its strides."""
    if node.op_type != "ConvTranspose":
        return weights_each
    places: int = math.prod(attributes(node).get("strides", ()))
    return max(1, weights_each // places)


def _fitting(deviation: Doubles, shape: tuple[int, ...]) -> Doubles:
    """Return a deviation by channel where a parameter has one value per channel, and their mean otherwise."""
    return deviation if shape[-1:] == deviation.shape else deviation.mean(keepdims=True)
