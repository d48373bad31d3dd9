"""``accelsim plot``: what is drawn, where it goes, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.cli import main
from accelsim.report.figures.kinds import KINDS
from accelsim.results.folder import write_results
from tests.cli.tiny import names
from tests.report.figures.runs import fused_alone, without_energies
from tests.results.runs import result_of

PICTURES = {f"{kind}.svg" for kind in KINDS}


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A result folder in the working directory."""
    monkeypatch.chdir(tmp_path)
    write_results(result_of("alpha5"), "results")
    return tmp_path / "results"


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["plot", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


def test_all_kinds_go_into_the_result_folder_as_the_same_bytes_each_time(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = names(results)
    assert main(["plot", "results"]) == 0
    assert names(results) == before | PICTURES
    assert capsys.readouterr().out.splitlines() == [f"{kind}: results/{kind}.svg" for kind in KINDS]
    first = {name: (results / name).read_bytes() for name in PICTURES}
    assert main(["plot", "results", "--force"]) == 0
    assert {name: (results / name).read_bytes() for name in PICTURES} == first


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_is_drawn_alone(kind: str, results: Path) -> None:
    before = names(results)
    assert main(["plot", "results", "--kind", kind]) == 0
    assert names(results) == before | {f"{kind}.svg"}


@pytest.mark.parametrize(("name", "beginning"), [("a.pdf", b"%PDF"), ("b/c.PNG", b"\x89PNG"), ("d.svg", b"<?xml")])
@pytest.mark.usefixtures("results")
def test_the_name_of_the_file_says_the_format(name: str, beginning: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", "results", "--kind", "cycles", "-o", name]) == 0
    assert Path(name).read_bytes().startswith(beginning)
    assert capsys.readouterr().out == f"cycles: {name}\n"


def test_one_variant_gets_what_one_is_enough_for(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_results(fused_alone(), results, force=True)
    assert main(["plot", "results"]) == 0
    assert names(results) & PICTURES == PICTURES - {"saving.svg"}
    assert capsys.readouterr().out.splitlines()[-1] == "saving: not drawn, since fused and unfused did not both run"


def test_without_energies_they_are_not_drawn(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_results(without_energies(), results, force=True)
    assert main(["plot", "results"]) == 0
    assert names(results) & PICTURES == PICTURES - {"energy.svg"}
    last = "energy: not drawn, since the configuration names no table of energies (run.energy)"
    assert capsys.readouterr().out.splitlines()[-1] == last


def test_a_part_of_time_gets_what_is_over_time(results: Path) -> None:
    assert main(["plot", "results", "--cycles", "90:110"]) == 0
    assert names(results) & PICTURES == {"timeline.svg", "bandwidth.svg"}


@pytest.mark.usefixtures("results")
def test_files_are_replaced_only_with_force(capsys: pytest.CaptureFixture[str]) -> None:
    Path("cycles.svg").write_text("mine")
    command = ["results", "--kind", "cycles", "-o", "cycles.svg"]
    assert "cycles.svg: is there already; give --force to replace it" in refused(command, capsys)
    assert Path("cycles.svg").read_text() == "mine"
    assert main(["plot", *command, "--force"]) == 0
    assert Path("cycles.svg").read_text().startswith("<?xml")


def test_one_file_in_the_way_keeps_all_from_being_written(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (results / "saving.svg").write_text("mine")
    assert "results/saving.svg: is there already" in refused(["results"], capsys)
    assert names(results) & PICTURES == {"saving.svg"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "a.svg"], "-o: one file holds one figure: say with --kind which"),
        (
            ["--kind", "cycles", "-o", "a.jpg"],
            "a.jpg: a figure's file must end in one of .svg, .pdf, .png, not in '.jpg'",
        ),
        (["--layer", "covn"], "there is no layer 'covn'; did you mean 'conv'?"),
        (
            ["--kind", "roofline", "--cycles", "1:2"],
            "--cycles: 'roofline' is of whole layers; timeline and bandwidth show a part of time",
        ),
        (["--cycles", "1000:2000"], "there is nothing in the cycles 1,000 to 2,000: the run ends after 688"),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_nothing_written(
    arguments: list[str], message: str, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = names(results), names(results.parent)
    assert refused(["results", *arguments], capsys) == f"error: {message}\n"
    assert (names(results), names(results.parent)) == before


def test_saving_needs_both_variants(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_results(fused_alone(), results, force=True)
    assert "only fused ran" in refused(["results", "--kind", "saving"], capsys)


def test_a_folder_without_results_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is no result folder: there is no summary.json in it" in refused([str(tmp_path)], capsys)
    assert names(tmp_path) == set()


def test_an_unknown_kind_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["plot", "results", "--kind", "pie"])
    assert caught.value.code == 2
    assert "invalid choice: 'pie'" in capsys.readouterr().err
