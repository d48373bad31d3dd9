"""``accelsim run``: what is printed where, and what may be asked for."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import get_args

import pytest

from accelsim.cli import main
from accelsim.cli.arguments import VARIANTS
from accelsim.config import LoadedConfig, Variant
from accelsim.experiment import LayersDone
from accelsim.report.terminal import progress
from accelsim.results.result import Result, simulate
from tests.cli.tiny import LRN, NETWORK, names
from tests.report.terminal.fake_terminal import FakeTerminal

RUN = ["run", "config.yaml", "-o", "out"]


def headings(text: str) -> list[str]:
    """Return the first line of the headings of the layers, the first that holds anything."""
    return text.strip("\n").splitlines()[0].split()


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err.splitlines()[-1]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ("stalled,cycles", ["stalled", "stalled", "cycles", "cycles", "saved"]),
        ("cycles, stalled", ["cycles", "cycles", "saved", "stalled", "stalled"]),
        ("macs,macs", ["MACs", "MACs"]),
        ("function", ["function", "%", "function", "%"]),
    ],
)
def test_columns_are_shown_as_they_are_asked_for(
    columns: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*RUN, "--columns", columns]) == 0
    assert headings(capsys.readouterr().out) == words


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ("cyles", "there is no column 'cyles'; did you mean 'cycles'?"),
        ("cycles,Stalled", "there is no column 'Stalled'; did you mean 'stalled'?"),
        ("xyz", "there is no column 'xyz'; there are kind, macs, ops, "),
        ("", "there is no column ''; there are kind, macs, ops, "),
    ],
)
def test_an_unknown_column_is_refused_with_the_nearest(
    columns: str, words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"argument --columns: {words}" in refusal([*RUN, "--columns", columns], capsys)
    assert names(folder) == {"config.yaml", "net.yaml"}


def test_energies_that_nothing_says_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--columns", "cycles,energy"]) == 2
    said = "error: --columns: no 'energy': the configuration names no table of energies (run.energy)\n"
    assert capsys.readouterr() == ("", said)
    assert names(folder) == {"config.yaml", "net.yaml"}


@pytest.mark.usefixtures("folder")
def test_columns_that_are_asked_for_are_shown_on_any_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = FakeTerminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "40")
    assert main([*RUN, "--columns", "array,stalled,cycles,dram"]) == 0
    assert terminal.getvalue().count("stalled") == 2


@pytest.mark.usefixtures("folder")
def test_wide_shows_all_columns_that_have_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--wide"]) == 0
    line = " ".join(headings(capsys.readouterr().out))
    for words in ("MACs MACs", "start start", "read KiB read KiB", "BN % BN %", "activation % activation %"):
        assert words in line
    assert "function" not in line  # this machine has none


def test_wide_leaves_names_whole_on_any_terminal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "net.yaml").write_text(NETWORK.replace("name: conv", "name: layer1.0.downsample.conv"))
    monkeypatch.setenv("COLUMNS", "40")
    for option, is_whole in (("--columns=cycles", False), ("--wide", True)):
        terminal = FakeTerminal()
        monkeypatch.setattr(sys, "stdout", terminal)
        assert main([*RUN, "--force", option]) == 0
        assert ("layer1.0.downsample.conv" in terminal.getvalue()) == is_whole


@pytest.mark.usefixtures("folder")
def test_json_is_the_summary_and_nothing_else(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main([*RUN, "--json"]) == 0
    printed = capsysbinary.readouterr()
    assert printed.out == Path("out/summary.json").read_bytes()
    assert printed.err == b""
    assert json.loads(printed.out)["network"] == "tiny"


def test_json_holds_what_is_not_modelled(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "net.yaml").write_text(NETWORK + LRN)
    assert main([*RUN, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["unmodelled"]) == 2


def test_quiet_prints_nothing_but_writes_everything(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "net.yaml").write_text(NETWORK + LRN)
    assert main([*RUN, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert (folder / "out" / "summary.json").exists()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("option", ["--quiet", "--json"])
def test_errors_are_printed_all_the_same(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, option, "--set", "run.batch=0"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: --set run.batch: ")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "options",
    [["--json", "--quiet"], ["--json", "--wide"], ["--wide", "--columns", "cycles"], ["--quiet", "--columns", "macs"]],
)
def test_only_one_thing_can_be_printed(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert "not allowed with argument" in refusal([*RUN, *options], capsys)


def test_help_names_all_columns(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    assert "in this order: kind, macs, ops, start, cycles, compute, stalled, read, " in capsys.readouterr().out


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> FakeTerminal:
    """A terminal, and a simulation that lasts until this terminal shows how far it is, if it is to show that at all.

    The terminal has to take the place of standard error in the test itself.
    """
    terminal = FakeTerminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(progress, "DELAY_SECONDS", 0)

    def simulated(config: LoadedConfig, layers_done: LayersDone | None = None) -> Result:
        result = simulate(config, layers_done)
        if layers_done is not None:
            terminal.wait_for("2 of 2 layers")
        return result

    monkeypatch.setattr("accelsim.results.result.simulate", simulated)
    return terminal


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("option", [[], ["--json"]])
def test_a_long_run_shows_how_far_it_is_on_standard_error_alone(
    option: list[str], slow: FakeTerminal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", slow)
    assert main([*RUN, *option]) == 0
    assert "2 of 2 layers" in slow.getvalue()
    assert slow.getvalue().endswith("\x1b[2K")  # erased
    shown = capsys.readouterr().out
    assert "layers" not in shown
    assert "\x1b" not in shown


@pytest.mark.usefixtures("folder")
def test_a_quiet_run_shows_no_bar(slow: FakeTerminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", slow)
    assert main([*RUN, "--quiet"]) == 0
    assert slow.getvalue() == ""


@pytest.mark.usefixtures("folder", "slow")
def test_a_pipe_gets_nothing_of_the_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main([*RUN, "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert json.loads(printed.out)["network"] == "tiny"


@pytest.mark.usefixtures("few_figures")
def test_traces_and_a_report_can_be_written_with_the_results(folder: Path) -> None:
    assert main([*RUN, "--trace", "--vcd", "--report", "--quiet"]) == 0
    assert main(["run", "config.yaml", "-o", "plain", "--quiet"]) == 0
    further = names(folder / "out") - names(folder / "plain")
    assert further == {"trace.json", "waves.vcd", "waves.gtkw", "report.html"}


@pytest.mark.usefixtures("folder", "few_figures")
@pytest.mark.parametrize(
    ("option", "name", "command"),
    [
        ("--trace", "trace.json", ["trace", "out", "-o", "again.json"]),
        ("--vcd", "waves.vcd", ["trace", "out", "-o", "again.vcd"]),
        ("--report", "report.html", ["report", "out", "-o", "again.html"]),
    ],
)
def test_they_are_those_of_the_commands_of_their_own(option: str, name: str, command: list[str]) -> None:
    assert main([*RUN, option, "--quiet"]) == 0
    assert main(command) == 0
    assert Path("out", name).read_bytes() == Path(command[-1]).read_bytes()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("option", "library"), [("--vcd", "vcd"), ("--report", "bokeh")])
def test_without_its_library_nothing_is_simulated(
    option: str, library: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("accelsim.optional.find_spec", lambda name: None if name == library else object())
    assert main([*RUN, option]) == 2
    assert capsys.readouterr().err == f"error: this needs {library}: pip install 'accelsim[report]'\n"
    assert not Path("out").exists()


@pytest.mark.usefixtures("folder")
def test_folding_into_a_requantiser_needs_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--variants", "fused", "fused_into_requant"]) == 2
    refused = capsys.readouterr().err
    assert refused.startswith("error: --set run.variants: 'fused_into_requant' folds BN into the multipliers of a")
    assert refused.endswith("set machine.requantization, for instance to {lanes: 32}\n")
    assert not Path("out").exists()


def test_all_variants_can_be_chosen() -> None:
    assert set(VARIANTS) == set(get_args(Variant))
