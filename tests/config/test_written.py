"""A configuration written out in full is the same configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelsim.config import Config, load_config, resolved_yaml
from tests.config.files import INLINE, config_file


def reloaded(folder: Path, config: Config) -> Config:
    path = folder / "configs" / "again.yaml"
    path.write_text(resolved_yaml(config))
    return load_config(path).config


def test_the_resolved_configuration_gives_the_same_configuration(folder: Path) -> None:
    overrides = [
        "run.tiling.layer2.0.conv1.out_height=7",
        "machine.clock_mhz=1e-5",
        "machine.bn.intermediate_bits=9",
        "run.input_shape=[3, 224, 200]",
    ]
    config = load_config(config_file(folder, INLINE), overrides).config
    assert reloaded(folder, config) == config
    assert resolved_yaml(config) == resolved_yaml(reloaded(folder, config))


def test_the_resolved_configuration_is_complete_and_readable(folder: Path) -> None:
    text = resolved_yaml(load_config(config_file(folder, INLINE), ["run.output=here"]).config)
    assert text.startswith("machine:\n  name: small\n  clock_mhz: 500.0\n  array:\n    rows: 8\n    cols: 8\n")
    assert "    bytes_per_cycle: 64/5\n" in text
    assert "    burst_bytes: 256\n" in text
    run = "run:\n  workload: net.yaml\n  strict: false\n  batch: 1\n  variants:\n  - fused\n  - unfused\n"
    assert text.endswith(run + "  objective: traffic\n  tiling: {}\n")
    assert "output" not in text
    assert "null" not in text


def test_files_can_be_named_anew(folder: Path) -> None:
    (folder / "configs" / "joules.yaml").touch()
    config = load_config(config_file(folder, INLINE.replace("net.yaml", "net.yaml, energy: joules.yaml"))).config
    assert "  workload: net.yaml\n  energy: joules.yaml\n" in resolved_yaml(config)
    assert "  workload: a.yaml\n  energy: b.yaml\n" in resolved_yaml(config, workload="a.yaml", energy="b.yaml")
    without = load_config(config_file(folder, INLINE)).config
    assert "energy" not in resolved_yaml(without, workload="a.yaml", energy="b.yaml")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t .:#-'\"19e"), max_size=40))
def test_any_text_survives_being_written_and_read(folder: Path, name: str) -> None:
    config = load_config(config_file(folder, INLINE)).config
    data: dict[str, Any] = config.model_dump()
    data["machine"]["name"] = name
    data["run"]["tiling"] = {name or "x": {"images": 1}}
    config = Config.model_validate(data)
    assert reloaded(folder, config) == config


@pytest.mark.parametrize("name", ["1", ".5e3", "0o17", "true", "null", "on", "1:30", "2001-01-01", "<<", "=", "~", ""])
def test_text_that_looks_like_something_else_stays_text(folder: Path, name: str) -> None:
    config = load_config(config_file(folder, INLINE), [f"machine.name='{name}'"]).config
    assert config.machine.name == name
    assert reloaded(folder, config) == config
