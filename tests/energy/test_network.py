"""Layers of an experiment, each with its own actions, though equal ones are counted once."""

from __future__ import annotations

from pathlib import Path

import pytest

import accelsim
from accelsim.energy.layer import layer_actions
from accelsim.energy.network import experiment_actions

CASES = {
    "kept on chip": ("vgg16_bn_cifar10", "machine.keep_on_chip=true"),
    "equal layers, one with a tiling of its own": (
        "resnet18",
        "run.tiling={layer1.0.conv1: {out_height: 7, out_channels: 32}}",
    ),
}


@pytest.mark.parametrize(("name", "override"), CASES.values(), ids=CASES)
def test_layers_come_as_they_ran_each_with_its_own_actions(repository: Path, name: str, override: str) -> None:
    config = accelsim.load_config(repository / "configs" / f"{name}.yaml", override)
    experiment = accelsim.simulate(config).experiment
    found = experiment_actions(config.machine, experiment)
    runs = [(run.variant, layer) for run in experiment.variants for layer in run.layers]
    assert [(layer.variant, layer.layer) for layer in found] == [(variant, run.layer.name) for variant, run in runs]
    for layer, (_, run) in zip(found, runs, strict=True):
        assert layer.actions == layer_actions(config.machine, run.layer, run.mapping)
