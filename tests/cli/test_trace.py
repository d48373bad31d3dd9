"""``accelsim trace``: what it writes where, and what it refuses."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from accelsim import optional
from accelsim.cli import main
from accelsim.report.traces import trace_event
from tests.cli.tiny import names, refused
from tests.report.traces.waveform import read_vcd


def test_a_trace_goes_to_the_results(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = names(results)
    assert main(["trace", "results"]) == 0
    assert capsys.readouterr().out == "JSON: results/trace.json\n"
    assert names(results) - before == {"trace.json"}
    assert json.loads((results / "trace.json").read_text())["otherData"]["network"] == "tiny"


def test_a_vcd_comes_with_a_save_file(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = names(results)
    assert main(["trace", "results", "--format", "vcd"]) == 0
    assert capsys.readouterr().out == "VCD: results/waves.vcd, results/waves.gtkw\n"
    assert names(results) - before == {"waves.vcd", "waves.gtkw"}
    assert '[dumpfile] "waves.vcd"' in (results / "waves.gtkw").read_text()


@pytest.mark.usefixtures("results")
def test_the_name_of_the_file_says_the_format(folder: Path) -> None:
    for name in ("my.json", "my.json.gz", "my.vcd"):
        assert main(["trace", "results", "-o", name]) == 0
    assert json.loads((folder / "my.json").read_text()) == json.loads(
        gzip.decompress((folder / "my.json.gz").read_bytes())
    )
    assert read_vcd(folder / "my.vcd").spans("fused.layer")[0][2] == "conv"


@pytest.mark.usefixtures("results")
def test_a_window_of_cycles(folder: Path) -> None:
    assert main(["trace", "results", "--cycles", "10:20", "-o", "my.vcd"]) == 0
    waveform = read_vcd(folder / "my.vcd")
    assert (waveform.start, waveform.end) == (10, 20)


@pytest.mark.usefixtures("results")
def test_what_cannot_be_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = names(folder)
    assert refused(capsys, "trace", "results", "-o", "x.txt") == "error: x.txt: must end in .json, .json.gz or .vcd\n"
    assert refused(capsys, "trace", "results", "--format", "json", "-o", "x.vcd") == (
        "error: x.vcd: a file of --format json ends in .json or .json.gz\n"
    )
    assert (
        refused(capsys, "trace", "results", "--layer", "con")
        == "error: there is no layer 'con'; did you mean 'conv'?\n"
    )
    assert refused(capsys, "trace", "nowhere") == "error: nowhere: no such result folder\n"
    assert names(folder) == before


@pytest.mark.parametrize(("there", "form"), [("trace.json", "json"), ("waves.vcd", "vcd"), ("waves.gtkw", "vcd")])
def test_nothing_is_replaced_without_force(
    there: str, form: str, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (results / there).write_text("mine")
    before = names(results)
    assert "is there already; give --force" in refused(capsys, "trace", "results", "--format", form)
    assert names(results) == before
    assert (results / there).read_text() == "mine"
    assert main(["trace", "results", "--format", form, "--force"]) == 0
    assert (results / there).read_text() != "mine"


def test_a_trace_that_is_too_large_leaves_nothing(
    results: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = names(results)
    monkeypatch.setattr(trace_event, "MAX_SLICES", 3)
    assert "more than the 3 that viewers can load; choose a part with `accelsim trace --layer" in refused(
        capsys, "trace", "results"
    )
    assert names(results) == before
    assert main(["trace", "results", "--format", "vcd"]) == 0


def test_without_the_library_for_vcd_it_says_what_to_install(
    results: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = names(results)
    monkeypatch.setattr(optional, "find_spec", lambda _: None)
    expected = "error: this needs vcd: pip install 'accelsim[report]'\n"
    assert refused(capsys, "trace", "results", "--format", "vcd") == expected
    assert names(results) == before
