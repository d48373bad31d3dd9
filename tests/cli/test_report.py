"""``accelsim report``: what it writes where, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim import optional
from accelsim.cli import main
from tests.cli.tiny import names, refused


def test_a_report_goes_to_the_results(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = names(results)
    assert main(["report", "results"]) == 0
    assert capsys.readouterr().out == "report: results/report.html\n"
    assert names(results) - before == {"report.html"}
    assert "<h1>tiny, batch 1, on small, BN inline</h1>" in (results / "report.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("results", "few_figures")
def test_a_report_goes_where_it_is_sent(folder: Path) -> None:
    assert main(["report", "results", "-o", "sent/tiny.html"]) == 0
    assert names(folder / "sent") == {"tiny.html"}


@pytest.mark.usefixtures("results", "few_figures")
def test_a_part_is_what_the_timeline_shows(folder: Path) -> None:
    assert main(["report", "results", "--cycles", "10:20", "-o", "part.html"]) == 0
    assert main(["report", "results", "--layer", "conv", "-o", "layer.html"]) == 0
    assert "The cycles 10 to 20." in (folder / "part.html").read_text(encoding="utf-8")
    assert "Only conv;" in (folder / "layer.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("results", "few_figures")
def test_a_report_that_is_there_is_replaced_only_by_force(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "my.html").write_text("mine")
    said = refused(capsys, "report", "results", "-o", "my.html")
    assert said == "error: my.html: is there already; give --force to replace it, or another file with -o\n"
    assert (folder / "my.html").read_text() == "mine"
    assert main(["report", "results", "-o", "my.html", "--force"]) == 0
    assert (folder / "my.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.usefixtures("results")
def test_what_cannot_be_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = names(folder)
    assert refused(capsys, "report", "results", "-o", "x.pdf") == "error: x.pdf: a page ends in .html or .htm\n"
    assert refused(capsys, "report", "results", "--layer", "cov", "-o", "x.html") == (
        "error: there is no layer 'cov'; did you mean 'conv'?\n"
    )
    assert "there is nothing in the cycles" in refused(
        capsys, "report", "results", "--cycles", "100000:100001", "-o", "x.html"
    )
    assert refused(capsys, "report", "result", "-o", "x.html") == "error: result: no such result folder\n"
    assert names(folder) == before


@pytest.mark.usefixtures("results")
def test_without_bokeh_it_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(optional, "find_spec", lambda _: None)
    assert (
        refused(capsys, "report", "results", "-o", "x.html")
        == "error: this needs bokeh: pip install 'accelsim[report]'\n"
    )
    assert not (folder / "x.html").exists()
