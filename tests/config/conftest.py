"""A folder to configure in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.files import MACHINE


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ``configs/`` (a machine, a network), and the working directory beside it."""
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "net.yaml").touch()
    (tmp_path / "configs" / "machine.yaml").write_text(MACHINE)
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    return tmp_path
