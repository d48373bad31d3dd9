"""Small layers whose actions can be counted by hand, and a table with simple numbers."""

from __future__ import annotations

from typing import Any

from accelsim.config.machine import MachineConfig
from accelsim.energy.action import Action
from accelsim.energy.layer import layer_actions
from accelsim.energy.table import EnergyTable
from accelsim.layers import ConvShape, Epilogue, Layer
from accelsim.mapping.plan import map_layers
from accelsim.workload.shapes import Shape, Window
from tests import hand_built

SQUARE: dict[str, Any] = {"source": "made up", "points": [{"bits": 1, "pj": 1}, {"bits": 10, "pj": 100}]}

TABLE = EnergyTable.model_validate(
    {
        "name": "simple",
        "operations": {
            "add": {"source": "made up", "points": [{"bits": 1, "pj": 1}, {"bits": 10, "pj": 10}]},
            "multiply": SQUARE,
            "compare": {"source": "made up", "points": [{"bits": 1, "pj": 0.5}, {"bits": 10, "pj": 5}]},
        },
        "sram": {
            "source": "made up",
            "access_bits": 4,
            "points": [{"kib": 1, "read_pj": 8, "write_pj": 12}, {"kib": 4, "read_pj": 16, "write_pj": 24}],
        },
        "dram": {"source": "made up", "access_bits": 16, "read_pj": 100, "write_pj": 200},
    }
)
"""Additions take 1 pJ a bit, multiplications 1 pJ for the product of the widths, comparisons 0.5 pJ a bit. A bit of
1 KiB takes 2 pJ to read and 3 pJ to write, and the double with four times the capacity."""


def convolution(**epilogue: Any) -> Layer:
    """2x3x3 to 4x2x2 with a kernel of 2x2: 4 pixels, K of 8, 4 output channels; 128 MACs."""
    shape = ConvShape(1, Shape(2, 3, 3), Shape(4, 2, 2), Window(kernel=(2, 2)), 1)
    return Layer("conv", "conv", shape, Epilogue(**epilogue), ("conv",), ("input", "skip"))


def actions_on(machine: MachineConfig, layer: Layer) -> dict[str, int]:
    """Count the actions of a layer, by ``component.action``."""
    mapping = map_layers(machine, [layer], {})[layer.name]
    return by_name(layer_actions(machine, layer, mapping))


def by_name(actions: tuple[Action, ...]) -> dict[str, int]:
    """Return counts by ``component.action``, whatever their widths."""
    counts: dict[str, int] = {}
    for action in actions:
        name = f"{action.component}.{action.action}"
        counts[name] = counts.get(name, 0) + action.count
    return counts


def machine(**sections: dict[str, Any]) -> MachineConfig:
    """A 4×3 array with operands of 8 bits and psums of 32, a BN lane for each column, and 1 KiB of everything."""
    return hand_built.machine(**sections)
