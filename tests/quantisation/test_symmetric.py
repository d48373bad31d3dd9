from __future__ import annotations

import numpy as np
import pytest

from accelsim.quantisation.symmetric import (
    Granularity,
    rounded_activations,
    rounded_half_up,
    rounded_weights,
    weight_steps,
)

WEIGHTS = np.array([[1.0, -0.5, 0.26], [0.03, 0.02, -0.01]])


@pytest.mark.parametrize(
    ("granularity", "integers"),
    [("per-tensor", [[3, -2, 1], [0, 0, 0]]), ("per-channel", [[3, -2, 1], [3, 2, -1]])],
)
def test_weights_of_three_bits(granularity: Granularity, integers: list[list[int]]) -> None:
    # Levels are -3 to 3: steps of 1/3, and of 0.01 where the second channel has its own; −1.5 goes to even.
    step = weight_steps(WEIGHTS, 3, granularity)
    assert step.tolist() == [1 / 3, 1 / 3 if granularity == "per-tensor" else 0.01]
    assert rounded_weights(WEIGHTS, step, 3).tolist() == integers


def test_weights_that_are_all_zero_stay_so() -> None:
    zeros = np.zeros((2, 3))
    assert not rounded_weights(zeros, weight_steps(zeros, 8, "per-channel"), 8).any()


def test_ties_of_activations_go_up_and_large_ones_saturate() -> None:
    assert rounded_half_up(np.array([-1.5, -0.5, 0.5, 1.5])).tolist() == [-1, 0, 1, 2]
    assert rounded_activations(np.array([-100, -0.3, 0.75, 100]), 0.5, 4).tolist() == [-8, -1, 2, 7]
