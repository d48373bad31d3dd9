"""The tables of ``accelsim area``."""

from __future__ import annotations

import pytest

from accelsim.area.datapath import Tile
from accelsim.area.estimate import MachineArea, UnitArea, UnitFpga
from accelsim.area.figures import FpgaFigures
from accelsim.area.sram import Memory
from accelsim.fusion.match import Match
from accelsim.report.terminal.area import area_lines, area_table, fpga_table, kept_bn_lines
from tests.report.terminal.printing import printed

UNFUSED = MachineArea(
    "made up",
    [UnitArea("conv_array", 9000), UnitArea("bn_stage", 3000), UnitArea("activation", 3000)],
    [Memory("ifmap buffer", 2048, 5000.4)],
)
FUSED = UNFUSED._replace(units=[UNFUSED.units[0], UNFUSED.units[2]])

FPGA = [UnitFpga("conv_array", FpgaFigures(1000, 2, 3)), UnitFpga("bn_stage", FpgaFigures(10, 20, 30))]

LACKING = Tile("pe_stationary", (("STREAM_BITS", 5),))


def without(area: MachineArea, *units: str) -> MachineArea:
    """The area, with a tile of some units missing."""
    return area._replace(
        units=[UnitArea(unit.unit, None, (LACKING,)) if unit.unit in units else unit for unit in area.units]
    )


def words(text: str) -> list[list[str]]:
    return [line.split("  ") for line in text.splitlines() if line.strip() and "─" not in line]


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line if cell.strip()] for line in words(text)]


def test_units_are_apart_from_memories() -> None:
    assert rows(printed(area_table(FUSED, UNFUSED))) == [
        ["area in µm²", "fused", "unfused", "saved"],
        ["conv array", "9,000", "9,000"],
        ["BN stage", "0", "3,000", "100.00 %"],
        ["activation", "3,000", "3,000"],
        ["without memories", "12,000", "15,000", "20.00 %"],
        ["ifmap buffer, 2,048 bits", "5,000", "5,000"],
        ["with memories", "17,000", "20,000", "15.00 %"],
    ]


def test_a_saving_of_nothing_is_no_figure() -> None:
    assert ["BN stage", "3,000", "3,000"] in rows(printed(area_table(UNFUSED, UNFUSED)))


def test_what_is_missing_is_in_no_total_and_saves_nothing() -> None:
    table = rows(printed(area_table(without(FUSED, "conv_array"), without(UNFUSED, "conv_array"))))
    assert table[1:] == [
        ["conv array", "missing", "missing"],
        ["BN stage", "0", "3,000", "100.00 %"],
        ["activation", "3,000", "3,000"],
        ["without memories, without conv array", "3,000", "6,000"],
        ["ifmap buffer, 2,048 bits", "5,000", "5,000"],
        ["with memories, without conv array", "8,000", "11,000"],
    ]


def test_a_total_is_without_the_bn_stage_that_only_one_of_the_machines_has() -> None:
    table = rows(printed(area_table(FUSED, without(UNFUSED, "bn_stage"))))
    assert ["BN stage", "0", "missing"] in table
    assert ["without memories, without BN stage", "12,000", "12,000"] in table


@pytest.mark.parametrize(
    ("units", "total"),
    [
        (("conv_array", "accumulator"), "without conv array and accumulator"),
        (("conv_array", "accumulator", "bn_stage"), "without 3 units"),
    ],
)
def test_many_units_that_are_missing_are_counted(units: tuple[str, ...], total: str) -> None:
    more = UNFUSED._replace(units=[*UNFUSED.units, UnitArea("accumulator", 100)])
    table = rows(printed(area_table(without(FUSED, *units), without(more, *units))))
    assert table[-1][0] == f"with memories, {total}"


def test_memories_alone_are_no_machine() -> None:
    fused, unfused = (without(area, "conv_array", "bn_stage", "activation") for area in (FUSED, UNFUSED))
    table = rows(printed(area_table(fused, unfused)))
    assert ["without memories", "missing", "missing"] in table
    assert table[-1] == ["memories alone", "5,000", "5,000"]
    assert area_lines(fused, unfused)[0] == "nothing of the datapath is known: only its memories are"


def test_what_is_missing_is_named_and_how_to_get_it() -> None:
    lines = area_lines(without(FUSED, "conv_array"), without(UNFUSED, "conv_array"))
    assert lines[:3] == [
        "conv array: made up has no pe_stationary with STREAM_BITS=5",
        "what is missing can be synthesised: give --synthesise (pip install 'accelsim[rtl]')",
        "of array and BN stage alone: not known; of these and the activation stage: not known",
    ]


def test_what_is_saved_of_some_units_and_where_figures_are_from() -> None:
    lines = area_lines(FUSED, UNFUSED)
    assert lines[0] == ("of array and BN stage alone: 25.00 % saved; of these and the activation stage: 20.00 %")
    assert lines[1].startswith("datapath: made up; ")
    shares = area_lines(without(FUSED, "activation"), without(UNFUSED, "activation"))[2]
    assert shares == "of array and BN stage alone: 25.00 % saved; of these and the activation stage: not known"


def test_a_requantiser_takes_the_same_whatever_is_folded_into_it() -> None:
    fused, unfused = (area._replace(units=[*area.units, UnitArea("requantizer", 900)]) for area in (FUSED, UNFUSED))
    lines = area_lines(fused, unfused)
    assert [line for line in lines if line not in area_lines(FUSED, UNFUSED)][-1].startswith("fused_into_requant: ")
    assert len(lines) == len(area_lines(FUSED, UNFUSED)) + 1


@pytest.mark.parametrize(
    ("folded", "left", "said"),
    [
        (0, 1, "1 of 1 BatchNorm is not folded"),
        (2, 1, "1 of 3 BatchNorms is not folded"),
        (1, 2, "2 of 3 BatchNorms are not folded"),
    ],
)
def test_a_fused_machine_with_a_bn_stage_says_why(folded: int, left: int, said: str) -> None:
    matches = [Match("bn", "conv")] * folded + [Match("bn", None, "why")] * left
    assert kept_bn_lines(UNFUSED, matches) == [f"the fused machine keeps its BN stage: {said}"]


def test_a_bn_stage_that_is_gone_or_only_bypassed_needs_no_reason() -> None:
    matches = [Match("bn", "conv")]
    assert kept_bn_lines(FUSED, matches) == []
    assert kept_bn_lines(UNFUSED, matches) == []


def test_fpga_counts_stand_fused_beside_unfused() -> None:
    assert rows(printed(fpga_table(FPGA[:1], FPGA)))[1:] == [
        ["of a 7-series FPGA", "fused", "unfused", "fused", "unfused", "fused", "unfused"],
        ["conv array", "1,000", "1,000", "2", "2", "3", "3"],
        ["BN stage", "0", "10", "0", "20", "0", "30"],
        ["together", "1,000", "1,010", "2", "22", "3", "33"],
    ]


def test_fpga_counts_that_are_missing_are_in_no_sum() -> None:
    lacking = [UnitFpga("conv_array", None), FPGA[1]]
    assert rows(printed(fpga_table(lacking[:1], lacking)))[2:] == [
        ["conv array", *["missing"] * 6],
        ["BN stage", "0", "10", "0", "20", "0", "30"],
        ["together, without conv array", "0", "10", "0", "20", "0", "30"],
    ]
    assert rows(printed(fpga_table(lacking[:1], lacking[:1])))[-1] == ["together", *["missing"] * 6]
