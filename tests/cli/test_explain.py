"""``accelsim explain``: which layers it finds, and how much it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.cli import main
from tests.cli.tiny import names


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["conv", "bn", "relu"])
def test_explain_finds_a_layer_by_any_of_its_nodes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "config.yaml", "--layer", name]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "tiny: conv on small" in printed.out


@pytest.mark.usefixtures("folder")
def test_explain_shows_as_many_operations_as_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    # Three loads, a multiplication, a drain and a store.
    assert main(["explain", "config.yaml", "--layer", "conv", "--operations", "2"]) == 0
    assert "program, fused: 2 of 6 operations" in capsys.readouterr().out
    assert main(["explain", "config.yaml", "--layer", "conv"]) == 0
    assert "program, fused: 6 of 6 operations" in capsys.readouterr().out


def test_explain_refuses_an_unknown_layer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "config.yaml", "--layer", "covn"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "error: --layer: no layer of the network is called 'covn'; did you mean 'conv'?\n"
    assert names(folder) == {"config.yaml", "net.yaml"}


@pytest.mark.parametrize("count", ["-1", "1.5", "all"])
def test_explain_refuses_a_number_of_operations_that_is_none(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["explain", "config.yaml", "--layer", "conv", "--operations", count])
    assert caught.value.code == 2
    assert capsys.readouterr().out == ""
