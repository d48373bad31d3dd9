"""Energies of layers and networks, by a table in which they can be added up by hand."""

from __future__ import annotations

import pytest

from accelsim.energy.action import LayerActions, action
from accelsim.energy.estimate import Energy, VariantEnergy, actions_energy, saving_between, variant_energy
from accelsim.energy.table import EnergyTable
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


def with_static(**powers_mw: float) -> EnergyTable:
    static = {name: {"mw": mw, "source": "made up"} for name, mw in powers_mw.items()}
    return EnergyTable.model_validate(TABLE.model_dump() | {"static": static})


def test_actions_add_up_by_component_and_by_part() -> None:
    energy = actions_energy(ON, TABLE, ACTIONS)
    assert energy.by_component_pj == pytest.approx({"conv_array": 960, "accumulator": 480, "bn_stage": 32, "dram": 300})
    assert energy.by_part_pj == pytest.approx({"arithmetic": 1152, "on_chip_memory": 320, "dram": 300})
    assert energy.total_pj == pytest.approx(1772)


def test_nothing_takes_nothing() -> None:
    assert actions_energy(ON, TABLE, ()) == Energy({}, {"arithmetic": 0, "on_chip_memory": 0, "dram": 0})


def test_a_variant_is_the_sum_of_its_layers() -> None:
    layers = [
        LayerActions("fused", "a", ACTIONS),
        LayerActions("unfused", "a", ACTIONS * 7),
        LayerActions("fused", "b", ACTIONS),
    ]
    found = variant_energy(ON, TABLE, "fused", layers, cycles=1000)
    assert (found.variant, found.cycles, found.clock_mhz) == ("fused", 1000, 500)
    assert found.total_pj == pytest.approx(2 * 1772)
    assert found.static_pj == {}


def test_energy_time_and_their_product() -> None:
    # 2000 pJ in 1000 cycles of 2 ns
    found = VariantEnergy("fused", 1000, 500.0, Energy({"dram": 2000.0}, {}), {})
    assert found.millijoules == pytest.approx(2e-6)
    assert found.seconds == pytest.approx(2e-6)
    assert found.average_mw == pytest.approx(1)
    assert found.energy_delay_pj_cycles == 2e6
    assert found.energy_delay_joule_seconds == pytest.approx(2000e-12 * 2e-6)


def test_static_power_takes_its_share_of_every_cycle() -> None:
    # 3 mW for 2 µs are 6 nJ
    table = with_static(conv_array=3)
    found = variant_energy(ON, table, "fused", [LayerActions("fused", "a", ACTIONS)], cycles=1000)
    assert found.static_pj == pytest.approx({"conv_array": 6000})
    assert found.total_pj == pytest.approx(1772 + 6000)
    assert found.actions.total_pj == pytest.approx(1772)


@pytest.mark.parametrize(
    ("when_fused", "normalises", "counts"),
    [("removed", True, True), ("removed", False, False), ("bypassed", False, True)],
)
def test_a_bn_stage_that_was_removed_takes_no_static_power(when_fused: str, normalises: bool, counts: bool) -> None:
    on = machine(accumulator={"psums": 256}, bn={"when_fused": when_fused})
    actions = ACTIONS if normalises else (action("pooling", "compare", 8, 1),)
    table = with_static(bn_stage=1, pooling=1)
    found = variant_energy(on, table, "fused", [LayerActions("fused", "a", actions)], cycles=10)
    assert set(found.static_pj) == ({"bn_stage", "pooling"} if counts else {"pooling"})


def variant(cycles: int, arithmetic_pj: float, dram_pj: float) -> VariantEnergy:
    parts = {"arithmetic": arithmetic_pj, "on_chip_memory": 0.0, "dram": dram_pj}
    components = {"bn_stage": arithmetic_pj, "dram": dram_pj}
    return VariantEnergy("fused", cycles, 500.0, Energy(components, parts), {})  # type: ignore[arg-type]


def test_saving() -> None:
    saving = saving_between(fused=variant(80, 50, 250), unfused=variant(100, 100, 300))
    assert saving.energy_percent == pytest.approx(25)
    assert saving.energy_delay_percent == pytest.approx(100 * (1 - 0.75 * 0.8))
    assert saving.by_part_percent == {
        "arithmetic": pytest.approx(50),
        "on_chip_memory": None,
        "dram": pytest.approx(100 / 6),
    }


@pytest.mark.parametrize("requantization", [None, {"lanes": 3}])
def test_a_requantiser_takes_static_power_where_there_is_one(requantization: dict[str, int] | None) -> None:
    on = machine(requantization=requantization) if requantization else ON
    found = variant_energy(on, with_static(requantizer=3), "fused", [LayerActions("fused", "conv", ())], 100)
    assert ("requantizer" in found.static_pj) == (requantization is not None)
