"""``accelsim pareto``: what it prints and draws, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from accelsim.cli import main
from accelsim.sweep.definition import SCHEMA_VERSION
from accelsim.sweep.folder import begin
from accelsim.sweep.table import sweep_frame, write_tables
from tests.cli.tiny import names
from tests.sweep.tables import FOUR_SIZES, HandPoint, table_of
from tests.sweep.tiny_sweeps import evaluations_of, tiny_sweep

PRINTED = """\
net: cycles against area_um2, 8 points
fused: best designs

 point  area_um2  cycles  rows  lanes
 ────────────────────────────────────
     0       100   1,000     4    any
     4       200     500    16    any

unfused: best designs

 point  area_um2  cycles  rows  lanes
 ────────────────────────────────────
     0       110   1,400     4      1
     1       120   1,200     4      2
     4       210     900    16      1
     5       220     700    16      2

where fusing pays

                cycles
        point  saved %    rows  lanes
 ────────────────────────────────────
 most       4    44.44  16…100      1
 least      3    14.29       8      2

several values of an axis, or 'any': points with each of them come to the same; the first is named
which axes matter

                       cycles    cycles   cycles
 axis                   fused   unfused    saved
 ───────────────────────────────────────────────
 machine.array.rows   100.0 %    90.5 %   55.9 %
 machine.bn.lanes       0.0 %     9.5 %   42.9 %
 several together       0.0 %     0.0 %    1.2 %

share of the variance over all points that an axis explains alone
pareto: results/pareto.svg
"""
"""Of ``FOUR_SIZES``; tests/report/terminal/test_pareto.py says why."""

TABLES = {"results.parquet", "results.csv"}


def write(table: pd.DataFrame) -> None:
    table.attrs["schema_version"] = SCHEMA_VERSION
    Path("results").mkdir(exist_ok=True)
    write_tables(Path("results"), table)


def write_two_networks() -> None:
    other = FOUR_SIZES.assign(workload="other", point=FOUR_SIZES["point"] + 8)
    write(pd.concat([FOUR_SIZES, other]).astype(FOUR_SIZES.dtypes))


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the table of a sweep in the working directory."""
    monkeypatch.chdir(tmp_path)
    write(FOUR_SIZES)
    return tmp_path / "results"


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["pareto", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


def test_everything_is_said_and_drawn_into_the_folder(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pareto", "results"]) == 0
    assert names(results) == TABLES | {"pareto.svg"}
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out == PRINTED


def test_a_sweep_as_it_was_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = tiny_sweep(folder)
    (folder / "results").mkdir()
    write_tables(folder / "results", sweep_frame(sweep.definition, evaluations_of(sweep)))
    assert main(["pareto", "results"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "net: cycles against area_um2, 6 points"
    assert lines[-1] == "pareto: results/pareto.svg"


def test_areas_of_sparse_arrays_are_said_to_leave_out_the_selectors(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = tiny_sweep(folder, "  - machine.array.sparsity: [dense, '2:4']\n")
    begin(folder / "results", sweep, resume=False, force=False)
    write_tables(folder / "results", sweep_frame(sweep.definition, evaluations_of(sweep)))
    assert main(["pareto", "results"]) == 0
    line = "areas without the selectors of sparsity 2:4, a multiplexer in every PE"
    assert capsys.readouterr().out.splitlines()[1] == line


@pytest.mark.parametrize(("name", "beginning"), [("a.pdf", b"%PDF"), ("b/c.PNG", b"\x89PNG"), ("d.svg", b"<?xml")])
@pytest.mark.usefixtures("results")
def test_the_name_of_the_file_says_the_format(name: str, beginning: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pareto", "results", "-o", name]) == 0
    assert Path(name).read_bytes().startswith(beginning)
    assert capsys.readouterr().out.endswith(f"\npareto: {name}\n")


@pytest.mark.usefixtures("results")
def test_other_figures_are_held_against_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pareto", "results", "--x", "multipliers", "--y", "saved_cycles_percent"]) == 0
    assert capsys.readouterr().out.startswith("net: saved_cycles_percent against multipliers, 8 points\n")


def test_each_network_has_its_tables_and_its_figure(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_two_networks()
    assert main(["pareto", "results"]) == 0
    assert names(results) == TABLES | {"pareto_net.svg", "pareto_other.svg"}
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "8 points" in line] == [
        "net: cycles against area_um2, 8 points",
        "other: cycles against area_um2, 8 points",
    ]
    assert lines[-2:] == ["pareto: results/pareto_net.svg", "pareto: results/pareto_other.svg"]
    assert main(["pareto", "results", "--workload", "other", "-o", "a.svg"]) == 0
    assert "net:" not in capsys.readouterr().out
    message = "error: -o: one file holds one network: say with --workload which\n"
    assert refused(["results", "-o", "b.svg"], capsys) == message


@pytest.mark.usefixtures("results")
def test_all_designs_are_shown_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    points = [
        HandPoint({"run.batch": number}, {"fused": {"area_um2": 1 + number, "cycles": 90 - number}})
        for number in range(30)
    ]
    write(table_of(points, ["fused"]))
    assert main(["pareto", "results"]) == 0
    assert "20 of 30; --all shows every one" in capsys.readouterr().out
    assert main(["pareto", "results", "--all", "--force"]) == 0
    printed = capsys.readouterr().out
    assert "--all" not in printed
    assert "fusing pays" not in printed


def test_figures_are_replaced_only_with_force(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (results / "pareto.svg").write_text("mine")
    assert "pareto.svg: is there already; give --force to replace it" in refused(["results"], capsys)
    assert (results / "pareto.svg").read_text() == "mine"
    assert main(["pareto", "results", "--force"]) == 0
    assert (results / "pareto.svg").read_text().startswith("<?xml")


def test_one_file_in_the_way_keeps_all_from_being_written(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_two_networks()
    (results / "pareto_other.svg").write_text("mine")
    assert "results/pareto_other.svg: is there already" in refused(["results"], capsys)
    assert names(results) == TABLES | {"pareto_other.svg"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--y", "cylces"],
            "there is no 'cylces' among cycles, area_um2, multipliers, saved_cycles_percent; did you mean",
        ),
        (
            ["--x", "variant"],
            "'variant' is not a figure that points come to; these are cycles, area_um2, multipliers, ",
        ),
        (["--x", "macs"], "no point has 'macs'; there are cycles, area_um2, "),
        (["--x", "cycles"], "x and y are both 'cycles'"),
        (["--workload", "nets"], "there is no 'nets' among net; did you mean 'net'?"),
        (["-o", "a.jpg"], "a.jpg: a figure's file must end in one of .svg, .pdf, .png, not in '.jpg'"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_written(
    arguments: list[str], message: str, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(["results", *arguments], capsys).startswith(f"error: {message}")
    assert names(results) == TABLES
    assert names(results.parent) == {"results"}


@pytest.mark.usefixtures("results")
def test_a_sweep_without_feasible_points_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    write(table_of([HandPoint({"run.batch": 1}, None)]))
    assert refused(["results"], capsys) == "error: no point of 'net' is feasible; most often: it is too small\n"


def test_a_folder_without_a_sweep_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is no folder of a sweep" in refused([str(tmp_path)], capsys)
    assert names(tmp_path) == set()


def test_the_same_table_gives_the_same(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pareto", "results"]) == 0
    first = (results / "pareto.svg").read_bytes(), capsys.readouterr().out
    assert main(["pareto", "results", "--force"]) == 0
    assert ((results / "pareto.svg").read_bytes(), capsys.readouterr().out) == first
