from __future__ import annotations

from io import StringIO

import pandas as pd
import pytest

from accelsim.energy.action import LayerActions, action
from accelsim.energy.estimate import actions_energy
from accelsim.energy.frames import actions_frame, actions_of, energy_frame
from tests.energy.cases import TABLE, machine

LAYERS = [
    LayerActions("fused", "a", (action("conv_array", "multiply", 8, 3, by_bits=4), action("dram", "read", 8, 2**40))),
    LayerActions("fused", "b", (action("dram", "write", 8, 5),)),
    LayerActions("unfused", "b", (action("bn_stage", "add", 32, 7),)),
]


def test_a_row_for_every_action() -> None:
    frame = actions_frame(LAYERS)
    assert list(frame.columns) == ["variant", "layer", "component", "action", "width_bits", "by_bits", "count"]
    assert frame.to_numpy().tolist() == [
        ["fused", "a", "conv_array", "multiply", 8, 4, 3],
        ["fused", "a", "dram", "read", 8, 0, 2**40],
        ["fused", "b", "dram", "write", 8, 0, 5],
        ["unfused", "b", "bn_stage", "add", 32, 0, 7],
    ]


def test_a_frame_can_be_read_back() -> None:
    frame = actions_frame(LAYERS)
    assert actions_of(frame) == LAYERS
    from_file = pd.read_csv(StringIO(frame.to_csv(index=False)))
    assert actions_of(from_file) == LAYERS


def test_a_row_for_the_energy_of_every_component() -> None:
    frame = energy_frame(machine(), TABLE, LAYERS)
    assert list(frame.columns) == ["variant", "layer", "component", "energy_pj"]
    assert frame["component"].to_list() == ["conv_array", "dram", "dram", "bn_stage"]
    for layer in LAYERS:
        rows = frame[(frame["variant"] == layer.variant) & (frame["layer"] == layer.layer)]
        assert rows["energy_pj"].sum() == pytest.approx(actions_energy(machine(), TABLE, layer.actions).total_pj)
