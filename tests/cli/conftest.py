from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.cli import main
from tests.cli.tiny import CONFIG, NETWORK
from tests.report.page.pages import leave_out_figures


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a configuration and its network."""
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "net.yaml").write_text(NETWORK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def results(folder: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The result folder of that configuration."""
    assert main(["run", "config.yaml", "-o", "results"]) == 0
    capsys.readouterr()
    return folder / "results"


@pytest.fixture
def few_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports with one figure: the others take most of the time, and say nothing of where a report goes."""
    leave_out_figures(monkeypatch)
