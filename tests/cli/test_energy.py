"""``accelsim energy``, and what ``accelsim run`` says of tables of energies."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.cli import main
from accelsim.energy.accelergy import action_counts_yaml
from accelsim.energy.network import experiment_actions
from accelsim.results.folder import write_results
from tests.cli.tiny import names
from tests.report.figures.runs import without_energies
from tests.results.runs import CONFIGS, result_of

TABLE = CONFIGS / "energy" / "45nm.yaml"


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A result folder in the working directory."""
    monkeypatch.chdir(tmp_path)
    write_results(result_of("alpha5"), "results")
    return tmp_path / "results"


@pytest.mark.usefixtures("results")
def test_energies_are_shown_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["energy", "results"]) == 0
    printed = capsys.readouterr().out
    assert "energy, nJ" in printed
    assert "70.2000" in printed


@pytest.mark.usefixtures("results")
def test_actions_are_written_for_accelergy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["energy", "results", "--accelergy", "out"]) == 0
    files = [f"out/{variant}/action_counts.yaml" for variant in ("fused", "unfused")]
    assert capsys.readouterr().out.splitlines()[-2:] == [f"actions: {file}" for file in files]
    result = result_of("alpha5")
    fused, unfused = experiment_actions(result.config.machine, result.experiment)
    assert Path(files[0]).read_text() == action_counts_yaml(fused.actions)
    assert Path(files[1]).read_text() == action_counts_yaml(unfused.actions)


@pytest.mark.usefixtures("results")
def test_actions_are_written_over_others_only_by_force(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["energy", "results", "--accelergy", "out"]
    Path("out/unfused").mkdir(parents=True)
    Path("out/unfused/action_counts.yaml").write_text("mine")
    assert main(command) == 2
    assert "out/unfused/action_counts.yaml: is there already; give --force" in capsys.readouterr().err
    assert names(Path("out")) == {"unfused"}
    assert main([*command, "--force"]) == 0
    assert Path("out/unfused/action_counts.yaml").read_text() != "mine"


def test_without_energies_that_is_said_and_there_are_actions(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_results(without_energies(), results, force=True)
    assert main(["energy", "results", "--accelergy", "out"]) == 0
    first, *files = capsys.readouterr().out.splitlines()
    assert first == "no energies: the configuration names no table of them (run.energy)"
    assert len(files) == 2


@pytest.mark.usefixtures("folder")
def test_a_run_shows_energies_if_its_configuration_names_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "config.yaml", "-o", "out"]) == 0
    assert "energy" not in capsys.readouterr().out
    command = ["run", "config.yaml", "-o", "out", "--force", "--set", f"run.energy={TABLE}"]
    assert main([*command, "--columns", "energy"]) == 0
    printed = capsys.readouterr().out
    for words in (" energy µJ ", "energy, nJ", " energy · delay "):
        assert words in printed


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  read_pj: 1300\n", "", "dram.read_pj: is missing (energy of a read, in pJ)"),
        ("  read_pj: 1300\n", "  read_pj: -1\n", "40: dram.read_pj: must be at least 0, not -1"),
        ("  read_pj: 1300\n", "  red_pj: 1300\n", "40: dram.red_pj: unknown key 'red_pj'; did you mean 'read_pj'?"),
        ("sram:", "sarm:", "27: sarm: unknown key 'sarm'; did you mean 'sram'?"),
    ],
)
def test_a_broken_table_is_refused_before_anything_is_done(
    folder: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, message: str
) -> None:
    (folder / "table.yaml").write_text(TABLE.read_text().replace(old, new))
    before = names(folder)
    assert main(["run", "config.yaml", "-o", "out", "--set", "run.energy=table.yaml"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "table.yaml:" in printed.err
    assert message in printed.err
    assert names(folder) == before
