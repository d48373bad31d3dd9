"""Tables of layers with sides that are held against each other."""

from __future__ import annotations

from accelsim.report.terminal.side_by_side import (
    Difference,
    column_choices,
    columns_with_values,
    side_by_side,
)
from tests.report.terminal.printing import printed

FEW = {"cycles": 100, "stall_cycles": 1, "tiling": "4x4"}
MANY = {"cycles": 2000, "stall_cycles": 2, "tiling": "4x4"}
OTHER = {"cycles": 300, "stall_cycles": 3, "tiling": "8x8"}


def lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.strip() and "─" not in line]


def test_sides_are_beside_each_other_in_every_column() -> None:
    sides = {"A": {"one": FEW, "two": OTHER}, "B": {"one": MANY}}
    assert lines(printed(side_by_side(["one", "two"], sides, ["stalled", "cycles"], {}))) == [
        ["stalled", "stalled", "cycles", "cycles"],
        ["layer", "A", "B", "A", "B"],
        ["one", "1", "2", "100", "2,000"],
        ["two", "3", "-", "300", "-"],
    ]


def test_a_difference_stands_behind_its_column() -> None:
    more = Difference("more", lambda rows: "/".join("none" if row is None else str(row["cycles"]) for row in rows))
    sides = {"A": {"one": FEW}, "B": {"one": MANY, "two": OTHER}}
    assert lines(printed(side_by_side(["one", "two"], sides, ["cycles", "stalled"], {"cycles": more}))) == [
        ["cycles", "cycles", "stalled", "stalled"],
        ["layer", "A", "B", "more", "A", "B"],
        ["one", "100", "2,000", "100/2000", "1", "2"],
        ["two", "-", "300", "none/300", "-", "3"],
    ]


def test_texts_have_one_column_and_are_told_apart_where_they_differ() -> None:
    sides = {"A": {"one": FEW, "two": FEW, "three": FEW}, "B": {"one": MANY, "two": OTHER}}
    assert lines(printed(side_by_side(["one", "two", "three"], sides, ["tiling"], {}))) == [
        ["layer", "tiling"],
        ["one", "4x4"],
        ["two", "4x4", "/", "8x8"],
        ["three", "4x4"],
    ]


def test_columns_that_are_asked_for_are_the_only_choice() -> None:
    assert list(column_choices(["stalled", "array", "cycles"], [])) == [["stalled", "array", "cycles"]]


def test_the_usual_columns_become_fewer() -> None:
    moved = {"dram_read_bytes": 0, "dram_write_bytes": 0}
    rows = [FEW | moved | {"energy_pj": 1.0}, FEW | moved | {"conv_array_utilization": 0.5}]
    assert list(column_choices(None, rows)) == [
        ["cycles", "stalled", "dram", "energy", "array"],
        ["cycles", "stalled", "dram", "array"],
        ["cycles", "dram", "array"],
        ["cycles", "dram"],
    ]


def test_usual_columns_without_any_value_are_left_out() -> None:
    rows = [FEW | {"dram_read_bytes": 0, "dram_write_bytes": 0, "energy_pj": float("nan")}]
    assert list(column_choices(None, rows)) == [["cycles", "stalled", "dram"], ["cycles", "dram"]]


def test_columns_without_any_value_are_known() -> None:
    kept = {"dram_read_bytes": 0, "dram_write_bytes": 0}
    assert columns_with_values([FEW | kept, {"second_phase_tiling": "2x2"} | kept]) == [
        "cycles",
        "stalled",
        "read",
        "written",
        "dram",
        "tiling",
        "second_tiling",
    ]
