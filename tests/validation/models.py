"""Small ONNX models, written as text, and those that come with the onnx package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnx.parser

PATH = Path("net.onnx")
"""The file of models that are in none, as errors name it."""


def parsed(graph: str, opset: int = 17, ir_version: int = 8, **constants: npt.ArrayLike) -> onnx.ModelProto:
    """Read a graph in onnx's textual syntax; constants become initializers, floats in float32."""
    model = onnx.parser.parse_model(f'<ir_version: {ir_version}, opset_import: ["": {opset}]> {graph}')
    for name, values in constants.items():
        array = np.asarray(values)
        single = array.astype(np.float32) if array.dtype == np.float64 else array
        model.graph.initializer.append(onnx.numpy_helper.from_array(single, name))
    return model


def light(name: str) -> Path:
    """One of the onnx package's models of well-known networks, without trained weights."""
    return Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / f"light_{name}.onnx"


def initializer(model: onnx.ModelProto, name: str) -> npt.NDArray[np.generic]:
    (tensor,) = (tensor for tensor in model.graph.initializer if tensor.name == name)
    return onnx.numpy_helper.to_array(tensor)


def weights_of(model: onnx.ModelProto, operator: str, slot: int = 1) -> list[npt.NDArray[np.generic]]:
    """The initializers that operators of one kind read as their input number ``slot``."""
    return [initializer(model, node.input[slot]) for node in model.graph.node if node.op_type == operator]
