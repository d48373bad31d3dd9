"""Weights from a seed for networks that have none, such as YAML files: a model that any runtime can execute.

Weights are He-normal (He et al., 2015, arXiv:1502.01852, equation 10), biases 0. A BatchNorm's μ and σ² are those of
its input on random images, as if it had just seen them in training, so that activations keep one scale at any depth;
its γ and β are spread as in trained networks. The bias of a fully connected layer that delivers an output is such that
each of its values is 0 on the average of these images: without that, all images would have the same class.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from accelsim.config.sparsity import Sparsity
from accelsim.errors import InputError
from accelsim.quantisation.sparsity import sparse
from accelsim.validation.inputs import random_inputs
from accelsim.validation.runtime import run_model
from accelsim.workload.affine import Doubles
from accelsim.workload.graph import Graph
from accelsim.workload.nodes import BatchNorm, Conv, Linear
from accelsim.workload.onnx_frontend.constants import Array
from accelsim.workload.onnx_writer import onnx_model, refuse_what_cannot_be_written, weight_shape

IMAGES = 8
"""That BatchNorms are calibrated on."""

LOG_GAMMA_DEVIATION = 0.4
"""Standard deviation of ln γ: between the medians over the BatchNorms of two trained networks, 0.20 (text-angle
classifier, 35 BatchNorms) and 0.64 (layout detector, 94; docs/importing.md names both). Their median γ are 1.07 and
0.91, here 1."""

BETA_DEVIATION = 0.3
"""Standard deviation of β: 0.20 and 0.44 in the same networks."""

SMALL_GAMMA = 0.01
"""Largest |γ| of channels that a slimmed network can do without (Liu et al., ICCV 2017, arXiv:1708.06519)."""

LEAST_OTHER_GAMMA = 10 * SMALL_GAMMA
"""Of the other channels, so that no threshold between the two is a matter of luck."""


def seeded_model(
    graph: Graph, path: Path, *, seed: int, small_gammas: float = 0.0, sparsity: Sparsity | None = None
) -> onnx.ModelProto:
    """Return a network as an ONNX model with weights from a seed.

    Parameters
    ----------
    graph
        The network.
    path
        Its file, for errors.
    seed
        Of numpy's default generator, for weights and images.
    small_gammas
        Share of the channels of every BatchNorm, from 0 to 1, whose |γ| is below 0.01, rounded to whole channels.
    sparsity
        What weights are zero, if any. BatchNorms are calibrated with what is left.

    Raises
    ------
    InputError
        If a layer of the network cannot be exported, or onnxruntime cannot execute it.
    """
    try:
        refuse_what_cannot_be_written(graph)
    except InputError as error:
        raise InputError(error.message, path=path) from None
    model = onnx_model(graph, _drawn(graph, seed, small_gammas))
    if sparsity is not None:
        model = sparse(model, sparsity)
    _calibrate(model, graph, path, seed)
    return model


def _drawn(graph: Graph, seed: int, small_gammas: float) -> dict[str, dict[str, Array]]:
    generator = np.random.default_rng(seed)
    drawn: dict[str, dict[str, Array]] = {}
    for node in graph:
        if isinstance(node, Conv | Linear):
            shape = weight_shape(node)
            deviation = math.sqrt(2 / math.prod(shape[1:]))
            weights = (deviation * generator.standard_normal(shape, dtype=np.float32)).astype(np.float32)
            for block in node.zero_kernels:
                weights[block.first_output : block.end_output, block.first_input : block.end_input] = 0
            drawn[node.name] = {"weight": weights, "bias": np.zeros(shape[0], np.float32)}
        elif isinstance(node, BatchNorm):
            channels = graph.shapes[node.name].channels
            drawn[node.name] = {
                "scale": _gammas(generator, channels, small_gammas).astype(np.float32),
                "shift": generator.normal(0, BETA_DEVIATION, channels).astype(np.float32),
                "mean": np.zeros(channels, np.float32),
                "variance": np.ones(channels, np.float32),
            }
    return drawn


def _gammas(generator: np.random.Generator, channels: int, small_share: float) -> Doubles:
    gammas = np.exp(generator.normal(0, LOG_GAMMA_DEVIATION, channels))
    gammas = np.maximum(gammas, LEAST_OTHER_GAMMA)
    small = generator.permutation(channels)[: round(small_share * channels)]
    gammas[small] = generator.uniform(-SMALL_GAMMA, SMALL_GAMMA, len(small)) * (1 - 2**-20)  # in float32, below it
    return gammas


def _calibrate(model: onnx.ModelProto, graph: Graph, path: Path, seed: int) -> None:
    """Set μ, σ² and the biases of outputs to what random images give."""
    statistics = _with_batch_statistics(model)
    heads = [node for node in graph if isinstance(node, Linear) and node.bias and not graph.readers()[node.name]]
    images = random_inputs(model, path, seed, batch=IMAGES)
    found = run_model(statistics, images, path, [name for of_node in _watched(model) for name in of_node])
    values: dict[str, Array] = {}
    for node, (mean, variance) in zip(_batchnorms(model), _watched(model), strict=True):
        values |= {node.input[3]: found[mean], node.input[4]: found[variance]}
    operators = {node.name: node for node in model.graph.node}
    for head in heads:
        values[operators[head.name].input[2]] = -found[head.name].mean(axis=0)
    for tensor in model.graph.initializer:
        if tensor.name in values:
            tensor.CopyFrom(numpy_helper.from_array(values[tensor.name], tensor.name))


def _batchnorms(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    return [node for node in model.graph.node if node.op_type == "BatchNormalization"]


def _watched(model: onnx.ModelProto) -> list[tuple[str, str]]:
    """Names for the mean and the variance of what each BatchNorm reads; no parameter of a model is called so."""
    return [(f"{node.name} (mean)", f"{node.name} (variance)") for node in _batchnorms(model)]


def _with_batch_statistics(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with BatchNorms that normalise by what they read, as in training."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    changed.graph.ClearField("node")
    sides = {value.name: len(value.type.tensor_type.shape.dim) for value in _shapes(model)}
    watched = {node.name: names for node, names in zip(_batchnorms(model), _watched(model), strict=True)}
    for node in model.graph.node:
        if node.name in watched:
            mean, variance = watched[node.name]
            axes = f"{mean}.axes"
            others = [axis for axis in range(sides[node.input[0]]) if axis != 1]
            changed.graph.initializer.append(helper.make_tensor(axes, TensorProto.INT64, [len(others)], others))
            changed.graph.node.extend(
                [
                    helper.make_node("ReduceMean", [node.input[0], axes], [mean], keepdims=0),
                    helper.make_node("ReduceMean", [node.input[0], axes], [f"{mean}.kept"]),
                    helper.make_node("Sub", [node.input[0], f"{mean}.kept"], [f"{mean}.centred"]),
                    helper.make_node("Mul", [f"{mean}.centred"] * 2, [f"{mean}.squared"]),
                    helper.make_node("ReduceMean", [f"{mean}.squared", axes], [variance], keepdims=0),
                ]
            )
        changed.graph.node.append(node)
        if node.name in watched:
            changed.graph.node[-1].input[3:] = watched[node.name]
    return changed


def _shapes(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    inferred = onnx.shape_inference.infer_shapes(model).graph
    return [*inferred.input, *inferred.value_info, *inferred.output]
