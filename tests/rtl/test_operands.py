from __future__ import annotations

import numpy as np
import pytest

from accelsim.config.machine import MachineConfig
from accelsim.layers import Layer
from accelsim.program.phases import layer_phases
from accelsim.rtl.operands import Operands, random_feature_map, random_operands
from tests.rtl.layers import alike, convolution, mapped


def operands_of(layer: Layer, parameters: str = "scale_shift") -> Operands:
    return operands_on(alike(bn={"parameters": parameters}), layer)


def operands_on(machine: MachineConfig, layer: Layer) -> Operands:
    (phase,) = layer_phases(machine, layer, mapped(machine, layer))
    return random_operands(np.random.default_rng(1), machine, phase)


def test_a_map_has_all_values_of_its_width_and_no_others() -> None:
    values = random_feature_map(np.random.default_rng(1), (1000,), 3)
    assert set(values.tolist()) == set(range(-4, 4))


def test_operands_have_the_shapes_of_the_layer() -> None:
    operands = operands_of(convolution(4, 6, kernel=2, groups=2, bias=True, batchnorm=True, residual=True))
    assert operands.weights.shape == (6, 2, 2, 2)
    assert operands.residual.shape == (1, 6, 2, 2)


def test_a_channels_bias_comes_before_its_bn() -> None:
    operands = operands_of(convolution(4, 6, bias=True, batchnorm=True))
    assert operands.parameters.shape == (6, 3)
    assert operands.parameters[:, 0].tolist() == operands.bias[:, 0].tolist()


def test_what_is_not_needed_is_empty() -> None:
    operands = operands_of(convolution(4, 6))
    assert (operands.parameters.size, operands.residual.size) == (0, 0)


def test_weights_have_their_own_width() -> None:
    machine = alike(array={"operand_bits": 8, "weight_bits": 2})
    weights = operands_on(machine, convolution(40, 6)).weights
    assert set(weights.flatten().tolist()) == {-2, -1, 0, 1}


@pytest.mark.parametrize(("weight_scales", "columns"), [("per_channel", 2), ("per_tensor", 1)])
def test_a_channels_multiplier_comes_behind_its_bias(weight_scales: str, columns: int) -> None:
    machine = alike(requantization={"lanes": 3, "weight_scales": weight_scales})
    operands = operands_on(machine, convolution(4, 6, bias=True))
    assert operands.parameters.shape == (6, columns)
    assert operands.parameters[:, 1:].tolist() == operands.multipliers.tolist()


def test_no_variance_is_negative() -> None:
    operands = operands_of(convolution(4, 6, batchnorm=True), "raw")
    assert operands.bn_words.shape == (6, 4)
    assert (operands.bn_words[:, 3] >= 0).all()
