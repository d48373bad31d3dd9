"""``accelsim energy``, and what ``accelsim run`` says of tables of energies."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from accelsim.cli import main
from accelsim.energy.accelergy import action_counts_yaml
from accelsim.energy.network import experiment_actions
from accelsim.results.folder import write_results
from tests.cli.tiny import NETWORK, names
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
    assert printed.splitlines()[-2].split() == ["total", "72.9057", "74.3767", "1.98", "%"]


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
    said = "is there already; give --force to replace it, or another folder with --accelergy"
    assert capsys.readouterr().err == f"error: out/unfused/action_counts.yaml: {said}\n"
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


def test_skipped_folds_take_no_energy(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # 72 rows of K and 16 output channels are 9 x 2 folds on an array of 8 x 8, of which those of the second 8 are zero
    zeros = "out_channels: 16, zero_weights: [{outputs: 8-15}]"
    (folder / "net.yaml").write_text(NETWORK.replace("out_channels: 8", zeros))
    energies = []
    for skips in ("false", "true"):
        settings = [f"run.energy={TABLE}", f"machine.array.skip_zero_folds={skips}"]
        assert main(["run", "config.yaml", "-o", skips, "--set", settings[0], "--set", settings[1]]) == 0
        assert "energy, nJ" in capsys.readouterr().out
        energies.append(energies_of(folder / skips))
    without, skipping = energies
    assert skipping["conv_array"] == pytest.approx(without["conv_array"] / 2)
    assert skipping["dram"] == without["dram"]
    for component in ("accumulator", "ifmap_buffer", "weight_buffer"):
        assert skipping[component] < without[component]
    actions = pd.read_csv(folder / "true" / "actions.csv")
    layers = pd.read_csv(folder / "true" / "layers.csv")
    multiplied = actions[(actions["component"] == "conv_array") & (actions["action"] == "multiply")]
    assert multiplied["count"].tolist() == layers["executed_macs"].tolist() == [16 * 72 * 8] * 2


def energies_of(folder: Path) -> dict[str, float]:
    """Return what each component of the fused machine took, by a result folder."""
    frame = pd.read_csv(folder / "energy.csv")
    fused = frame[frame["variant"] == "fused"]
    return {str(component): float(pj) for component, pj in fused.groupby("component")["energy_pj"].sum().items()}


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
