"""The tables of ``accelsim pareto``."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console
from rich.table import Table

from accelsim.report.terminal.console import print_table
from accelsim.report.terminal.pareto import (
    front_tables,
    heading_lines,
    importance_lines,
    importance_table,
    saving_tables,
    sparsity_lines,
    tie_lines,
)
from accelsim.sweep.findings import Findings, findings
from accelsim.sweep.trade_off import trade_off
from tests.report.terminal.printing import printed
from tests.sweep.tables import FOUR_SIZES, HandPoint, table_of
from tests.sweep.tiny_sweeps import tiny_sweep

FOUND = findings(trade_off(FOUR_SIZES))


def rows(table: Table) -> list[list[str]]:
    """Words of all lines that hold any."""
    return [line.split() for line in printed(table).splitlines() if line.strip() and "─" not in line]


def on_terminal(width: int, *tables: Table) -> list[str]:
    file = io.StringIO()
    print_table(Console(file=file, width=width), *tables)
    return [line for line in file.getvalue().splitlines() if line]


def fused(*points: HandPoint) -> Findings:
    return findings(trade_off(table_of(points, ["fused"])))


def fused_point(axes: dict[str, object], area_um2: float, cycles: int) -> HandPoint:
    return HandPoint(axes, {"fused": {"area_um2": area_um2, "cycles": cycles}})


def long_front(length: int) -> Findings:
    """Return a front of so many designs with six axes, of areas and cycles of ten digits with their commas."""
    keys = ("array.rows", "array.cols", "buffers.ifmap.kib", "buffers.weight.kib", "dram.bytes_per_cycle", "bn.lanes")
    return fused(
        *(
            fused_point(
                {f"machine.{key}": 1000 + number % (2 + place) for place, key in enumerate(keys)},
                30_000_000 + number,
                40_000_000 - number,
            )
            for number in range(length)
        )
    )


def test_what_is_shown() -> None:
    assert list(heading_lines(FOUND)) == ["net: cycles against area_um2, 8 points"]


def test_points_that_lack_a_figure_are_counted() -> None:
    area = FOUR_SIZES["area_um2"].where(FOUR_SIZES["point"] != 7)
    found = findings(trade_off(FOUR_SIZES.assign(area_um2=area)))
    assert list(heading_lines(found))[1:] == [
        "1 point without area_um2 or cycles left out",
        "1 point without area_um2: the table of areas that ships lacks tiles of these machines",
    ]
    found = findings(trade_off(FOUR_SIZES.assign(area_um2=area), "saved_cycles_percent"))
    assert len(list(heading_lines(found))) == 1  # no area is shown
    found = findings(trade_off(FOUR_SIZES.assign(area_um2=area.where(FOUR_SIZES["point"] < 2))))
    assert list(heading_lines(found)) == [
        "net: cycles against multipliers, 8 points",
        "6 points without area_um2: the table of areas that ships lacks tiles of these machines",
    ]


def test_the_front_of_each_variant() -> None:
    (table, *_) = front_tables(FOUND, "fused")
    assert rows(table) == [
        ["fused:", "best", "designs"],
        ["point", "area_um2", "cycles", "rows", "lanes"],
        ["0", "100", "1,000", "4", "any"],
        ["4", "200", "500", "16", "any"],
    ]
    (table, *_) = front_tables(FOUND, "unfused")
    assert rows(table)[2:] == [
        ["0", "110", "1,400", "4", "1"],
        ["1", "120", "1,200", "4", "2"],
        ["4", "210", "900", "16", "1"],
        ["5", "220", "700", "16", "2"],
    ]


@pytest.mark.parametrize(("value", "text"), [(0.123456, "0.1235"), (999.9, "999.9"), (1000.6, "1,001"), (0.0, "0")])
def test_numbers(value: float, text: str) -> None:
    table, *_ = front_tables(fused(fused_point({"run.batch": 1}, value, 5)), "fused")
    assert rows(table)[-1] == ["0", text, "5"]


@pytest.mark.parametrize(
    ("same", "others", "text"),
    [
        ([1, 2, 4], [8], "1…4"),
        ([4], [8], "4"),
        ([1, 2], [], "any"),
        (["pass", "inline"], ["offchip"], "pass, inline"),
        (["pass"], ["offchip"], "pass"),
        ([None], [4], "-"),
    ],
)
def test_values_of_designs_that_come_to_the_same(same: list[object], others: list[object], text: str) -> None:
    points = [fused_point({"machine.bn.x": value}, 1, 1) for value in same]
    points += [fused_point({"machine.bn.x": value}, 2, 2) for value in others]
    table = table_of([*points, points[0]], ["fused"])
    found = findings(trade_off(table))
    shown, *_ = front_tables(found, "fused")
    assert " ".join(rows(shown)[-1][3:]) == text


def test_values_of_other_types() -> None:
    points = [fused_point({"machine.a": number, "machine.b": number}, number, 9 - number) for number in range(4)]
    table = table_of(points, ["fused"])
    table["machine.a"] = pd.Series([False, True, False, True], dtype="boolean")
    table["machine.b"] = pd.Series([12.8, 12.8, 4.0, 4.0])
    shown, *_ = front_tables(findings(trade_off(table)), "fused")
    assert [" ".join(line[3:]) for line in rows(shown)[2:]] == ["false 12.8", "true 12.8", "false 4", "true 4"]


def test_how_to_read_several_values_is_said_where_there_are_any() -> None:
    assert list(tie_lines(FOUND)) == [
        "several values of an axis, or 'any': points with each of them come to the same; the first is named"
    ]
    alone = fused(fused_point({"run.batch": 1}, 1, 2), fused_point({"run.batch": 2}, 2, 1))
    assert list(tie_lines(alone)) == []


def test_of_a_long_front_designs_from_all_its_length_are_shown() -> None:
    found = long_front(58)
    table, *_ = front_tables(found, "fused")
    *designs, remark = rows(table)[-21:]
    assert [int(design[0]) for design in designs] == list(range(0, 58, 3))
    assert " ".join(remark) == "20 of 58; --all shows every one"
    table, *_ = front_tables(found, "fused", every=True)
    assert [int(design[0]) for design in rows(table)[-58:]] == list(range(58))


def test_everything_fits_80_columns() -> None:
    found = long_front(58)
    lines = on_terminal(80, *front_tables(found, "fused"))
    assert max(map(len, lines)) <= 80
    assert lines[-1].startswith("20 of 58")


def test_where_there_is_no_room_the_axes_that_matter_least_go_first() -> None:
    found = long_front(6)
    least, *_ = sorted(found.axes, key=lambda axis: found.importances["fused"].shares[axis.key])
    widths = [max(map(len, on_terminal(250, table))) for table in front_tables(found, "fused")]
    assert widths == sorted(widths, reverse=True)
    assert len(widths) == 2 + len(found.axes)
    lines = on_terminal(widths[2] + 1, *front_tables(found, "fused"))  # a table has a blank at its end
    assert lines[-1] == f"no room for {least.name}"
    assert max(map(len, lines)) == widths[2]


def test_where_fusing_pays() -> None:
    table, *_ = saving_tables(FOUND)
    assert rows(table)[1:] == [
        ["cycles"],
        ["point", "saved", "%", "rows", "lanes"],
        ["most", "4", "44.44", "16…100", "1"],
        ["least", "3", "14.29", "8", "2"],
    ]


@pytest.mark.parametrize(
    ("y", "word"),
    [
        ("energy_pj", "energy"),
        ("saved_energy_percent", "energy"),
        ("energy_delay_joule_seconds", "energy · delay"),
        ("saved_energy_delay_percent", "energy · delay"),
    ],
)
def test_of_an_energy_it_is_energy_that_fusing_saves(y: str, word: str) -> None:
    figure = "saved_energy_delay_percent" if "delay" in y else "saved_energy_percent"
    table = FOUR_SIZES.copy()
    table[y] = 1.0
    table[figure] = FOUR_SIZES["point"] / 2  # most at another point than of cycles
    found = findings(trade_off(table, y=y))
    shown, *_ = saving_tables(found)
    assert rows(shown)[1:] == [
        word.split(),
        ["point", "saved", "%", "rows", "lanes"],
        ["most", "7", "3.50", "100", "2"],
        ["least", "0", "0.00", "4", "1"],
    ]
    assert [str(column.header) for column in importance_table(found).columns][-1] == f"{word}\nsaved"


def test_areas_of_sparse_arrays_leave_something_out(tmp_path: Path) -> None:
    sparse = tiny_sweep(tmp_path, "  - machine.array.sparsity: [dense, '2:4', '1:4']\n").definition
    dense = tiny_sweep(tmp_path).definition
    assert list(sparsity_lines(FOUND, sparse)) == [
        "areas without the selectors of sparsity 2:4, 1:4, a multiplexer in every PE"
    ]
    assert list(sparsity_lines(FOUND, dense)) == []
    assert list(sparsity_lines(findings(trade_off(FOUR_SIZES, "multipliers")), sparse)) == []


def test_a_variant_without_the_figures_has_no_front() -> None:
    found = findings(trade_off(table_of([fused_point({"run.batch": 1}, 1, 2)])))
    assert list(found.fronts) == list(found.importances) == ["fused"]


def test_one_variant_has_no_table_of_savings() -> None:
    assert list(saving_tables(long_front(3))) == []


def test_which_axes_matter() -> None:
    # tests/sweep/test_findings.py: 95/105 and 10/105 unfused. Saved, in per cent: 28.57 and 16.67, 25 and 14.29, twice
    # 44.44 and 28.57. Means by rows are 22.62, 19.64, 36.51, 36.51, of variance 60.23; by lanes 35.62 and 22.02, of
    # variance 46.21; that of all is 107.73.
    assert rows(importance_table(FOUND))[1:] == [
        ["cycles", "cycles", "cycles"],
        ["axis", "fused", "unfused", "saved"],
        ["machine.array.rows", "100.0", "%", "90.5", "%", "55.9", "%"],
        ["machine.bn.lanes", "0.0", "%", "9.5", "%", "42.9", "%"],
        ["several", "together", "0.0", "%", "0.0", "%", "1.2", "%"],
    ]
    assert list(importance_lines(FOUND)) == ["share of the variance over all points that an axis explains alone"]


def test_keys_that_change_together_are_counted() -> None:
    found = fused(
        *(fused_point({"machine.a": number, "machine.b": number}, number, 9 - number) for number in (1, 2, 3))
    )
    assert rows(importance_table(found))[-2] == ["machine.a", "and", "1", "with", "it", "100.0", "%"]


def test_a_figure_that_is_always_the_same_has_no_shares() -> None:
    found = fused(fused_point({"machine.a": 1}, 1, 7), fused_point({"machine.a": 2}, 2, 7))
    assert rows(importance_table(found))[3:] == [["machine.a", "-"]]


def test_what_shares_are_of_is_said_where_it_matters() -> None:
    points = [fused_point({"machine.a": a, "machine.b": b}, 1 + a, 10**a + b) for a, b in ((0, 0), (1, 0), (1, 1))]
    found = fused(*points)
    assert list(importance_lines(found))[1:] == [
        "log: of the logarithm, since the figure spans a factor of 10 or more",
        "not every combination is there: what axes that go together explain in common is in the share of none",
    ]
    table = rows(importance_table(found))
    assert table[1:3] == [["log", "cycles"], ["axis", "fused"]]
    assert "together" not in [word for line in table for word in line]
