"""Results that the figures are tested on, beside those of tests/results/runs.py."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import accelsim
from tests.results.runs import CONFIGS

if TYPE_CHECKING:
    from pathlib import Path

    from accelsim.results.result import Result


@cache
def fused_alone() -> Result:
    """Return a result of the fused variant only."""
    return accelsim.simulate(accelsim.load_config(CONFIGS / "alpha5.yaml", ["run.variants=[fused]"]))


@cache
def without_energies() -> Result:
    """Return a result of a configuration that names no table of energies."""
    return accelsim.simulate(accelsim.load_config(CONFIGS / "alpha5.yaml", ["run.energy=null"]))


NETWORK = """\
name: "costs $1 or $2"
input: {channels: 8, height: 8, width: 8}
layers:
  - {name: conv, op: conv, out_channels: 8, kernel: 3, padding: 1}
  - {name: relu, op: relu}
  - {name: 层, op: batchnorm}
  - {name: "$a$b", op: conv, out_channels: 8, kernel: 1}
"""


def folded_ahead(folder: Path) -> Result:
    """Return a result in which a layer, the BatchNorm 层, is there in the unfused variant alone."""
    (folder / "net.yaml").write_text(NETWORK, encoding="utf-8")
    machine = CONFIGS / "machines" / "edge32.yaml"
    energy = CONFIGS / "energy" / "45nm.yaml"
    (folder / "config.yaml").write_text(f"machine: {machine}\nrun: {{workload: net.yaml, energy: {energy}}}\n")
    return accelsim.simulate(folder / "config.yaml")
