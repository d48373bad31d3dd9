"""``accelsim export``: what it writes and prints, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.cli import main
from accelsim.layers import layers_of
from accelsim.workload import read_network

ALPHA5 = Path(__file__).parents[2] / "workloads" / "alpha5.yaml"


def test_the_file_is_the_network_and_the_same_every_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, again = tmp_path / "first.onnx", tmp_path / "again.onnx"
    assert main(["export", str(ALPHA5), "-o", str(first), "--seed", "3"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{first}: alpha5: 3 layers (1 conv, 1 batchnorm), 592 parameters, 9,216 MACs",
        "weights: random, seed 3",
    ]
    assert main(["export", str(ALPHA5), "-o", str(again), "--seed", "3"]) == 0
    assert first.read_bytes() == again.read_bytes()
    assert layers_of(read_network(first), batch=1) == layers_of(read_network(ALPHA5), batch=1)


def test_help_says_that_trained_weights_are_not_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    with pytest.raises(SystemExit):
        main(["export", "--help"])
    assert "those of a network that has some, as trained ONNX models do, are not kept" in capsys.readouterr().out


def test_a_file_that_is_there_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = tmp_path / "net.onnx"
    there.write_text("mine")
    assert main(["export", str(ALPHA5), "-o", str(there)]) == 2
    assert "give --force" in capsys.readouterr().err
    assert there.read_text() == "mine"


@pytest.mark.parametrize("share", ["1.5", "-1", "half", "nan"])
def test_a_share_is_from_0_to_1(share: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["export", str(ALPHA5), "-o", "net.onnx", f"--small-gammas={share}"])
    assert f"'{share}' is no share, from 0 to 1" in capsys.readouterr().err
