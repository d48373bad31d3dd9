"""The figures of docs/energy.md are those that it comes to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import accelsim
from accelsim.energy.estimate import saving_between, variant_energy
from accelsim.energy.network import experiment_actions
from accelsim.energy.table import read_energy_table

NETWORKS = ("resnet18", "vgg16_bn", "mobilenet_v2")


@pytest.mark.parametrize("placement", ["inline", "pass", "offchip"])
def test_savings(repository: Path, placement: str) -> None:
    cells = [saved(repository, network, placement) for network in NETWORKS]
    assert f"| `{placement}` | {' | '.join(cells)} |" in (repository / "docs" / "energy.md").read_text(encoding="utf-8")


def saved(repository: Path, network: str, placement: str) -> str:
    config = accelsim.load_config(repository / "configs" / f"{network}.yaml", f"machine.bn.placement={placement}")
    experiment = accelsim.simulate(config).experiment
    table = read_energy_table(repository / "configs" / "energy" / "45nm.yaml")
    layers = experiment_actions(config.machine, experiment)
    fused, unfused = (
        variant_energy(config.machine, table, run.variant, layers, run.cycles) for run in experiment.variants
    )
    saving = saving_between(fused, unfused)
    return f"{saving.energy_percent:.2f} % / {saving.energy_delay_percent:.2f} %"


def test_the_example_runs(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    example = re.search(r"```python\n(.*?)```", (repository / "docs" / "energy.md").read_text(encoding="utf-8"), re.S)
    assert example is not None
    names: dict[str, Any] = {}
    exec(example[1], names)  # noqa: S102  it is ours
    assert names["fused"].total_pj < names["unfused"].total_pj
