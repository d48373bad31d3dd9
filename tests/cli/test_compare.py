"""``accelsim compare``: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accelsim.cli import main
from tests.cli.tiny import NETWORK


@pytest.fixture
def results(folder: Path) -> Path:
    """Results of three machines: one, one with a larger array, one that has only been simulated fused."""
    assert main(["run", "config.yaml", "-o", "one", "--quiet"]) == 0
    assert main(["run", "config.yaml", "-o", "larger", "--quiet", "--set", "machine.array.rows=16"]) == 0
    assert main(["run", "config.yaml", "-o", "fused", "--quiet", "--variants", "fused"]) == 0
    return folder


def compared(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["compare", *arguments]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out


def cycles(folder: str) -> dict[str, int]:
    variants = json.loads(Path(folder, "summary.json").read_text())["variants"]
    return {variant: totals["cycles"] for variant, totals in variants.items()}


@pytest.mark.usefixtures("results")
def test_what_differs_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    lines = compared("one", "larger", capsys=capsys).splitlines()
    assert lines[:2] == ["A: one: tiny, batch 1, on small", "B: larger: tiny, batch 1, on small"]
    words = [line.split() for line in lines if line]
    assert ["machine.array.rows", "8", "16"] in words
    for variant in ("fused", "unfused"):
        a, b = cycles("one")[variant], cycles("larger")[variant]
        assert a != b
        assert ["cycles", f"{a:,}", f"{b:,}", f"{100 * (b - a) / a:+.2f}", "%"] in words
        assert ["total,", variant, "A", "B", "change"] in words
    assert lines.count("layers in both: 1, of which 1 changed") == 2
    assert lines == [line.rstrip() for line in lines]


@pytest.mark.usefixtures("results")
def test_identical_results_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "one/config.yaml", "-o", "again", "--quiet"]) == 0
    assert compared("one", "again", capsys=capsys) == "one and again are identical, in configuration and figures\n"


@pytest.mark.usefixtures("results")
@pytest.mark.parametrize("of_b", ["fused", "fused_into_requant"])
def test_identical_variants_are_named_and_nothing_is_said_of_others(
    of_b: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # a network without BatchNorm is the same however it would be folded
    Path("net.yaml").write_text(NETWORK.replace("  - {name: bn, op: batchnorm}\n", ""))
    options = ["--set", "machine.requantization={lanes: 8}", "--variants", "fused", "fused_into_requant"]
    assert main(["run", "config.yaml", "-o", "plain", "--quiet", *options]) == 0
    text = compared("plain", "plain", "--variants", "fused", of_b, capsys=capsys)
    assert text == f"fused of plain and {of_b} of plain are identical, in configuration and figures\n"


@pytest.mark.usefixtures("results")
def test_only_variants_that_both_have_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    text = compared("one", "fused", capsys=capsys)
    assert "total, fused" in text
    assert "total, unfused" not in text
    assert "run.variants" in text
    # nothing has changed, so that there is no table of layers, unless all are asked for
    assert "layers in both: 1, of which 0 changed" in text
    assert "\n layer " not in text
    assert "\n layer " in compared("one", "fused", "--all", capsys=capsys)


@pytest.mark.usefixtures("results")
def test_variants_can_be_crossed(capsys: pytest.CaptureFixture[str]) -> None:
    text = compared("one", "one", "--variants", "unfused", "fused", capsys=capsys)
    assert "A is shown unfused, B fused" in text
    assert f"{cycles('one')['unfused']:,}" in text


@pytest.mark.usefixtures("results")
def test_wide_shows_all_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert "output channels" not in compared("one", "larger", capsys=capsys)
    assert "output channels" in compared("one", "larger", "--wide", capsys=capsys)


@pytest.mark.usefixtures("results")
def test_json_is_all_there_is_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    comparison = json.loads(compared("one", "larger", "--json", capsys=capsys))
    assert comparison["identical"] is False
    assert comparison["config"] == {"machine.array.rows": {"a": 8, "b": 16}}
    fused, unfused = comparison["variants"]
    assert (fused["a"], unfused["b"]) == ("fused", "unfused")
    assert fused["totals"]["cycles"]["a"] == cycles("one")["fused"]
    assert fused["layers"][0]["figures"]["cycles"]["b"] == cycles("larger")["fused"]
    assert "one" not in json.dumps(comparison["a"])  # no path


@pytest.mark.usefixtures("results")
def test_identical_results_are_said_to_be_so_in_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(compared("one", "one", "--json", capsys=capsys))["identical"] is True


@pytest.mark.usefixtures("results")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["one", "nowhere"], "error: nowhere: no such result folder\n"),
        (["config.yaml", "one"], "error: config.yaml: this is a file; name the folder it is in\n"),
        (["one", "."], "error: .: is no result folder: there is no summary.json in it\n"),
        (
            ["one", "fused", "--variants", "fused", "unfused"],
            "error: the second result has no variant 'unfused', but only 'fused'\n",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *arguments]) == 2
    assert capsys.readouterr() == ("", words)


@pytest.mark.parametrize("broken", ["layers.csv", "network.yaml", "config.yaml"])
def test_a_folder_with_a_file_missing_is_refused(
    broken: str, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (results / "larger" / broken).unlink()
    assert main(["compare", "one", "larger"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert broken in printed.err


@pytest.mark.parametrize("arguments", [[], ["one"], ["one", "two", "--variants", "fused"], ["one", "two", "three"]])
def test_a_wrong_command_line_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["compare", *arguments])
    assert caught.value.code == 2
    assert capsys.readouterr().out == ""
