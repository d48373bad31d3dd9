"""The tables of ``accelsim area``."""

from __future__ import annotations

from accelsim.area.estimate import MachineArea, UnitArea, UnitFpga
from accelsim.area.figures import FpgaFigures
from accelsim.area.sram import Memory
from accelsim.report.terminal.area import area_lines, area_table, fpga_table
from tests.report.terminal.printing import printed

AREA = MachineArea(
    "made up",
    [UnitArea("conv_array", 9000, 9000), UnitArea("bn_stage", 0, 3000), UnitArea("activation", 3000, 3000)],
    [Memory("ifmap buffer", 2048, 5000.4)],
)


def words(text: str) -> list[list[str]]:
    return [line.split("  ") for line in text.splitlines() if line.strip() and "─" not in line]


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line if cell.strip()] for line in words(text)]


def test_units_are_apart_from_memories() -> None:
    assert rows(printed(area_table(AREA))) == [
        ["area in µm²", "fused", "unfused", "saved"],
        ["conv array", "9,000", "9,000"],
        ["BN stage", "0", "3,000", "100.00 %"],
        ["activation", "3,000", "3,000"],
        ["without memories", "12,000", "15,000", "20.00 %"],
        ["ifmap buffer, 2,048 bits", "5,000", "5,000"],
        ["with memories", "17,000", "20,000", "15.00 %"],
    ]


def test_a_saving_of_nothing_is_no_figure() -> None:
    bypassed = AREA._replace(units=[UnitArea("bn_stage", 3000, 3000)])
    assert ["BN stage", "3,000", "3,000"] in rows(printed(area_table(bypassed)))


def test_what_is_saved_of_some_units_and_where_figures_are_from() -> None:
    lines = area_lines(AREA)
    assert lines[0] == ("of array and BN stage alone: 25.00 % saved; of these and the activation stage: 20.00 %")
    assert lines[1].startswith("datapath: made up; ")


def test_a_requantiser_takes_the_same_whatever_is_folded_into_it() -> None:
    with_one = AREA._replace(units=[*AREA.units, UnitArea("requantizer", 900, 900)])
    assert [line for line in area_lines(with_one) if line not in area_lines(AREA)][-1].startswith(
        "fused_into_requant: "
    )
    assert len(area_lines(with_one)) == len(area_lines(AREA)) + 1


def test_fpga_counts_stand_fused_beside_unfused() -> None:
    units = [
        UnitFpga("conv_array", FpgaFigures(1000, 2, 3), FpgaFigures(1000, 2, 3)),
        UnitFpga("bn_stage", FpgaFigures(0, 0, 0), FpgaFigures(10, 20, 30)),
    ]
    assert rows(printed(fpga_table(units)))[1:] == [
        ["of a 7-series FPGA", "fused", "unfused", "fused", "unfused", "fused", "unfused"],
        ["conv array", "1,000", "1,000", "2", "2", "3", "3"],
        ["BN stage", "0", "10", "0", "20", "0", "30"],
        ["together", "1,000", "1,010", "2", "22", "3", "33"],
    ]
