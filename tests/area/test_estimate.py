from __future__ import annotations

from accelsim.area.datapath import Tile
from accelsim.area.estimate import (
    ARRAY_AND_BN,
    MachineArea,
    UnitArea,
    UnitFpga,
    machine_area,
    machine_fpga,
)
from accelsim.area.figures import CellFigures, FigureSource, FpgaFigures, shipped
from accelsim.built_stages import built_stages
from accelsim.config.machine import MachineConfig
from accelsim.config.run import Variant
from accelsim.results.saved import known_saved_percent
from tests.area.machines import small_machine

AREAS = {"pe_stationary": 100, "accumulator": 10, "bn_stage": 40, "delay_line": 1}
"""All other tiles take 5 µm²."""


def cells(tile: Tile) -> CellFigures:
    return CellFigures(AREAS.get(tile.module, 5), 1)


def fpga(tile: Tile) -> FpgaFigures:
    return FpgaFigures(AREAS.get(tile.module, 5), 2, 3)


SOURCE = FigureSource("made up", cells, fpga)


def without(*modules: str) -> FigureSource:
    """The source, with some tiles missing."""
    return FigureSource(
        "made up",
        lambda tile: None if tile.module in modules else cells(tile),
        lambda tile: None if tile.module in modules else fpga(tile),
    )


def area_of(machine: MachineConfig, variant: Variant = "unfused", source: FigureSource = SOURCE) -> MachineArea:
    """The area for a network of which every BatchNorm folds."""
    return machine_area(machine, built_stages(machine, variant, ()), source)


def test_every_unit_is_the_sum_of_its_tiles() -> None:
    area = area_of(small_machine(bn={"latency_cycles": 1}))
    assert area.source == "made up"
    assert area.units == [
        UnitArea("conv_array", 1200),
        UnitArea("accumulator", 30),
        UnitArea("bn_stage", 2 * 40 + 2 * 16 * 1),
        UnitArea("residual_add", 15),
        UnitArea("pooling", 5),
        UnitArea("activation", 15),
    ]
    assert area.datapath_um2 == area.known_um2 == 1377


def test_a_stage_that_is_not_built_is_no_unit() -> None:
    machine = small_machine(bn={"latency_cycles": 1})
    fused, unfused = area_of(machine, "fused"), area_of(machine)
    assert fused.units == [unit for unit in unfused.units if unit.unit != "bn_stage"]
    assert fused.datapath_um2 == 1265


def test_memories_are_in_every_variant() -> None:
    sizes: dict[Variant, float] = {"fused": 1265, "unfused": 1345}
    for variant, datapath_um2 in sizes.items():
        area = area_of(small_machine(), variant)
        assert area.memories_um2 == sum(memory.area_um2 for memory in area.memories) > 0
        assert area.machine_um2 == datapath_um2 + area.memories_um2


def test_what_is_saved_is_a_share_of_the_unfused_area() -> None:
    fused, unfused = (area_of(small_machine(), variant).of_units(ARRAY_AND_BN) for variant in ("fused", "unfused"))
    assert (fused, unfused) == (1200, 1280)
    assert known_saved_percent(fused, unfused) == 6.25


def test_a_unit_with_a_missing_tile_has_no_area_and_neither_has_a_total_with_it() -> None:
    area = area_of(small_machine(bn={"latency_cycles": 1}), source=without("delay_line", "pooling"))
    unknown = {unit.unit: [tile.module for tile in unit.missing] for unit in area.units if unit.area_um2 is None}
    assert unknown == {"bn_stage": ["delay_line"], "pooling": ["pooling"]}
    assert area.datapath_um2 is area.machine_um2 is area.of_units(ARRAY_AND_BN) is None
    assert area.of_units(["conv_array", "activation"]) == 1215
    assert area.known_um2 == 1200 + 30 + 15 + 15


def test_a_machine_that_does_not_have_the_missing_stage_has_an_area() -> None:
    source = without("bn_stage")
    assert area_of(small_machine(), "fused", source).datapath_um2 == 1265
    assert area_of(small_machine(), "unfused", source).datapath_um2 is None


def test_fpga_counts_are_sums_of_tiles_too() -> None:
    machine = small_machine(bn={"latency_cycles": 1})
    bn = UnitFpga("bn_stage", FpgaFigures(2 * 40 + 32, 2 * 2 + 32 * 2, 2 * 3 + 32 * 3))
    assert machine_fpga(machine, ("bn_stage",), SOURCE)[2] == bn
    assert machine_fpga(machine, ("bn_stage",), without("delay_line"))[2] == UnitFpga("bn_stage", None)


def test_four_times_the_places_are_four_times_the_area() -> None:
    small, large = (
        area_of(small_machine(array={"rows": side, "cols": side}), source=shipped()).of_units(["conv_array"])
        for side in (8, 16)
    )
    assert small
    assert large == 4 * small


def test_a_lane_more_is_a_lane_more() -> None:
    one, two, three = (
        area_of(small_machine(bn={"lanes": lanes}), source=shipped()).of_units(["bn_stage"]) for lanes in (1, 2, 3)
    )
    assert one
    assert (two, three) == (2 * one, 3 * one)
