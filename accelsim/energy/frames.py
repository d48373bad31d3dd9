"""Actions and energies as pandas frames: what ``actions.csv`` and ``energy.csv`` hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, fields
from itertools import groupby
from typing import TYPE_CHECKING

import pandas as pd

from accelsim.energy.action import Action, LayerActions
from accelsim.energy.estimate import actions_energy

if TYPE_CHECKING:
    from accelsim.config.machine import MachineConfig
    from accelsim.energy.table import EnergyTable

ACTION_COLUMNS = ["variant", "layer", *(field.name for field in fields(Action))]

ENERGY_COLUMNS = ["variant", "layer", "component", "energy_pj"]


def actions_frame(layers: Iterable[LayerActions]) -> pd.DataFrame:
    """One row per variant, layer and action."""
    rows = [(layer.variant, layer.layer, *astuple(action)) for layer in layers for action in layer.actions]
    return pd.DataFrame(rows, columns=ACTION_COLUMNS)


def actions_of(frame: pd.DataFrame) -> list[LayerActions]:
    """Return what a frame of actions was made of, layers without any action left out."""
    rows = frame[ACTION_COLUMNS].itertuples(index=False, name=None)
    return [
        LayerActions(variant, layer, tuple(Action(*row[2:]) for row in of_layer))
        for (variant, layer), of_layer in groupby(rows, key=lambda row: row[:2])
    ]


def energy_frame(machine: MachineConfig, table: EnergyTable, layers: Iterable[LayerActions]) -> pd.DataFrame:
    """One row per variant, layer and component that did something; static power is not in it."""
    rows = [
        (layer.variant, layer.layer, component, energy_pj)
        for layer in layers
        for component, energy_pj in actions_energy(machine, table, layer.actions).by_component_pj.items()
    ]
    return pd.DataFrame(rows, columns=ENERGY_COLUMNS)
