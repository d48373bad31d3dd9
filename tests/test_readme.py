"""README and docs show what the commands print."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest

import accelsim
from accelsim.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LIGHT_MODELS = Path(onnx.__file__).parent / "backend/test/data/light"


def console_blocks() -> Iterator[list[tuple[str, str]]]:
    """Commands of README and docs, those of a block together, with the output that they show."""
    for text in (README, *(path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("docs/*.md")))):
        for block in re.findall(r"```console\n\$ accelsim (.*?)```", text, re.DOTALL):
            parts = [part.partition("\n") for part in re.split(r"^\$ accelsim ", block, flags=re.MULTILINE)]
            yield [(command, shown) for command, _, shown in parts]


@pytest.fixture
def clone(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like a fresh clone, to write results into, with the graphs that the onnx package ships."""
    for name in ("configs", "workloads"):
        (tmp_path / name).symlink_to(repository / name)
    for model in LIGHT_MODELS.glob("*.onnx"):
        (tmp_path / model.name).symlink_to(model)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def test_output_is_shown() -> None:
    assert len(list(console_blocks())) >= 3


@pytest.mark.usefixtures("clone")
@pytest.mark.parametrize("block", list(console_blocks()), ids=lambda block: block[0][0])
def test_shown_output_is_what_the_commands_print(
    block: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    for command, shown in block:
        main(shlex.split(command))
        captured = capsys.readouterr()
        check_shown(shown, lines(captured.out + captured.err))


def check_shown(shown: str, printed: list[str]) -> None:
    """Check that what is shown of an output is in it, in this order, and ends as it does."""
    *pieces, last = (lines(piece) for piece in re.split(r"^ \.\.\.\n", shown, flags=re.MULTILINE))
    place = 0
    for piece in filter(None, pieces):  # what lies between them is left out
        place = printed.index(piece[0], place)
        assert printed[place : place + len(piece)] == piece
        place += len(piece)
    assert printed[len(printed) - len(last) :] == last
    assert place + len(last) <= len(printed)


def test_the_figure_with_flush_cycles(repository: Path) -> None:
    config = accelsim.load_config(repository / "configs/alpha5.yaml", ["machine.bn.flush_cycles=1"])
    saving = accelsim.simulate(config).summary.saving
    assert saving is not None
    assert f"{saving.function_unit_busy_percent:.2f}" == "4.43"
    assert "17 of 384, 4.43 %" in README
