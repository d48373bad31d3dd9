"""The weights of a model's operators, seen by output channel."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import onnx

from accelsim.workload.affine import Doubles
from accelsim.workload.onnx_frontend.affine import attributes
from accelsim.workload.onnx_frontend.constants import Array

WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""Operators whose second input is weights."""


class WeightChannels(NamedTuple):
    """How weights are seen by output channel: reshaped to ``sides``, in which the channels lie along ``axes``."""

    sides: tuple[int, ...]
    axes: tuple[int, ...]

    @property
    def channels(self) -> int:
        """Output channels."""
        return math.prod(self.sides[axis] for axis in self.axes)

    @property
    def weights_each(self) -> int:
        """Weights of one output channel."""
        return math.prod(self.sides) // max(1, self.channels)

    def largest(self, weights: Array) -> Doubles:
        """Return the largest magnitude of each channel, of shape (channels,)."""
        others = tuple(axis for axis in range(len(self.sides)) if axis not in self.axes)
        largest = np.abs(weights.reshape(self.sides)).max(axis=others, initial=0)
        return np.asarray(largest, dtype=np.float64).ravel()

    def scaled(self, weights: Array, scale: Doubles) -> Doubles:
        """Return the weights with each channel multiplied by its scale, of shape (channels,)."""
        along = [side if axis in self.axes else 1 for axis, side in enumerate(self.sides)]
        doubles = weights.reshape(self.sides).astype(np.float64)
        return (doubles * scale.reshape(along)).reshape(weights.shape)


def weight_channels(node: onnx.NodeProto, shape: tuple[int, ...]) -> WeightChannels:
    """Say where the output channels of an operator's weights are.

    Parameters
    ----------
    node
        One of the operators :data:`WEIGHTED`.
    shape
        Shape of its weights.
    """
    if node.op_type == "Conv":
        return WeightChannels(shape, (0,))
    if node.op_type == "Gemm":
        return WeightChannels(shape, (0 if attributes(node).get("transB") else 1,))
    if node.op_type == "ConvTranspose":  # (input channels, output channels of a group, ...)
        groups = math.gcd(attributes(node).get("group", 1), shape[0])  # others cannot be executed
        return WeightChannels((groups, shape[0] // groups, *shape[1:]), (0, 2))
    rank = len(shape)  # a product of matrices: (..., inputs, outputs)
    return WeightChannels(shape, tuple(axis for axis in range(rank) if axis != max(0, rank - 2)))


def allow_lone_initializers(model: onnx.ModelProto) -> None:
    """Raise a model to the version of the format in which initializers need not be inputs of the model, too."""
    model.ir_version = max(model.ir_version, 4)
