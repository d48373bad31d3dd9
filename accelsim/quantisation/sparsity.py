"""N:M structured sparsity: of M weights that follow one another along the input channels, N are left.

The pattern that Ampere's tensor cores skip zeros in, 2:4, along the dimension over which products are summed (Mishra et
al., 2021, arXiv:2104.08378, §2).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from accelsim.config.sparsity import Sparsity
from accelsim.fusion.onnx_filters import read_filters, written_weights
from accelsim.validation.weights import WEIGHTED, allow_lone_initializers
from accelsim.workload.affine import Doubles
from accelsim.workload.onnx_frontend.constants import Constants
from accelsim.workload.onnx_frontend.wiring import Wiring


def kept_weights(weights: Doubles, sparsity: Sparsity) -> npt.NDArray[np.bool_]:
    """Return which weights are left: the largest magnitudes, of equal ones the first.

    A fused BatchNorm multiplies all weights of an output channel alike, and so the same are left ahead of folding and
    behind it, but for channels with γ = 0, of which nothing is left to choose from.

    Parameters
    ----------
    weights
        Shape (output channels, input channels ÷ groups, positions of the kernel).
    sparsity
        How many. Of a last group that is smaller than the others as many are left, or all.

    Returns
    -------
    array
        In the shape of the weights.
    """
    outputs, inputs, positions = weights.shape
    missing = -inputs % sparsity.block
    magnitudes = np.pad(np.abs(weights), [(0, 0), (0, missing), (0, 0)], constant_values=-1.0)
    groups = magnitudes.reshape(outputs, -1, sparsity.block, positions)
    rank = np.argsort(np.argsort(-groups, axis=2, kind="stable"), axis=2)
    kept: npt.NDArray[np.bool_] = (rank < sparsity.kept).reshape(outputs, -1, positions)[:, :inputs]
    return kept


def sparse(model: onnx.ModelProto, sparsity: Sparsity) -> onnx.ModelProto:
    """Return a model whose convolutions and fully connected layers have so many weights left; the others are zero.

    Parameters
    ----------
    model
        The model, with its weights.
    sparsity
        How many weights are left.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    allow_lone_initializers(changed)
    constants = Constants(model, {})
    for index, node in enumerate(changed.graph.node):
        weights = constants.values_at_hand(node.input[1]) if node.op_type in WEIGHTED else None
        if weights is None or weights.dtype.kind != "f" or (node.op_type == "MatMul" and weights.ndim != 2):
            continue
        filters = read_filters(node, constants)
        kept = kept_weights(filters.weights, sparsity).astype(np.float64)
        mask = written_weights(node, filters._replace(weights=kept), weights)
        name = f"{node.input[1]} sparse {index}"
        changed.graph.initializer.append(numpy_helper.from_array(weights * mask, name))
        node.input[1] = name
    _drop_unread(model, changed)
    return changed


def _drop_unread(before: onnx.ModelProto, changed: onnx.ModelProto) -> None:
    """Drop weights that nobody reads any more."""
    left = Wiring(changed.graph)
    gone = {name for name in Wiring(before.graph).readers if name not in left.readers and name not in left.outputs}
    for field in (changed.graph.initializer, changed.graph.input):
        kept = [value for value in field if value.name not in gone]
        del field[:]
        field.extend(kept)
