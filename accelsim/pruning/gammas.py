"""How large the γ of every channel is, by which network slimming decides (Liu et al., ICCV 2017, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import onnx

from accelsim.workload.affine import Doubles
from accelsim.workload.nodes import BatchNorm
from accelsim.workload.onnx_frontend.affine import affine_of
from accelsim.workload.onnx_frontend.constants import ValuesAbsentError
from accelsim.workload.onnx_frontend.frontend import ImportedModel


class Gammas(NamedTuple):
    """A BatchNorm's γ.

    Parameters
    ----------
    batchnorm
        Its name in the graph.
    operator
        Index of its BatchNormalization.
    magnitudes
        |γ|, of shape (channels,); where arithmetic by channel behind it scales as well (Caffe's Scale), their product.
    """

    batchnorm: str
    operator: int
    magnitudes: Doubles


def gammas_of(imported: ImportedModel, operators: Sequence[onnx.NodeProto]) -> list[Gammas]:
    """Return γ of every BatchNorm that has one and whose parameters are known.

    Parameters
    ----------
    imported
        The model as a graph.
    operators
        The model's operators.
    """
    found = []
    for node in imported.graph:
        first, *behind = imported.origins.get(node.name, (0,))
        is_whole = isinstance(node, BatchNorm) and not node.unfoldable
        if not is_whole or operators[first].op_type != "BatchNormalization":
            continue
        try:
            gamma = imported.constants.values(operators[first].input[1]).astype(np.float64)
            for index in behind:
                gamma = gamma * affine_of(operators[index], imported.constants, len(gamma)).scale
        except ValuesAbsentError:
            continue
        found.append(Gammas(node.name, first, np.abs(gamma)))
    return found
