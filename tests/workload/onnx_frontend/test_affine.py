from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from accelsim.workload.onnx_frontend.affine import affine_of, is_by_channel, moving_input
from accelsim.workload.onnx_frontend.constants import Constants
from tests.workload.onnx_frontend.models import model

TWO = np.array([2, 4], np.float32).reshape(2, 1, 1)


def affine(operator: str, **weights: Any) -> tuple[list[float], list[float]]:
    given = model(f"y = {operator}", inputs="float[1,2,3,3] x", **weights)
    scale, shift = affine_of(given.graph.node[0], Constants(given, {}), 2)
    return scale.tolist(), shift.tolist()


@pytest.mark.parametrize(
    ("operator", "scale", "shift"),
    [
        ("Mul(x, k)", [2, 4], [0, 0]),
        ("Mul(k, x)", [2, 4], [0, 0]),
        ("Div(x, k)", [0.5, 0.25], [0, 0]),
        ("Add(x, k)", [1, 1], [2, 4]),
        ("Sub(x, k)", [1, 1], [-2, -4]),
        ("Sub(k, x)", [-1, -1], [2, 4]),
    ],
)
def test_arithmetic_is_a_scale_and_a_shift(operator: str, scale: list[float], shift: list[float]) -> None:
    assert affine(operator, k=TWO) == (scale, shift)


def test_a_scalar_is_the_same_for_all_channels() -> None:
    assert affine("Mul(x, k)", k=np.float32(3)) == ([3, 3], [0, 0])


def test_a_batchnorm_is_a_scale_and_a_shift() -> None:
    parameters = {
        name: np.array(values, np.float32)
        for name, values in {"g": [6, 0], "b": [1, 2], "m": [3, 4], "v": [8, 3]}.items()
    }
    # 6 / sqrt(8 + 1) = 2 and 1 - 2 * 3 = -5; with γ = 0, β is left.
    assert affine("BatchNormalization<epsilon = 1.0>(x, g, b, m, v)", **parameters) == ([2, 0], [-5, 2])


@pytest.mark.parametrize(("operator", "value"), [("Div(x, k)", 0), ("Mul(x, k)", np.nan), ("Add(x, k)", np.inf)])
def test_constants_that_cannot_be_folded(operator: str, value: float) -> None:
    with pytest.raises(ValueError, match="not finite, or zero"):
        affine(operator, k=np.array([1, value], np.float32).reshape(2, 1, 1))


@pytest.mark.parametrize(
    ("operator", "shape", "expected"),
    [
        ("Mul(x, k)", (2, 1, 1), True),
        ("Mul(x, k)", (1, 2, 1, 1), True),
        ("Mul(x, k)", (), True),
        ("Mul(x, k)", (1,), True),
        ("Mul(x, k)", (3,), False),  # by column
        ("Mul(x, k)", (3, 1), False),  # by row
        ("Mul(x, k)", (2, 3, 3), False),  # by element
        ("Mul(x, k)", (4, 1, 1, 1), False),  # by image
        ("Mul(x, k)", (1, 1, 2, 1, 1), False),  # makes five sides of four
        ("Div(k, x)", (2, 1, 1), False),
        ("Mul(x, x)", (), False),
        ("Max(x, k)", (), False),
    ],
)
def test_which_arithmetic_is_by_channel(operator: str, shape: tuple[int, ...], expected: bool) -> None:
    given = model(f"y = {operator}", inputs="float[4,2,3,3] x", k=np.ones(shape, np.float32))
    node, constants = given.graph.node[0], Constants(given, {})
    assert is_by_channel(node, {"x": (4, 2, 3, 3), "k": shape}, constants, axis=1) is expected


def test_the_moving_input_is_the_one_that_is_no_constant() -> None:
    given = model("a = Add(k, x) y = Add(a, x)", k=np.float32(1))
    assert [moving_input(node, Constants(given, {})) for node in given.graph.node] == ["x", None]
