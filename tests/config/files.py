"""A small configuration to write into a folder, whole and in parts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from accelsim.config import load_config
from accelsim.errors import InputError

MACHINE = """\
name: small
array: {rows: 8, cols: 8}
accumulator: {psums: 256}
buffers:
  ifmap: {kib: 4}
  weight: {kib: 4}
  parameter: {kib: 1}
  residual: {kib: 4}
  ofmap: {kib: 4}
dram:
  bytes_per_cycle: 12.8
  read_latency_cycles: 3
bn: {lanes: 8}
residual_add: {lanes: 8}
pooling: {lanes: 8}
activation: {lanes: 8}
"""
RUN = "run: {workload: net.yaml}\n"


def indented(text: str) -> str:
    return re.sub("^", "  ", text, flags=re.MULTILINE).rstrip(" ")


INLINE = f"machine:\n{indented(MACHINE)}{RUN}"


def config_file(folder: Path, text: str) -> Path:
    path = folder / "configs" / "config.yaml"
    path.write_text(text)
    return path


def refusal(path: Path | str, *overrides: str) -> str:
    with pytest.raises(InputError) as caught:
        load_config(path, overrides)
    return str(caught.value)


def assert_loads_or_explains(path: Path, *overrides: str) -> None:
    try:
        load_config(path, overrides)
    except InputError as error:
        message = error.message
    else:
        message = "loaded"
    assert message
