from __future__ import annotations

from accelsim.area.datapath import Tile
from accelsim.area.estimate import ARRAY_AND_BN, UnitArea, machine_area, machine_fpga
from accelsim.area.figures import CellFigures, FigureSource, FpgaFigures, shipped
from tests.area.machines import small_machine

AREAS = {"pe_stationary": 100, "accumulator": 10, "bn_stage": 40, "delay_line": 1}
"""All other tiles take 5 µm²."""


def cells(tile: Tile) -> CellFigures:
    return CellFigures(AREAS.get(tile.module, 5), 1)


def fpga(tile: Tile) -> FpgaFigures:
    return FpgaFigures(AREAS.get(tile.module, 5), 2, 3)


SOURCE = FigureSource("made up", cells, fpga)


def test_every_unit_is_the_sum_of_its_tiles() -> None:
    area = machine_area(small_machine(bn={"latency_cycles": 1}), SOURCE)
    assert area.source == "made up"
    assert area.units == [
        UnitArea("conv_array", 1200, 1200),
        UnitArea("accumulator", 30, 30),
        UnitArea("bn_stage", 0, 2 * 40 + 2 * 16 * 1),
        UnitArea("residual_add", 15, 15),
        UnitArea("pooling", 5, 5),
        UnitArea("activation", 15, 15),
    ]
    assert area.datapath == UnitArea("datapath", 1265, 1377)


def test_memories_are_in_both_variants() -> None:
    area = machine_area(small_machine(), SOURCE)
    memories_um2 = sum(memory.area_um2 for memory in area.memories)
    assert area.machine == UnitArea("machine", 1265 + memories_um2, 1345 + memories_um2)


def test_what_is_saved_is_a_share_of_the_unfused_area() -> None:
    area = machine_area(small_machine(), SOURCE)
    together = area.of_units(ARRAY_AND_BN)
    assert together == UnitArea("conv_array + bn_stage", 1200, 1280)
    assert together.saved_percent == 6.25


def test_a_bypassed_stage_saves_nothing() -> None:
    area = machine_area(small_machine(bn={"when_fused": "bypassed"}), SOURCE)
    assert area.datapath == UnitArea("datapath", 1345, 1345)
    assert area.datapath.saved_percent == 0


def test_fpga_counts_are_sums_of_tiles_too() -> None:
    bn = machine_fpga(small_machine(bn={"latency_cycles": 1}), SOURCE)[2]
    assert bn.fused == (0, 0, 0)
    assert bn.unfused == (2 * 40 + 32, 2 * 2 + 32 * 2, 2 * 3 + 32 * 3)


def test_four_times_the_places_are_four_times_the_area() -> None:
    small, large = (
        machine_area(small_machine(array={"rows": side, "cols": side}), shipped()).units[0] for side in (8, 16)
    )
    assert large.unfused_um2 == 4 * small.unfused_um2


def test_a_lane_more_is_a_lane_more() -> None:
    one, two, three = (
        machine_area(small_machine(bn={"lanes": lanes}), shipped()).units[2].unfused_um2 for lanes in (1, 2, 3)
    )
    assert (two, three) == (2 * one, 3 * one)
