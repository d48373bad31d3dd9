"""All actions of an experiment, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator

from accelsim.config.machine import MachineConfig
from accelsim.energy.action import Action, LayerActions
from accelsim.energy.layer import layer_actions
from accelsim.experiment import Experiment, LayerRun
from accelsim.timing.work import Transfer


def experiment_actions(machine: MachineConfig, experiment: Experiment) -> list[LayerActions]:
    """Count the actions of all layers of all variants, in the order in which they ran; equal layers are counted once.

    Parameters
    ----------
    machine
        The machine of the experiment.
    experiment
        What ran on it.
    """
    known: dict[int, tuple[Action, ...]] = {}
    found = []
    for run in experiment.variants:
        for layer in run.layers:
            equal = id(layer.record)  # layers that are equal in all that matters have one record
            if equal not in known:
                known[equal] = layer_actions(machine, layer.layer, layer.mapping, _transfers(layer))
            found.append(LayerActions(run.variant, layer.layer.name, known[equal]))
    return found


def _transfers(run: LayerRun) -> Iterator[Transfer]:
    for account in run.record.accounts:
        for execution in account.executions:
            if execution.transfer:
                yield execution.transfer
