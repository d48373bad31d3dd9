from __future__ import annotations

from accelsim.report.terminal.rtl import cases_table, difference_lines, equality_line
from accelsim.rtl.validate import Comparison, Difference
from accelsim.simulation import simulate_program
from tests.report.terminal.printing import printed
from tests.rtl.layers import case_of, convolution

CASE = case_of(convolution(2, 3))
RECORD = simulate_program(CASE.machine, CASE.program)
EQUAL = Comparison(CASE, RECORD, RECORD.cycles, ())
OTHER = Comparison(CASE._replace(name="[other]"), RECORD, RECORD.cycles + 1000, (Difference("cycles", "9", "10"),))


def test_every_case_has_a_line() -> None:
    lines = [line.split("  ") for line in printed(cases_table([EQUAL, OTHER])).splitlines() if line.strip()]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    machine = "4x3 ws im2col, inline"
    assert [" ".join(line).split() for line in cells[3:]] == [
        ["case", *machine.split(), str(RECORD.cycles), str(RECORD.cycles), "0"],
        ["[other]", *machine.split(), str(RECORD.cycles), f"{RECORD.cycles + 1000:,}", "1"],
    ]


def test_differences_are_spelled_out() -> None:
    assert list(difference_lines([EQUAL, OTHER])) == ["[other]: cycles: 9 in the model, 10 in RTL"]


def test_how_many_are_equal() -> None:
    assert equality_line([EQUAL, OTHER]).startswith("1/2 equal: cycles, ")
