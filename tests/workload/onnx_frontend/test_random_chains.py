"""Shapes and multiplications of random networks are those that onnxruntime comes to when it executes them."""

from __future__ import annotations

import math

import onnx
from hypothesis import given, settings

from accelsim.workload.nodes import Conv, Pool
from accelsim.workload.onnx_frontend.frontend import import_model
from accelsim.workload.onnx_frontend.per_image import image_shape
from tests.workload.onnx_frontend.models import PATH, all_tensors
from tests.workload.onnx_frontend.random_models import chains


@settings(max_examples=80)
@given(network=chains())
def test_shapes_and_multiplications(network: onnx.ModelProto) -> None:
    imported = import_model(network, PATH)
    tensors = all_tensors(network)
    weights = {tensor.name: tuple(tensor.dims) for tensor in network.graph.initializer}
    macs = 0
    for name, origin in imported.origins.items():
        last = network.graph.node[origin[-1]]
        assert imported.graph.shapes[name] == image_shape(tensors[last.output[0]].shape, 1)
    for node in network.graph.node:
        if node.op_type == "Conv":
            macs += tensors[node.output[0]].size * math.prod(weights[node.input[1]][1:])
    assert imported.graph.macs == macs
    done = sorted(index for origin in imported.origins.values() for index in origin)
    assert done == list(range(len(network.graph.node)))  # each operator is in the graph, and once
    kinds = {"Conv": Conv, "MaxPool": Pool}
    for operator, kind in kinds.items():
        written = sum(node.op_type == operator for node in network.graph.node)
        assert sum(isinstance(node, kind) for node in imported.graph) == written
