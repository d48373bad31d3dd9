"""Small ONNX models, written in the syntax of ``onnx.parser``, with numpy arrays for weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from accelsim.workload.graph import Graph
from accelsim.workload.onnx_frontend.frontend import import_model

Array = npt.NDArray[Any]
Weights = dict[str, Any]
"""Arrays by name; of no closer type, so that they can be handed over as keywords beside others."""

PATH = Path("model.onnx")
"""Where models claim to come from."""

ROUNDING = 1e-5
"""Of the largest value inside: a few roundings of float32, 6e-8, in sums of up to 100 products."""


def model(
    body: str,
    *,
    inputs: str = "float[1,4,8,8] x",
    outputs: str = "float[] y",
    opset: int = 17,
    ir_version: int = 8,
    domains: str = "",
    **weights: Any,
) -> onnx.ModelProto:
    """Return a model of the operators in ``body``, with its weights as initializers."""
    header = f'ir_version: {ir_version}, opset_import: ["": {opset}{domains}]'
    parsed = onnx.parser.parse_model(f"<{header}> g ({inputs}) => ({outputs}) {{ {body} }}")
    parsed.graph.initializer.extend(onnx.numpy_helper.from_array(array, name) for name, array in weights.items())
    if ir_version < 4:
        parsed.graph.input.extend(declared(name, array) for name, array in weights.items())
    for output in parsed.graph.output:
        output.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(parsed, data_prop=True)
    for output, found in zip(parsed.graph.output, inferred.graph.output, strict=True):
        output.type.tensor_type.shape.CopyFrom(found.type.tensor_type.shape)
    return parsed


def declared(name: str, array: Array) -> onnx.ValueInfoProto:
    """Return an array as an input of a model."""
    return onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)


def random(*shape: int, seed: int = 0, dtype: npt.DTypeLike = np.float32) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def batchnorm(channels: int, seed: int = 1, dtype: npt.DTypeLike = np.float32) -> Weights:
    """Return the parameters of a BatchNormalization, by names of one letter; some γ are 0, some are negative."""
    generator = np.random.default_rng(seed)
    gamma = generator.uniform(-2, 2, channels)
    gamma[0] = 0
    parameters = {
        "g": gamma,
        "b": generator.standard_normal(channels),
        "m": generator.standard_normal(channels),
        "v": generator.uniform(0.1, 2, channels),
    }
    return {name: values.astype(dtype) for name, values in parameters.items()}


def graph_of(given: onnx.ModelProto, input_shape: tuple[int, int, int] | None = None) -> Graph:
    """Return a model as a graph."""
    return import_model(given, PATH, input_shape).graph


def without_values(given: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model whose weights have shapes, but no values."""
    bare = onnx.ModelProto()
    bare.CopyFrom(given)
    for tensor in bare.graph.initializer:
        tensor.ClearField("raw_data")
    return bare


def stored_outside(given: onnx.ModelProto, tensor: str, location: str, **keys: str) -> bytes:
    """Make a model say that a tensor lies in another file, and return what should be in there."""
    (weights,) = (one for one in given.graph.initializer if one.name == tensor)
    data: bytes = weights.raw_data
    weights.ClearField("raw_data")
    weights.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": location, **keys}.items():
        weights.external_data.add(key=key, value=value)
    return data


def run(given: onnx.ModelProto, inputs: dict[str, Array]) -> list[Array]:
    """Execute a model in onnxruntime, operator by operator, and return its outputs."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(given.SerializeToString(), options, providers=["CPUExecutionProvider"])
    outputs: list[Array] = session.run(None, inputs)
    return outputs


def fed(given: onnx.ModelProto) -> dict[str, Array]:
    """Return random inputs for a model, with a batch of one where it is open."""
    weights = {tensor.name for tensor in given.graph.initializer}
    inputs = {}
    for seed, value in enumerate(value for value in given.graph.input if value.name not in weights):
        tensor = value.type.tensor_type
        sides = [side.dim_value or 1 for side in tensor.shape.dim]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        inputs[value.name] = random(*sides, seed=seed, dtype=dtype)
    return inputs


def all_tensors(given: onnx.ModelProto) -> dict[str, Array]:
    """Execute a model with random inputs, and return all tensors that its operators make."""
    watched = onnx.ModelProto()
    watched.CopyFrom(given)
    names = [name for node in given.graph.node for name in node.output]
    del watched.graph.output[:]
    watched.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    return dict(zip(names, run(watched, fed(given)), strict=True))


def assert_equal_results(original: onnx.ModelProto, result: onnx.ModelProto, rounding: float = ROUNDING) -> None:
    inputs = fed(original)
    largest = max(np.abs(values.astype(np.float64)).max() for values in all_tensors(original).values())
    for expected, actual in zip(run(original, inputs), run(result, inputs), strict=True):
        assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)
        difference = actual.astype(np.float64) - expected.astype(np.float64)
        assert np.abs(difference).max() <= rounding * largest
