"""Actions and energies as pandas frames."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple
from itertools import groupby

import pandas as pd

from accelsim.energy.action import Action, LayerActions
from accelsim.energy.estimate import LayerEnergy
from accelsim.results.columns import COLUMNS


def actions_frame(layers: Iterable[LayerActions]) -> pd.DataFrame:
    """One row per variant, layer and action."""
    rows = [(layer.variant, layer.layer, *astuple(action)) for layer in layers for action in layer.actions]
    return pd.DataFrame(rows, columns=COLUMNS["actions"])


def actions_of(frame: pd.DataFrame) -> list[LayerActions]:
    """Return what a frame of actions was made of, layers without any action left out."""
    rows = frame[COLUMNS["actions"]].itertuples(index=False, name=None)
    return [
        LayerActions(variant, layer, tuple(Action(*row[2:]) for row in of_layer))
        for (variant, layer), of_layer in groupby(rows, key=lambda row: row[:2])
    ]


def energy_frame(layers: Iterable[LayerEnergy]) -> pd.DataFrame:
    """One row per variant, layer, component that took something, and part that it took it for."""
    rows = [(layer.variant, layer.layer, *entry) for layer in layers for entry in layer.components]
    return pd.DataFrame(rows, columns=COLUMNS["energy"])
