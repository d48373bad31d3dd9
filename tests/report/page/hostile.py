"""A result whose every name is made to be more than text in a page, if the page lets it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import accelsim
from accelsim.results.result import Result
from tests.results.runs import CONFIGS

NETWORK = "</script><script>alert('network')</script>"
MACHINE = "<svg onload=alert('machine')>"
LAYERS = [
    "<script>alert('layer')</script>",
    "$$x_1$$",
    "<img src=x onerror=alert('layer')> {{ 7 * 7 }} @what",
    "<!--<script>",
]
"""In order of execution; the last is a BatchNorm that stays."""
FOLDED, UNFOLDED = ["<b>first</b>", "&lt;second&gt;"], LAYERS[-1]
OPERATOR = "<u>LRN</u>"

_WORKLOAD = f"""\
name: "{NETWORK}"
input: {{channels: 8, height: 4, width: 4}}
layers:
  - {{name: "{LAYERS[0]}", op: conv, out_channels: 8, kernel: 3, padding: 1}}
  - {{name: "{FOLDED[0]}", op: batchnorm}}
  - {{name: "{LAYERS[1]}", op: conv, out_channels: 8, kernel: 1}}
  - {{name: "{FOLDED[1]}", op: batchnorm}}
  - {{name: "{LAYERS[2]}", op: maxpool, kernel: 2}}
  - {{name: "<i>norm</i>", op: unmodelled, operator: "{OPERATOR}", shape: [8, 2, 2], operations: 100}}
  - {{name: "{LAYERS[3]}", op: batchnorm}}
"""


@cache
def hostile_result() -> Result:
    """Return the result."""
    with TemporaryDirectory() as folder:
        network = Path(folder) / "net.yaml"
        network.write_text(_WORKLOAD)
        overrides = [f"run.workload={network}", f'machine.name="{MACHINE}"']
        return accelsim.simulate(accelsim.load_config(CONFIGS / "alpha5.yaml", overrides))
