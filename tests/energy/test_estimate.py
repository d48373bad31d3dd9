"""Energies of layers, by a table in which they can be added up by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import accelsim
from accelsim.energy.action import Action, LayerActions, action
from accelsim.energy.estimate import LayerEnergy, layer_energies
from accelsim.energy.network import experiment_actions
from accelsim.energy.price import action_pj
from accelsim.energy.table import EnergyTable, read_energy_table
from accelsim.program.operations import STAGES, Stage
from tests.energy.cases import TABLE, machine

ON = machine(accumulator={"psums": 256})

ACTIONS = (
    action("conv_array", "multiply", 8, 10, by_bits=8),  # 640
    action("conv_array", "add", 32, 10),  # 320
    action("accumulator", "add", 32, 5),  # 160
    action("accumulator", "read", 32, 5),  # 320
    action("bn_stage", "add", 32, 1),  # 32
    action("dram", "write", 8, 3),  # 300
)

POOLING = (action("pooling", "compare", 8, 1),)  # 4


def with_static(**powers_mw: float) -> EnergyTable:
    static = {name: {"mw": mw, "source": "made up"} for name, mw in powers_mw.items()}
    return EnergyTable.model_validate(TABLE.model_dump() | {"static": static})


def entries(layer: LayerEnergy) -> list[Any]:
    return list(layer.components)


def energies(
    table: EnergyTable, *layers: tuple[int, tuple[Action, ...]], stages: tuple[Stage, ...] = STAGES
) -> list[LayerEnergy]:
    """Price layers, of each of which its cycles and actions are given."""
    actions = [LayerActions("fused", "a", done) for _, done in layers]
    return layer_energies(ON, table, stages, actions, [cycles for cycles, _ in layers])


def test_actions_add_up_by_component_and_part() -> None:
    (layer,) = energies(TABLE, (1000, ACTIONS))
    assert layer[:2] == ("fused", "a")
    assert entries(layer) == [
        ("conv_array", "arithmetic", pytest.approx(960)),
        ("accumulator", "arithmetic", pytest.approx(160)),
        ("accumulator", "on_chip_memory", pytest.approx(320)),
        ("bn_stage", "arithmetic", pytest.approx(32)),
        ("dram", "dram", pytest.approx(300)),
    ]
    assert layer.total_pj == pytest.approx(1772)


def test_nothing_takes_nothing() -> None:
    (layer,) = energies(TABLE, (1000, ()))
    assert (layer.components, layer.total_pj) == ((), 0)


def test_every_layer_has_its_own() -> None:
    found = energies(TABLE, (10, POOLING), (10, ACTIONS), (10, POOLING))
    assert [layer.total_pj for layer in found] == [pytest.approx(4), pytest.approx(1772), pytest.approx(4)]


def test_static_power_takes_its_share_of_every_cycle_of_a_layer() -> None:
    # 3 mW for 1000 and 500 cycles of 2 ns are 6 and 3 nJ, whatever the component does
    first, second = energies(with_static(weight_buffer=3), (1000, ACTIONS), (500, POOLING))
    assert entries(first)[-1] == ("weight_buffer", "static", pytest.approx(6000))
    assert entries(second) == [
        ("pooling", "arithmetic", pytest.approx(4)),
        ("weight_buffer", "static", pytest.approx(3000)),
    ]
    assert first.total_pj == pytest.approx(1772 + 6000)


@pytest.mark.parametrize("absent", ["bn_stage", "requantizer"])
def test_a_stage_that_is_not_built_takes_no_static_power(absent: Stage) -> None:
    table = with_static(bn_stage=1, requantizer=2, pooling=3)
    stages = tuple(stage for stage in STAGES if stage != absent)
    for layer in energies(table, (10, POOLING), (10, ()), stages=stages):
        static = {component for component, part, _ in layer.components if part == "static"}
        assert static == {"bn_stage", "requantizer", "pooling"} - {absent}


def test_all_of_a_network_is_priced(repository: Path) -> None:
    config = accelsim.load_config(repository / "configs" / "resnet18.yaml", "machine.bn.placement=offchip")
    result = accelsim.simulate(config)
    table = read_energy_table(repository / "configs" / "energy" / "45nm.yaml")
    layers = experiment_actions(config.machine, result.experiment)
    priced = result.energy.groupby(["variant", "layer"])["energy_pj"].sum().to_dict()
    assert len(priced) == len(layers)
    for layer in layers:
        assert priced[layer.variant, layer.layer] == pytest.approx(
            sum(done.count * action_pj(config.machine, table, done) for done in layer.actions)
        )
