"""What is left of a network's accuracy when its weights have few bits, with BatchNorms folded and without.

Folding is exact in real numbers. But it multiplies the weights of every output channel by another scale, so that their
ranges spread, and where all channels of a layer share one step of quantisation the small ones are left with few levels
(Nagel et al., 2019, arXiv:1906.04721; Krishnamoorthi, 2018, arXiv:1806.08342).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
from onnx import numpy_helper

from accelsim.quantisation.symmetric import Granularity, steps
from accelsim.validation.numerics import Numerics, compared_tensors, difference
from accelsim.validation.runtime import run_model
from accelsim.validation.weights import WEIGHTED, WeightChannels, allow_lone_initializers, weight_channels
from accelsim.workload.onnx_frontend.constants import Array, Constants, ValuesAbsentError


class QuantisedTensor(NamedTuple):
    """Signal to quantisation noise of a tensor, against the original in float.

    Parameters
    ----------
    bits
        Bits of a weight.
    granularity
        What has a scale of its own: the weights of a layer, or those of every output channel.
    tensor
        Its name.
    original_db
        With the weights of the original quantised.
    fused_db
        With the weights of the fused model quantised.
    """

    bits: int
    granularity: Granularity
    tensor: str
    original_db: float
    fused_db: float


def quantisation_noise(
    numerics: Numerics, path: Path, bits: Iterable[int], granularities: Iterable[Granularity]
) -> list[QuantisedTensor]:
    """Quantise the weights of the original and of the fused model, and measure what that does to their outputs.

    Parameters
    ----------
    numerics
        The models, and what to feed them.
    path
        The original's file, for errors.
    bits
        Bits of a weight, two or more; several are tried one after the other.
    granularities
        What has a scale of its own.

    Returns
    -------
    list
        For each, all outputs, and what probabilities are made of.

    Raises
    ------
    InputError
        If onnxruntime cannot execute a model.
    """
    tensors = tuple(compared_tensors(numerics.model))
    exact = run_model(numerics.model, numerics.inputs, path, tensors)
    noise = []
    for width, granularity in product(bits, granularities):
        original, fused = (
            run_model(quantised(model, width, granularity), numerics.inputs, path, tensors)
            for model in (numerics.model, numerics.fused)
        )
        for tensor in tensors:
            to_original = difference(tensor, exact[tensor], original[tensor])
            to_fused = difference(tensor, exact[tensor], fused[tensor])
            noise.append(QuantisedTensor(width, granularity, tensor, to_original.sqnr_db, to_fused.sqnr_db))
    return noise


def quantised(model: onnx.ModelProto, bits: int, granularity: Granularity) -> onnx.ModelProto:
    """Return the model with the weights of its convolutions and fully connected layers rounded to few bits.

    Weights alone, and dequantised again: biases, BatchNorms and activations stay as they are. Rounding is symmetric:
    to the nearest multiple (ties to even) of max|w| ÷ (2^(bits−1) − 1).

    Parameters
    ----------
    model
        The model.
    bits
        Bits of a weight.
    granularity
        Whether the maximum is that of a layer or that of an output channel.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    allow_lone_initializers(changed)
    constants = Constants(model, {})
    rounded: dict[str, Array] = {}
    for node in changed.graph.node:
        weights = _weights(node, constants) if node.op_type in WEIGHTED else None
        if weights is None:
            continue
        channels = weight_channels(node, weights.shape)
        name = f"{node.input[1]}_rounded_by_{'_'.join(map(str, channels.axes))}"
        if name not in rounded:
            rounded[name] = _rounded(weights, bits, channels, granularity)
        node.input[1] = name
    changed.graph.initializer.extend(numpy_helper.from_array(weights, name) for name, weights in rounded.items())
    return changed


def _weights(node: onnx.NodeProto, constants: Constants) -> Array | None:
    if node.input[1] not in constants:
        return None
    try:
        weights = constants.values(node.input[1])
    except ValuesAbsentError:
        return None
    return weights if weights.dtype.kind == "f" else None


def _rounded(weights: Array, bits: int, channels: WeightChannels, granularity: Granularity) -> Array:
    largest = channels.largest(weights)
    if granularity == "per-tensor":
        largest = np.full_like(largest, largest.max(initial=0))
    step = steps(largest, bits)
    levels = np.rint(channels.scaled(weights, 1 / step))
    return channels.scaled(levels, step).astype(weights.dtype)
