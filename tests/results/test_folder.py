"""The result folder: complete, reproducible, written whole or not at all, and never over anything else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import accelsim
from accelsim.errors import InputError
from accelsim.results.folder import check_target, write_results
from accelsim.results.result import Result
from tests.results.runs import CONFIGS, result_of

FRAMES = ("layers", "units", "events", "stalls", "buffers", "actions", "energy")
FILES = {"config.yaml", "network.yaml", "energy.yaml", "summary.json", *(f"{frame}.csv" for frame in FRAMES)}


@pytest.fixture
def result() -> Result:
    """A small result."""
    return result_of("alpha5")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refusal(result: Result, folder: Path, *, force: bool = False) -> str:
    with pytest.raises(InputError) as caught:
        write_results(result, folder, force=force)
    return str(caught.value)


def test_the_folder_holds_these_files_and_nothing_else(result: Result, tmp_path: Path) -> None:
    write_results(result, tmp_path / "new" / "results")
    assert set(contents(tmp_path / "new" / "results")) == FILES
    assert names(tmp_path / "new") == ["results"]


@pytest.mark.parametrize("case", ["alpha5", "resnet18"])
def test_what_is_read_back_is_what_was_written(case: str, tmp_path: Path) -> None:
    result = result_of(case)
    write_results(result, tmp_path / "results")
    for name in FRAMES:
        written: pd.DataFrame = getattr(result, name)
        texts = written.select_dtypes(exclude="number").columns
        path = tmp_path / "results" / f"{name}.csv"
        read = pd.read_csv(path, dtype=dict.fromkeys(texts, str)).fillna(dict.fromkeys(texts, ""))
        pd.testing.assert_frame_equal(read, written, check_dtype=False, rtol=1e-15)
    summary = json.loads((tmp_path / "results" / "summary.json").read_text())
    assert summary == result.summary.model_dump()


def test_the_summary_has_the_promised_keys(result: Result, tmp_path: Path) -> None:
    write_results(result, tmp_path / "results")
    summary = json.loads((tmp_path / "results" / "summary.json").read_text())
    assert {"schema_version", "accelsim_version", "config_sha256", "variants", "saving"} <= set(summary)
    promised = "cycles milliseconds macs ops dram_read_bytes dram_write_bytes average_bandwidth_bytes_per_cycle"
    for variant in ("fused", "unfused"):
        assert {*promised.split(), "peak_bandwidth_bytes_per_cycle", "utilization"} <= set(summary["variants"][variant])
    savings = {"cycles_percent", "dram_bytes_percent", "ops_percent", "function_unit_busy_percent"}
    assert savings <= set(summary["saving"])


def test_without_energies_there_is_no_table_of_them(tmp_path: Path) -> None:
    result = accelsim.simulate(accelsim.load_config(CONFIGS / "alpha5.yaml", ["run.energy=null"]))
    write_results(result, tmp_path / "results")
    assert set(contents(tmp_path / "results")) == FILES - {"energy.yaml"}
    assert (tmp_path / "results" / "energy.csv").read_text() == "variant,layer,component,part,energy_pj\n"
    assert "energy" not in (tmp_path / "results" / "config.yaml").read_text()


@pytest.mark.parametrize("case", ["alpha5", "cifar, kept on chip"])
def test_the_configuration_in_the_folder_gives_the_same_folder_again(case: str, tmp_path: Path) -> None:
    write_results(result_of(case), tmp_path / "first")
    again = accelsim.simulate(accelsim.load_config(tmp_path / "first" / "config.yaml"))
    write_results(again, tmp_path / "second")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_results_can_be_replaced_by_those_of_their_own_configuration(result: Result, tmp_path: Path) -> None:
    write_results(result, tmp_path / "results")
    before = contents(tmp_path / "results")
    again = accelsim.simulate(accelsim.load_config(tmp_path / "results" / "config.yaml"))
    write_results(again, tmp_path / "results", force=True)
    assert contents(tmp_path / "results") == before


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "accelsim", "run", str(CONFIGS / "alpha5.yaml"), "-o", str(tmp_path / seed)]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {"PYTHONHASHSEED": seed})  # noqa: S603
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), ValueError("bug"), KeyboardInterrupt()])
@pytest.mark.parametrize("there", [False, True])
def test_a_write_that_fails_midway_leaves_everything_as_it_was(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException, there: bool
) -> None:
    folder = tmp_path / "results"
    if there:
        write_results(result_of("resnet18"), folder)
    before = contents(folder) if there else None
    files_written = []

    def fail_at_the_second(_: pd.DataFrame, path: Path, **__: object) -> None:
        files_written.append(path)
        path.write_text("half a fi")
        if len(files_written) == 2:
            raise fault

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail_at_the_second)
    with pytest.raises((InputError, type(fault))) as caught:
        write_results(result, folder, force=True)
    assert isinstance(caught.value, InputError) == isinstance(fault, OSError)
    assert names(tmp_path) == (["results"] if there else [])
    assert before is None or contents(folder) == before


def test_a_full_disk_is_named(result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    folder = tmp_path / "results"
    assert refusal(result, folder) == f"{folder}: the results cannot be written: No space left on device"


@pytest.mark.parametrize("stuck", ["new", "results"])
def test_old_results_survive_if_the_new_ones_cannot_take_their_place(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stuck: str
) -> None:
    folder = tmp_path / "results"
    write_results(result_of("resnet18"), folder)
    before = contents(folder)
    rename = Path.rename

    def all_move_but_one(self: Path, target: Path) -> Path:
        if self.name == stuck:
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", all_move_but_one)
    assert "Input/output error" in refusal(result, folder, force=True)
    assert contents(folder) == before
    assert names(tmp_path) == ["results"]


def test_results_are_only_replaced_by_force(result: Result, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    write_results(result_of("resnet18"), folder)
    before = contents(folder)
    assert "give --force to replace them" in refusal(result, folder)
    assert contents(folder) == before
    write_results(result, folder, force=True)
    assert json.loads((folder / "summary.json").read_text())["network"] == "alpha5"
    assert names(tmp_path) == ["results"]


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_result_folder_is_never_replaced(result: Result, tmp_path: Path, force: bool) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    assert "holds something else than results" in refusal(result, tmp_path, force=force)
    assert "this is a file" in refusal(result, tmp_path / "thesis.tex", force=force)
    assert contents(tmp_path) == {"thesis.tex": b"years of work"}


def test_an_empty_folder_may_be_filled(result: Result, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    check_target(folder, force=False)
    write_results(result, folder)
    assert set(contents(folder)) == FILES


def test_a_place_that_cannot_be_written_is_named(result: Result, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "results"
    assert refusal(result, folder).startswith(f"{folder}: the results cannot be written: ")
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("force", [False, True])
def test_files_of_somebody_else_are_never_lost(result: Result, tmp_path: Path, force: bool) -> None:
    write_results(result, tmp_path / "results")
    (tmp_path / "results" / "notes.txt").write_text("mine")
    assert "'notes.txt' is here as well and would be lost" in refusal(result, tmp_path / "results", force=force)
    assert (tmp_path / "results" / "notes.txt").read_text() == "mine"


def test_figures_and_traces_go_with_the_results_they_were_made_from(result: Result, tmp_path: Path) -> None:
    write_results(result, tmp_path / "results")
    (tmp_path / "results" / "timeline.svg").write_text("old")
    write_results(result, tmp_path / "results", force=True)
    assert set(contents(tmp_path / "results")) == FILES
