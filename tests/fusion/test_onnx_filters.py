from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from accelsim.fusion.onnx_filters import read_filters, written_weights
from accelsim.workload.onnx_frontend.constants import Constants
from tests.workload.onnx_frontend.models import model, random


def first(operator: str, inputs: str = "float[1,4,8,8] x", **weights: Any) -> tuple[onnx.NodeProto, Constants]:
    given = model(f"y = {operator}", inputs=inputs, **weights)
    return given.graph.node[0], Constants(given, {})


def test_weights_of_a_convolution_are_flattened_by_position() -> None:
    weights = random(6, 2, 3, 1)
    filters = read_filters(*first("Conv<group = 2>(x, w, b)", w=weights, b=random(6)))
    assert np.array_equal(filters.weights, weights.reshape(6, 2, 3))
    assert np.array_equal(filters.bias, random(6))
    assert filters.groups == 2


def test_without_a_bias_it_is_zero() -> None:
    assert not read_filters(*first("Conv(x, w)", w=random(5, 4, 3, 3))).bias.any()


def test_a_transposed_convolution_has_its_output_channels_second_and_by_group() -> None:
    weights = random(4, 3, 2, 2)  # 4 inputs in 2 groups, 3 outputs of each group
    filters = read_filters(*first("ConvTranspose<group = 2>(x, w)", w=weights))
    assert filters.weights.shape == (6, 2, 4)
    for output in range(6):
        group, within = divmod(output, 3)
        for source in range(2):
            assert np.array_equal(filters.weights[output, source], weights[2 * group + source, within].ravel())


@pytest.mark.parametrize(
    ("operator", "shape", "factor"),
    [("Gemm<transB = 1>(x, w)", (5, 6), 1), ("Gemm<alpha = 0.5>(x, w)", (6, 5), 0.5), ("MatMul(x, w)", (6, 5), 1)],
)
def test_a_product_has_its_outputs_last_unless_it_is_transposed(
    operator: str, shape: tuple[int, ...], factor: float
) -> None:
    weights = random(*shape)
    filters = read_filters(*first(operator, "float[1,6] x", w=weights))
    expected = weights if shape == (5, 6) else weights.T
    assert np.array_equal(filters.weights[:, :, 0], factor * expected.astype(np.float64))


@pytest.mark.parametrize("shape", [(), (1,), (5,), (1, 5), (1, 1)])
def test_what_a_product_adds_is_spread_and_multiplied_by_beta(shape: tuple[int, ...]) -> None:
    addend = np.asarray(random(*shape), np.float32)
    filters = read_filters(*first("Gemm<beta = 3.0>(x, w, c)", "float[1,6] x", w=random(6, 5), c=addend))
    assert np.array_equal(filters.bias, np.broadcast_to(3.0 * addend.astype(np.float64).ravel(), 5))


@pytest.mark.parametrize(
    ("operator", "shape", "inputs"),
    [
        ("Conv<group = 2>(x, w)", (6, 2, 3, 3), "float[1,4,8,8] x"),
        ("Conv(x, w)", (5, 4, 3), "float[1,4,8] x"),
        ("Conv(x, w)", (5, 4, 3, 2, 1), "float[1,4,8,8,8] x"),
        ("ConvTranspose(x, w)", (4, 3, 2, 2), "float[1,4,8,8] x"),
        ("ConvTranspose<group = 2>(x, w)", (4, 3, 2, 2), "float[1,4,8,8] x"),
        ("Gemm(x, w)", (6, 5), "float[1,6] x"),
        ("Gemm<transB = 1>(x, w)", (5, 6), "float[1,6] x"),
        ("MatMul(x, w)", (6, 5), "float[1,6] x"),
    ],
)
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_weights_are_written_as_they_were_read(
    operator: str, shape: tuple[int, ...], inputs: str, dtype: type[np.floating]
) -> None:
    weights = random(*shape, dtype=dtype)
    kind = "float16" if dtype is np.float16 else "float"
    node, constants = first(operator, inputs.replace("float", kind), w=weights)
    written = written_weights(node, read_filters(node, constants), weights)
    assert written.dtype == dtype
    assert np.array_equal(written, weights)


@pytest.mark.parametrize(
    ("operator", "shape", "fewer"),
    [
        ("Conv(x, w)", (5, 4, 3, 2), (3, 2, 3, 2)),
        ("ConvTranspose(x, w)", (4, 5, 3, 2), (2, 3, 3, 2)),
        ("MatMul(x, w)", (4, 5), (2, 3)),
        ("Gemm<transB = 1>(x, w)", (5, 4), (3, 2)),
    ],
)
def test_filters_of_fewer_channels_are_weights_of_fewer_channels(
    operator: str, shape: tuple[int, ...], fewer: tuple[int, ...]
) -> None:
    weights = random(*shape)
    node, constants = first(operator, "float[1,4,8,8] x" if len(shape) == 4 else "float[1,4] x", w=weights)
    filters = read_filters(node, constants)
    left = filters._replace(weights=filters.weights[:3, :2], bias=filters.bias[:3])
    rows, columns = fewer[:2]
    assert np.array_equal(written_weights(node, left, weights), weights[:rows, :columns])
