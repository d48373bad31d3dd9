"""The folder of a sweep: what may be written into it, and what it is known by."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.energy.table import read_energy_table
from accelsim.sweep.folder import begin, check_place, locked, stored_definition, stored_sweep
from accelsim.sweep.journal import JOURNAL, Journal
from accelsim.sweep.reading import read_sweep
from tests.cli.tiny import CONFIG, NETWORK
from tests.results.runs import CONFIGS
from tests.sweep.tiny_sweeps import AXES, evaluations_of, refusal, sweep_file, tiny_sweep


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """The folder of a sweep with a point in its journal."""
    folder = tmp_path / "sweep"
    sweep = tiny_sweep(tmp_path)
    begin(folder, sweep, resume=False, force=False)
    with Journal(folder / JOURNAL, sweep.definition.sha256) as journal:
        journal.append(evaluations_of(sweep)[:1])
    return folder


def test_a_folder_says_what_it_is_of(tmp_path: Path, begun: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    stored = stored_sweep(begun)
    assert stored.definition == sweep.definition
    assert stored.definition.sha256 == sweep.definition.sha256
    assert list(stored.networks[0]) == list(sweep.networks[0])
    assert str(tmp_path) not in (begun / "sweep.json").read_text()


def test_a_sweep_is_not_overwritten_unless_that_is_asked_for(tmp_path: Path, begun: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    assert "there is a sweep here already; give --resume" in refusal(begin, begun, sweep, resume=False, force=False)
    begin(begun, sweep, resume=True, force=False)
    assert (begun / JOURNAL).exists()
    begin(begun, sweep, resume=False, force=True)
    assert not (begun / JOURNAL).exists()


def test_what_has_no_point_yet_is_begun_anew(tmp_path: Path, begun: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    with Journal(begun / JOURNAL, sweep.definition.sha256):
        pass
    begin(begun, sweep, resume=False, force=False)


@pytest.mark.parametrize(
    ("axes", "more", "differs"),
    [
        (AXES.replace("[4, 8]", "[4, 16]"), "", "axes"),
        (AXES, "constraints: [1 < 2]\n", "constraints"),
        (AXES, "variants: [fused]\n", "base, variants"),
        (AXES, "objectives: [fused.cycles]\n", "objectives"),
    ],
)
def test_another_sweep_is_not_resumed(tmp_path: Path, begun: Path, axes: str, more: str, differs: str) -> None:
    message = refusal(begin, begun, tiny_sweep(tmp_path, axes, more), resume=True, force=False)
    assert f"the sweep here is another one: it differs in {differs}; give --force" in message


def test_a_folder_holds_the_table_of_energies_as_long_as_the_sweep_has_one(tmp_path: Path) -> None:
    path = sweep_file(tmp_path)
    (tmp_path / "config.yaml").write_text(CONFIG + f"  energy: {CONFIGS / 'energy' / '45nm.yaml'}\n")
    with_table = read_sweep(path)
    folder = tmp_path / "sweep"
    begin(folder, with_table, resume=False, force=False)
    assert read_energy_table(folder / "energy.yaml") == with_table.definition.energy_table
    assert stored_sweep(folder).definition == with_table.definition
    without = tiny_sweep(tmp_path)
    assert "it differs in base, energy_table;" in refusal(begin, folder, without, resume=True, force=False)
    begin(folder, without, resume=False, force=True)
    assert not (folder / "energy.yaml").exists()


def test_another_network_is_another_sweep(tmp_path: Path, begun: Path) -> None:
    path = sweep_file(tmp_path)
    changed = NETWORK.replace("out_channels: 8", "out_channels: 4")
    (tmp_path / "net.yaml").write_text(changed)
    assert "it differs in networks;" in refusal(begin, begun, read_sweep(path), resume=True, force=False)
    (begun / "networks" / "net.yaml").write_text(changed)
    assert "this is not the network that the sweep was begun with" in refusal(stored_sweep, begun)


def test_only_one_sweep_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "sweep"
    with locked(folder):
        assert refusal(locked(folder).__enter__) == f"{folder}: another sweep is at work in this folder"
    with locked(folder):
        pass


def test_other_things_are_not_touched(tmp_path: Path) -> None:
    check_place(tmp_path / "none")
    with locked(tmp_path / "empty"):
        pass
    check_place(tmp_path / "empty")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    assert "holds something else than a sweep" in refusal(check_place, tmp_path / "full")
    assert "this is a file" in refusal(check_place, tmp_path / "full" / "thesis.tex")
    assert "the sweep cannot go here" in refusal(locked(tmp_path / "full" / "thesis.tex" / "x").__enter__)


def test_what_is_no_sweep_is_not_read(tmp_path: Path, begun: Path) -> None:
    assert "is no folder of a sweep: sweep.json: no such file" in refusal(stored_definition, tmp_path)
    path = begun / "sweep.json"
    text = path.read_text()
    path.write_text(text.replace('"schema_version": 3', '"schema_version": 0'))
    assert refusal(stored_definition, begun).endswith("schema_version: must be 3, not 0; sweep anew")
    path.write_text(text[:100])
    assert refusal(stored_definition, begun).startswith(f"{path}: Invalid JSON")
