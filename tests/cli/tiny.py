"""A configuration and its network, in a folder of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.cli import main

NETWORK = """\
name: tiny
input: {channels: 8, height: 4, width: 4}
layers:
  - {name: conv, op: conv, out_channels: 8, kernel: 3, padding: 1}
  - {name: bn, op: batchnorm}
  - {name: relu, op: relu}
"""

CONFIG = """\
machine:
  name: small
  array: {rows: 8, cols: 8}
  accumulator: {psums: 256}
  buffers:
    ifmap: {kib: 4}
    weight: {kib: 4}
    parameter: {kib: 1}
    residual: {kib: 4}
    ofmap: {kib: 4}
  dram: {bytes_per_cycle: 8}
  bn: {lanes: 8}
  residual_add: {lanes: 8}
  pooling: {lanes: 8}
  activation: {lanes: 8}
run:
  workload: net.yaml
"""

LRN = """\
  - {name: norm1, op: unmodelled, operator: LRN, shape: [8, 4, 4], operations: 1000}
  - {name: norm2, op: unmodelled, operator: LRN, shape: [8, 4, 4], operations: 0}
"""

# Of tiny: 2 * 9,216 of the convolution, 128 elements of BN (4 each) and ReLU: 19,072; 1,000 of 20,072 are 4.98 %.
WARNING = "warning: LRN is not modelled and takes no time (2 nodes: norm1, norm2; 4.98 % of the network's operations)"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what is said to arguments that are refused."""
    assert main([*arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err
