"""The figures of docs/energy.md are those that it comes to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import accelsim
from accelsim.report.terminal.energy import energy_table
from tests.report.terminal.printing import printed


@pytest.fixture
def document(repository: Path) -> str:
    """The text of docs/energy.md."""
    return (repository / "docs" / "energy.md").read_text(encoding="utf-8")


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def test_the_example_runs(repository: Path, document: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    example = re.search(r"```python\n(.*?)```", document, re.DOTALL)
    assert example is not None
    names: dict[str, Any] = {}
    exec(example[1], names)  # noqa: S102  it is ours
    fused = names["result"].energy.query("variant == 'fused'")
    assert names["fused"].energy_pj == pytest.approx(fused["energy_pj"].sum())


def test_the_table_is_what_a_run_prints(repository: Path, document: str) -> None:
    config = accelsim.load_config(repository / "configs" / "resnet18.yaml", "machine.bn.placement=offchip")
    shown = re.search(r"```\n( energy, .*?)```", document, re.DOTALL)
    assert shown is not None
    assert lines(shown[1]) == lines(printed(energy_table(accelsim.simulate(config).summary)))
