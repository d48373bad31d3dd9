"""A layer that does not fit the machine is blamed on the file that asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.config import load_config
from accelsim.errors import MappingError
from accelsim.results.result import simulate

NETWORK = """\
name: net
input: {channels: 512, height: 32, width: 32}
layers:
  - {name: features.1, op: conv, out_channels: 512, kernel: 9, padding: 4}
"""


@pytest.fixture
def config(repository: Path, tmp_path: Path) -> Path:
    """A configuration whose last line asks for one tile of a whole layer, for which no buffer has room."""
    (tmp_path / "net.yaml").write_text(NETWORK)
    path = tmp_path / "config.yaml"
    path.write_text(
        f"machine: {repository}/configs/machines/edge32.yaml\n"
        "run:\n  workload: net.yaml\n  tiling:\n    features.1: {reuse: ifmap}\n"
    )
    return path


def refusal(path: Path, *overrides: str) -> str:
    with pytest.raises(MappingError) as caught:
        simulate(load_config(path, overrides))
    return str(caught.value)


def test_a_fixed_tiling_that_does_not_fit_names_its_line(config: Path) -> None:
    assert refusal(config).startswith(f"{config}:5: run.tiling.features.1: layer 'features.1': a tile of ")


def test_a_fixed_tiling_of_no_layer_names_its_line(config: Path) -> None:
    config.write_text(config.read_text().replace("features.1:", "features.2:"))
    message = "no layer has this name; did you mean 'features.1'?"
    assert refusal(config) == f"{config}:5: run.tiling.features.2: {message}"


def test_a_tiling_from_the_command_line_names_that(config: Path) -> None:
    message = refusal(config, "run.tiling.features.1={out_height: 64}")
    assert message.startswith("--set run.tiling.features.1: layer 'features.1': out_height is 64, but")


def test_a_layer_that_fits_in_no_way_names_the_network(config: Path) -> None:
    message = refusal(config, "run.tiling={}", "machine.buffers.ifmap={kib: 1, halves: 16}")
    assert message.startswith(f"{config.parent / 'net.yaml'}: layer 'features.1': no tile fits")
