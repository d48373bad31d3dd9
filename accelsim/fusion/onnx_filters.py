"""The weights of ONNX's operators as filters, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from accelsim.fusion.fold import Filters
from accelsim.workload.affine import Doubles
from accelsim.workload.onnx_frontend.affine import attributes
from accelsim.workload.onnx_frontend.constants import Constants

Array = npt.NDArray[Any]


def read_filters(node: onnx.NodeProto, constants: Constants) -> Filters:
    """Return the weights and bias of a Conv, ConvTranspose, Gemm or MatMul in float64.

    Raises
    ------
    ValuesAbsentError
        If they are not in the file.
    """
    options = attributes(node)
    groups = options.get("group", 1)
    weights = constants.values(node.input[1]).astype(np.float64)
    filters = _output_channels_first(node, weights, groups) * options.get("alpha", 1.0)
    bias = np.zeros(len(filters))
    if len(node.input) > 2 and node.input[2]:
        addend = constants.values(node.input[2]).astype(np.float64).reshape(-1)
        bias = np.broadcast_to(addend * options.get("beta", 1.0), bias.shape)
    return Filters(filters, bias, groups)


def written_weights(node: onnx.NodeProto, filters: Filters, like: Array) -> Array:
    """Return filters as the weights of an operator; alpha and beta have become 1.

    Parameters
    ----------
    node
        The operator.
    filters
        The filters, of as many channels as there are to be.
    like
        The weights that it had, of whose type the new ones are, with the sides of their kernel.
    """
    weights = filters.weights
    if _has_outputs_last(node):
        weights = weights.reshape(len(weights), -1).T
    elif node.op_type == "ConvTranspose":
        outputs, per_group, positions = weights.shape
        by_group = weights.reshape(filters.groups, outputs // filters.groups, per_group, positions)
        weights = by_group.transpose(0, 2, 1, 3).reshape(filters.groups * per_group, -1, *like.shape[2:])
    else:
        weights = weights.reshape(*weights.shape[:2], *like.shape[2:])
    return np.ascontiguousarray(weights).astype(like.dtype)


def _output_channels_first(node: onnx.NodeProto, weights: Doubles, groups: int) -> Doubles:
    """Bring weights into the shape (output channels, input channels ÷ groups, positions)."""
    if node.op_type == "ConvTranspose":
        inputs, per_group = weights.shape[:2]
        by_group = weights.reshape(groups, inputs // groups, per_group, -1).transpose(0, 2, 1, 3)
        return by_group.reshape(groups * per_group, inputs // groups, -1)
    if _has_outputs_last(node):
        return weights.T[:, :, None]
    return weights.reshape(weights.shape[0], weights.shape[1], -1)


def _has_outputs_last(node: onnx.NodeProto) -> bool:
    return node.op_type == "MatMul" or (node.op_type == "Gemm" and not attributes(node).get("transB"))
