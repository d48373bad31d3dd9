"""Actions and energies as frames."""

from __future__ import annotations

from io import StringIO

import pandas as pd
import pytest

from accelsim.energy.action import LayerActions, action
from accelsim.energy.estimate import ComponentEnergy, LayerEnergy
from accelsim.results.energy import actions_frame, actions_of, energy_frame
from tests.results.runs import CASES, result_of

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


def test_a_row_for_every_component_and_part() -> None:
    components = (ComponentEnergy("accumulator", "arithmetic", 1.5), ComponentEnergy("accumulator", "static", 2.0))
    frame = energy_frame([LayerEnergy("fused", "a", components), LayerEnergy("unfused", "b", components[:1])])
    assert list(frame.columns) == ["variant", "layer", "component", "part", "energy_pj"]
    assert frame.to_numpy().tolist() == [
        ["fused", "a", "accumulator", "arithmetic", 1.5],
        ["fused", "a", "accumulator", "static", 2.0],
        ["unfused", "b", "accumulator", "arithmetic", 1.5],
    ]


@pytest.mark.parametrize("case", CASES)
def test_the_frames_of_a_result_agree(case: str) -> None:
    result = result_of(case)
    dram = result.actions[result.actions["component"] == "dram"]
    moved = dram.groupby(["variant", "layer", "action"])["count"].sum()
    by_layer = result.energy.groupby(["variant", "layer"])["energy_pj"].sum().to_dict()
    for row in result.layers.itertuples():
        assert moved.get((row.variant, row.layer, "read"), 0) == row.dram_read_bytes
        assert moved.get((row.variant, row.layer, "write"), 0) == row.dram_write_bytes
        assert by_layer[row.variant, row.layer] == pytest.approx(row.energy_pj, rel=1e-12)
    for variant, totals in result.summary.variants.items():
        rows = result.energy[result.energy["variant"] == variant]
        assert rows["energy_pj"].sum() == pytest.approx(totals.energy_pj, rel=1e-12)
        assert rows.groupby("component")["energy_pj"].sum().to_dict() == pytest.approx(totals.energy_by_component_pj)
        assert rows.groupby("part")["energy_pj"].sum().to_dict() == pytest.approx(totals.energy_by_part_pj)
