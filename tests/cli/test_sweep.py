"""``accelsim sweep``: its arguments, what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import accelsim
from accelsim.cli import main
from accelsim.cli.sweep import with_action
from accelsim.sweep.space import Space
from tests.cli.tiny import names
from tests.sweep.tiny_sweeps import AXES, sweep_file

SEARCH = "objectives: [fused.cycles, fused.utilization]\n"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["sweep", "a.yaml"], ["sweep", "run", "a.yaml"]),
        (["sweep", "--dry-run", "a.yaml"], ["sweep", "run", "--dry-run", "a.yaml"]),
        (["sweep", "run", "a.yaml"], ["sweep", "run", "a.yaml"]),
        (["sweep", "./run"], ["sweep", "run", "./run"]),
        (["sweep", "export", "DIR"], ["sweep", "export", "DIR"]),
        (["sweep", "show", "DIR", "3"], ["sweep", "show", "DIR", "3"]),
        (["sweep", "--help"], ["sweep", "--help"]),
        (["sweep"], ["sweep"]),
        (["run", "sweep"], ["run", "sweep"]),
        ([], []),
    ],
)
def test_a_file_alone_is_run(given: list[str], meant: list[str]) -> None:
    assert with_action(given) == meant


def test_a_sweep_is_run_shown_and_exported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep_file(folder, "  - machine.array.dataflow: [ws, os]\n  - machine.array.ifmap_streaming: [im2col, raster]\n")
    assert main(["sweep", "sweep.yaml", "--workers", "1"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out == "4 points, 1 of them infeasible\nresults: results/sweeps/sweep\n"
    results = folder / "results" / "sweeps" / "sweep"
    assert names(results) == {".lock", "sweep.json", "journal.jsonl", "networks", "results.parquet", "results.csv"}
    frame = accelsim.load_sweep(results)

    assert main(["sweep", "show", str(results), "2", "-o", "points/two.yaml"]) == 0
    assert main(["run", "points/two.yaml", "-o", "two"]) == 0
    summary = json.loads((folder / "two" / "summary.json").read_text())
    assert set(frame[frame["point"] == 2]["config_sha256"]) == {summary["config_sha256"]}
    capsys.readouterr()
    assert main(["sweep", "show", str(results), "2"]) == 0
    shown = capsys.readouterr().out
    assert "  workload: results/sweeps/sweep/networks/net.yaml\n" in shown
    assert (folder / "points" / "two.yaml").read_text() == shown.replace("results/", "../results/")
    assert main(["sweep", "show", str(results), "2", "-o", "points/two.yaml"]) == 2
    assert "is there already; give --force" in capsys.readouterr().err

    csv = (results / "results.csv").read_bytes()
    (results / "results.csv").unlink()
    with (results / "journal.jsonl").open("ab") as journal:
        journal.write(b"half a li")
    assert main(["sweep", "export", str(results)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"4 points, 1 of them infeasible\nresults: {results}\n"
    assert printed.err == "warning: 1 line is broken in the journal (6); their points are not in it\n"
    assert (results / "results.csv").read_bytes() == csv

    assert main(["sweep", "sweep.yaml"]) == 2
    assert "there is a sweep here already; give --resume to go on with it" in capsys.readouterr().err


def test_a_search_prints_its_seed_and_its_front(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep_file(folder, AXES, SEARCH)
    assert main(["sweep", "sweep.yaml", "--sampler", "random", "--trials", "40", "--workers", "1"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    header = next(line for line in printed.out.splitlines() if "point" in line)
    assert header.split() == ["point", "fused.cycles", "fused.utilization"]
    assert printed.out.endswith("random, seed 0: 40 proposals, 6 points\nresults: results/sweeps/sweep\n")


def test_a_dry_run_checks_and_counts_and_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep_file(folder, AXES, f"constraints: [machine.bn.lanes <= machine.array.rows]\n{SEARCH}")
    assert main(["sweep", "sweep.yaml", "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert [line.split() for line in printed.splitlines() if "machine." in line] == [
        ["machine.array.rows", "2", "4,", "8"],
        ["machine.bn.lanes", "3", "2,", "4,", "8"],
    ]
    assert printed.endswith("5 points that 1 constraint allows, each fused and unfused\n")
    assert main(["sweep", "sweep.yaml", "--dry-run", "--sampler", "tpe"]) == 0
    assert "a search chooses from their combinations that meet the constraints" in capsys.readouterr().out
    assert main(["sweep", "sweep.yaml", "--dry-run", "--sampler", "tpe", "--storage", "x"]) == 2
    assert not (folder / "results").exists()


def test_too_many_points_are_refused_without_counting_them_one_by_one(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = ("bn.latency_cycles", "pooling.latency_cycles", "activation.latency_cycles", "dma.burst_bytes")
    sweep_file(folder, "".join(f"  - machine.{key}: {{from: 1, to: 1000, step: 1}}\n" for key in keys))
    monkeypatch.setattr(Space, "choices", None)
    assert main(["sweep", "sweep.yaml"]) == 2
    assert capsys.readouterr().err == (
        "error: sweep.yaml: there are 1,000,000,000,000 points, more than 1,000,000: search them with --sampler, or "
        "allow as many with --max-points\n"
    )
    sweep_file(folder)
    assert main(["sweep", "sweep.yaml", "--max-points", "5"]) == 2
    assert "there are 6 points, more than 5" in capsys.readouterr().err


def test_no_points_at_all_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep_file(folder, AXES, "constraints: [machine.bn.lanes > 8]\n")
    assert main(["sweep", "sweep.yaml"]) == 2
    assert capsys.readouterr().err == "error: sweep.yaml: constraints: no point meets them all\n"


@pytest.mark.parametrize("option", ["--trials", "--seed", "--storage", "--study"])
def test_what_is_for_a_search_needs_one(folder: Path, capsys: pytest.CaptureFixture[str], option: str) -> None:
    sweep_file(folder)
    assert main(["sweep", "sweep.yaml", option, "1"]) == 2
    assert capsys.readouterr().err == f"error: {option}: is for a search; give --sampler, too\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--workers", "0"), "must be at least 1"),
        (("--workers", "2", "--dask", "tcp://x:1"), "not allowed with argument"),
        (("--resume", "--force"), "not allowed with argument"),
        (("--sampler", "grid"), "invalid choice"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], message: str
) -> None:
    sweep_file(folder)
    with pytest.raises(SystemExit) as left:
        main(["sweep", "sweep.yaml", *options])
    assert left.value.code == 2
    assert message in capsys.readouterr().err


def test_shipped_sweeps_are_sound(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweeps = repository / "configs" / "sweeps"
    for name, points in (("small", 72), ("array_bn", 10_560)):
        assert main(["sweep", str(sweeps / f"{name}.yaml"), "--dry-run"]) == 0
        assert f"{points:,} points that 1 constraint allows" in capsys.readouterr().out
