"""A result folder, read back: the same frames and totals, and what is said of folders that are broken."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import accelsim
from accelsim.errors import InputError
from accelsim.results.columns import COLUMNS
from tests.results.runs import CASES, CONFIGS, result_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small result folder."""
    accelsim.write_results(result_of("alpha5"), tmp_path / "results")
    return tmp_path / "results"


def refusal(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        accelsim.load_results(folder)
    return str(caught.value)


def refusal_of_events(folder: Path) -> str:
    stored = accelsim.load_results(folder)
    with pytest.raises(InputError) as caught:
        _ = stored.events
    return str(caught.value)


@pytest.mark.parametrize("case", CASES)
def test_what_is_read_is_what_was_simulated(case: str, tmp_path: Path) -> None:
    result = result_of(case)
    accelsim.write_results(result, tmp_path)
    stored = accelsim.load_results(tmp_path)
    for name in COLUMNS:
        pd.testing.assert_frame_equal(getattr(stored, name), getattr(result, name), check_dtype=False, rtol=1e-15)
    assert stored.summary == result.summary
    assert stored.config.machine == result.config.machine


def test_a_result_without_energies_and_without_stalls(tmp_path: Path) -> None:
    config = accelsim.load_config(CONFIGS / "alpha5.yaml", ["run.energy=null"])
    result = accelsim.simulate(config)
    accelsim.write_results(result, tmp_path)
    stalls = tmp_path / "stalls.csv"
    stalls.write_text(stalls.read_text().splitlines()[0] + "\n")
    stored = accelsim.load_results(tmp_path)
    pd.testing.assert_frame_equal(stored.layers, result.layers, check_dtype=False)
    assert stored.summary == result.summary
    for name, numbers in (("energy", ["energy_pj"]), ("stalls", ["start_cycle", "end_cycle"])):
        frame = getattr(stored, name)
        assert frame.empty
        assert list(frame.columns) == COLUMNS[name]
        assert all(pd.api.types.is_numeric_dtype(frame[column]) for column in numbers)


def test_a_layer_may_be_called_nan_or_like_a_number(folder: Path) -> None:
    path = folder / "layers.csv"
    path.write_text(path.read_text().replace("fused,conv,", "fused,NA,").replace("unfused,NA,", "unfused,007,"))
    assert list(accelsim.load_results(folder).layers["layer"]) == ["NA", "007"]


def test_repr_says_what_it_is(folder: Path) -> None:
    assert repr(accelsim.load_results(folder)) == f"<Result of alpha5 on alpha5, from {folder}>"


def test_no_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none") == f"{tmp_path / 'none'}: no such result folder"


def test_a_file(folder: Path) -> None:
    path = folder / "layers.csv"
    assert refusal(path) == f"{path}: this is a file; name the folder it is in"


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path}: is no result folder: there is no summary.json in it"


@pytest.mark.parametrize("text", ["{", "[" * 100_000])
def test_a_summary_that_is_no_json(folder: Path, text: str) -> None:
    (folder / "summary.json").write_text(text)
    assert refusal(folder).startswith(f"{folder / 'summary.json'}:")


@pytest.mark.parametrize("version", [3, None, "4"])
def test_another_version(folder: Path, version: object) -> None:
    summary = json.loads((folder / "summary.json").read_text())
    (folder / "summary.json").write_text(json.dumps(summary | {"schema_version": version}))
    assert f"schema_version: must be 4, not {json.dumps(version)}; simulate" in refusal(folder)


@pytest.mark.parametrize("text", ["[]", "3", '"text"'])
def test_a_summary_of_something_else(folder: Path, text: str) -> None:
    (folder / "summary.json").write_text(text)
    assert "schema_version: must be 4, not null" in refusal(folder)


def test_a_summary_without_its_keys(folder: Path) -> None:
    summary = json.loads((folder / "summary.json").read_text())
    del summary["variants"]["fused"]["cycles"]
    (folder / "summary.json").write_text(json.dumps(summary))
    assert refusal(folder) == f"{folder / 'summary.json'}: variants.fused.cycles: Field required"


def test_a_frame_that_is_missing(folder: Path) -> None:
    (folder / "events.csv").unlink()
    assert refusal_of_events(folder).startswith(f"{folder / 'events.csv'}: no such file")


def test_a_column_that_is_missing(folder: Path) -> None:
    path = folder / "events.csv"
    path.write_text(path.read_text().replace("end_cycle", "end", 1))
    assert refusal_of_events(folder) == f"{path}: has no column 'end_cycle'"


def test_text_where_numbers_belong(folder: Path) -> None:
    path = folder / "events.csv"
    path.write_text(path.read_text().replace(",670,", ",never,", 1))
    assert refusal_of_events(folder) == f"{path}: the column 'end_cycle' must hold numbers only"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'variant,"layer\n'])
def test_a_frame_that_is_no_csv(folder: Path, content: bytes) -> None:
    path = folder / "events.csv"
    path.write_bytes(content)
    assert refusal_of_events(folder).startswith(f"{path}: ")


def test_a_frame_that_was_cut_off(folder: Path) -> None:
    path = folder / "events.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-3]))
    assert refusal_of_events(folder) == f"{path}: does not add up to what summary.json says: it was cut off or changed"


def test_a_figure_that_was_changed(folder: Path) -> None:
    path = folder / "layers.csv"
    path.write_text(path.read_text().replace(",670,", ",570,"))
    stored = accelsim.load_results(folder)
    with pytest.raises(InputError) as caught:
        _ = stored.layers
    assert str(caught.value) == f"{path}: does not add up to what summary.json says: it was cut off or changed"


def test_a_run_in_which_nobody_waited(folder: Path) -> None:
    path = folder / "stalls.csv"
    path.write_text(path.read_text().splitlines(keepends=True)[0])
    stalls = accelsim.load_results(folder).stalls
    assert stalls.empty
    assert (stalls["end_cycle"] - stalls["start_cycle"]).sum() == 0
