from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest

from accelsim.validation.weights import allow_lone_initializers, weight_channels


def node(operator: str, **attributes: Any) -> onnx.NodeProto:
    return onnx.helper.make_node(operator, ["x", "w"], ["y"], **attributes)


@pytest.mark.parametrize(
    ("operator", "shape", "channel_of"),
    [
        (node("Conv", group=2), (4, 3, 2, 2), lambda k, *_: k),
        (node("Gemm"), (3, 4), lambda _, column: column),
        (node("Gemm", transB=0), (3, 4), lambda _, column: column),
        (node("Gemm", transB=1), (4, 3), lambda row, _: row),
        (node("MatMul"), (3, 4), lambda _, column: column),
        (node("MatMul"), (2, 3, 4), lambda matrix, _, column: 4 * matrix + column),
        (node("MatMul"), (3,), lambda _: 0),
        (node("ConvTranspose"), (3, 4, 2, 2), lambda _, k, *__: k),
        # Inputs 0 and 1 make outputs 0 and 1, inputs 2 and 3 outputs 2 and 3, and so on.
        (node("ConvTranspose", group=3), (6, 2, 2, 2), lambda c, k, *_: 2 * (c // 2) + k),
    ],
)
def test_every_weight_belongs_to_one_output_channel(
    operator: onnx.NodeProto, shape: tuple[int, ...], channel_of: Callable[..., int]
) -> None:
    channels = weight_channels(operator, shape)
    belongs_to = np.array([channel_of(*index) for index in np.ndindex(*shape)]).reshape(shape)
    count = belongs_to.max() + 1
    assert channels.channels == count
    assert channels.weights_each == math.prod(shape) // count
    factors = 10.0 ** np.arange(count)
    assert channels.scaled(np.ones(shape), factors).tolist() == factors[belongs_to].tolist()
    weights = np.random.default_rng(1).integers(-9, 9, shape)
    assert channels.largest(weights).tolist() == [np.abs(weights[belongs_to == k]).max() for k in range(count)]


@pytest.mark.parametrize(("before", "after"), [(3, 4), (4, 4), (8, 8)])
def test_old_models_are_raised_to_the_version_with_initializers_apart(before: int, after: int) -> None:
    model = onnx.ModelProto(ir_version=before)
    allow_lone_initializers(model)
    assert model.ir_version == after
