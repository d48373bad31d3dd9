from __future__ import annotations

import re

from accelsim.area.liberty import Cell, cells, liberty


def by_name(name: str) -> Cell:
    return next(cell for cell in cells() if cell.name == name)


def test_areas_are_whole_sites() -> None:
    site_um2 = 0.46 * 2.72
    for cell in cells():
        assert cell.area_um2 == round(round(cell.area_um2 / site_um2) * site_um2, 4), cell.name


def test_a_nand_is_three_sites() -> None:
    assert by_name("nand2_1").area_um2 == 3.7536


def test_inputs_are_what_the_function_reads() -> None:
    assert by_name("mux2_1").inputs == ["A0", "A1", "S"]
    assert by_name("nor2b_1").inputs == ["A", "B_N"]
    assert by_name("edfxtp_1").inputs == ["D", "DE"]


def test_liberty_of_a_gate() -> None:
    assert liberty([by_name("a21oi_1")]).splitlines()[3:-1] == [
        "  cell(a21oi_1) {",
        "    area : 5.0048;",
        "    pin(A1) { direction : input; }",
        "    pin(A2) { direction : input; }",
        "    pin(B1) { direction : input; }",
        '    pin(Y) { direction : output; function : "!((A1&A2)|B1)"; }',
        "  }",
    ]


def test_liberty_of_a_flip_flop_with_enable() -> None:
    assert liberty([by_name("edfxtp_1")]).splitlines()[3:-1] == [
        "  cell(edfxtp_1) {",
        "    area : 30.0288;",
        "    pin(D) { direction : input; }",
        "    pin(DE) { direction : input; }",
        "    pin(CLK) { direction : input; clock : true; }",
        '    ff(IQ, IQN) { clocked_on : "CLK"; next_state : "(DE&D)|(IQ&!DE)"; }',
        '    pin(Q) { direction : output; function : "IQ"; }',
        "  }",
    ]


def test_all_cells_are_in_the_library() -> None:
    text = liberty(cells())
    assert re.findall(r"cell\((\w+)\)", text) == [cell.name for cell in cells()]
    assert text.count("{") == text.count("}")
