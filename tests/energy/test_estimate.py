"""Energies of layers, by a table in which they can be added up by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import accelsim
from accelsim.config.machine import MachineConfig
from accelsim.config.run import Variant
from accelsim.energy.action import Action, LayerActions, action
from accelsim.energy.estimate import LayerEnergy, layer_energies
from accelsim.energy.network import experiment_actions
from accelsim.energy.price import action_pj
from accelsim.energy.table import EnergyTable, read_energy_table
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
    table: EnergyTable, *layers: tuple[int, tuple[Action, ...]], on: MachineConfig = ON, variant: Variant = "fused"
) -> list[LayerEnergy]:
    """Price layers, of each of which its cycles and actions are given."""
    return layer_energies(
        on, table, [LayerActions(variant, "a", done) for _, done in layers], [cycles for cycles, _ in layers]
    )


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


@pytest.mark.parametrize(
    ("when_fused", "normalises", "counts"),
    [("removed", True, True), ("removed", False, False), ("bypassed", False, True)],
)
def test_a_bn_stage_that_was_removed_takes_no_static_power(when_fused: str, normalises: bool, counts: bool) -> None:
    on = machine(accumulator={"psums": 256}, bn={"when_fused": when_fused})
    # a layer without a BatchNorm is on a machine that has its stage if another layer has one
    layers = [(10, POOLING), (10, ACTIONS if normalises else POOLING)]
    for layer in energies(with_static(bn_stage=1, pooling=1), *layers, on=on):
        static = {component for component, part, _ in layer.components if part == "static"}
        assert static == ({"bn_stage", "pooling"} if counts else {"pooling"})


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


@pytest.mark.parametrize("requantization", [None, {"lanes": 3}])
def test_a_requantiser_takes_static_power_where_there_is_one(requantization: dict[str, int] | None) -> None:
    on = machine(accumulator={"psums": 256}, **({"requantization": requantization} if requantization else {}))
    (layer,) = energies(with_static(requantizer=3), (100, ()), on=on)
    assert [entry.component for entry in layer.components] == (["requantizer"] if requantization else [])


def test_an_unfused_machine_has_its_bn_stage_whatever_the_network() -> None:
    (layer,) = energies(with_static(bn_stage=1), (10, POOLING), variant="unfused")
    assert layer.components[-1][:2] == ("bn_stage", "static")
