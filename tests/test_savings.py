"""What README and docs/energy.md say that folding saves is what the same nine simulations come to."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

import accelsim
from accelsim.results.summary import Saving

ROOT = Path(__file__).parents[1]
PLACEMENTS = ("inline", "pass", "offchip")
NETWORKS = ("resnet18", "vgg16_bn", "mobilenet_v2")


@cache
def saving(network: str, placement: str) -> Saving:
    config = accelsim.load_config(ROOT / f"configs/{network}.yaml", [f"machine.bn.placement={placement}"])
    found = accelsim.simulate(config).summary.saving
    assert found is not None
    return found


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_table_of_the_readme(placement: str) -> None:
    cells = [
        f"{saved.cycles_percent:.2f} % / {saved.dram_bytes_percent:.2f} % / {saved.energy_percent:.2f} %"
        for saved in (saving(network, placement) for network in NETWORKS)
    ]
    assert f"| `{placement}` | {' | '.join(cells)} |" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_table_of_energies(placement: str) -> None:
    cells = [
        f"{saved.energy_percent:.2f} % / {saved.energy_delay_percent:.2f} %"
        for saved in (saving(network, placement) for network in NETWORKS)
    ]
    assert f"| `{placement}` | {' | '.join(cells)} |" in (ROOT / "docs/energy.md").read_text(encoding="utf-8")
