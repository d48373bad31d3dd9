"""Zero kernels that are found in weights cover exactly those that are zero."""

from __future__ import annotations

import numpy as np
import pytest

from accelsim.workload.nodes import Conv, Linear
from accelsim.workload.onnx_frontend import zero_kernels as module
from accelsim.workload.onnx_frontend.zero_kernels import FEWEST_KERNELS, zero_kernels
from accelsim.workload.shapes import ZeroKernels
from tests.workload.onnx_frontend.models import graph_of, model, random


def covered(blocks: tuple[ZeroKernels, ...], outputs: int, inputs: int) -> np.ndarray:
    mask = np.zeros((outputs, inputs), dtype=bool)
    for block in blocks:
        mask[block.first_output : block.end_output, block.first_input : block.end_input] = True
    return mask


@pytest.mark.parametrize("seed", range(30))
def test_every_zero_kernel_of_a_random_pattern(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FEWEST_KERNELS", 1)
    generator = np.random.default_rng(seed)
    outputs, inputs = generator.integers(1, 20, 2)
    weights = generator.standard_normal((outputs, inputs, 2, 3))
    weights[generator.random((outputs, inputs)) < 0.3] = 0
    weights[: outputs // 2, inputs // 3 :] = 0
    weights[generator.random(weights.shape) < 0.3] = 0  # zeros in kernels that are not zero
    zero = ~weights.any(axis=(2, 3))
    assert (covered(zero_kernels(weights), outputs, inputs) == zero).all()


def test_a_pattern_of_blocks_is_as_many_blocks() -> None:
    weights = random(64, 32, 3, 3)
    weights[0:16, 8:24] = 0
    weights[40] = 0
    weights[:, 31] = 0
    assert zero_kernels(weights) == (
        ZeroKernels(40, 41, 0, 32),
        ZeroKernels(0, 16, 8, 24),
        ZeroKernels(0, 40, 31, 32),
        ZeroKernels(41, 64, 31, 32),
    )


def test_no_zeros_no_blocks() -> None:
    assert zero_kernels(random(5, 4, 3, 3)) == ()
    assert zero_kernels(np.full((5, 4), np.nan)) == ()
    some = random(5, 4, 3, 3)
    some[:, :, 0, 0] = 0
    assert zero_kernels(some) == ()


def test_what_has_no_structure_is_left_out() -> None:
    weights = random(100, 100)
    weights[np.random.default_rng(0).random((100, 100)) < 0.5] = 0
    assert zero_kernels(weights) == ()
    weights = random(100, 100)
    weights[10:20, 10 : 10 + FEWEST_KERNELS // 4] = 0
    assert zero_kernels(weights) == (ZeroKernels(10, 20, 10, 10 + FEWEST_KERNELS // 4),)


def test_only_the_largest_blocks_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BLOCKS", 2)
    weights = random(64, 64)
    for first, size in ((0, 5), (10, 8), (30, 6)):
        weights[first : first + size, first : first + size] = 0
    assert zero_kernels(weights) == (ZeroKernels(10, 18, 10, 18), ZeroKernels(30, 36, 30, 36))


def test_of_a_convolution() -> None:
    weights = random(6, 2, 3, 3)
    weights[4:] = 0
    (node,) = graph_of(model("y = Conv<group = 2>(x, w)", w=weights))
    assert isinstance(node, Conv)
    assert node.zero_kernels == (ZeroKernels(4, 6, 0, 2),)


@pytest.mark.parametrize("operator", ["MatMul(x, w)", "Gemm(x, w)", "Gemm<transB = 1>(x, w)"])
def test_of_a_product_by_output_and_input_features(operator: str) -> None:
    weights = random(20, 6)
    weights[2:19, 1] = 0  # output feature 1, input features 2 to 18
    if "transB" in operator:
        weights = weights.T.copy()
    (node,) = graph_of(model(f"y = {operator}", inputs="float[1,20] x", w=weights))
    assert isinstance(node, Linear)
    assert node.zero_kernels == (ZeroKernels(1, 2, 2, 19),)


def test_weights_that_are_not_there_have_no_known_zeros() -> None:
    (node,) = graph_of(model("y = Conv(x, w)", inputs="float[1,4,8,8] x, float[5,4,3,3] w"))
    assert isinstance(node, Conv)
    assert node.zero_kernels == ()
