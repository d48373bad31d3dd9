"""Compute cycles against SCALE-Sim v3 (Raj et al., 2025): its ResNet-18, layer by layer; figures in tests/data/."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import accelsim

with (Path(__file__).parent / "data" / "scalesim3_resnet18_32x32.csv").open(encoding="utf-8") as file:
    LAYERS = list(csv.DictReader(file))

# Room for a layer in one tile: SCALE-Sim streams all output pixels past each fold, whatever its SRAMs hold.
A_GIB = {"kib": 2**20}
STAGE = {"lanes": 32}
MACHINE = {
    "array": {"rows": 32, "cols": 32},
    "accumulator": {"psums": 2**32},
    "buffers": dict.fromkeys(("ifmap", "weight", "parameter", "residual", "ofmap"), A_GIB),
    "dram": {"bytes_per_cycle": 65536},
    **dict.fromkeys(("bn", "residual_add", "pooling", "activation"), STAGE),
}
RUN = {"workload": "network.yaml", "variants": ["fused"], "tiling": {"conv": {}}}


def network(layer: dict[str, str]) -> dict[str, object]:
    """Write a layer of the topology as a network, on an input that ends with the last window.

    SCALE-Sim has no padding and rounds a ragged output up, so the last window may reach over its input.
    """
    stride = int(layer["stride"])
    sides = {}
    for side in ("height", "width"):
        size, kernel = int(layer[f"ifmap_{side}"]), int(layer[f"filter_{side}"])
        outputs = -(-(size - kernel + stride) // stride)
        sides[side] = (outputs - 1) * stride + kernel
    conv = {
        "name": "conv",
        "op": "conv",
        "out_channels": int(layer["filters"]),
        "kernel": [int(layer["filter_height"]), int(layer["filter_width"])],
        "stride": stride,
    }
    return {"name": layer["layer"], "input": {"channels": int(layer["channels"]), **sides}, "layers": [conv]}


def test_the_whole_topology_is_here() -> None:
    # One stem, 16 convolutions in blocks, 3 shortcuts, one classifier.
    assert len(LAYERS) == 21


@pytest.mark.parametrize("dataflow", ["ws", "os"])
@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer["layer"])
def test_compute_cycles_are_those_of_scalesim(layer: dict[str, str], dataflow: str, tmp_path: Path) -> None:
    # JSON is YAML.
    (tmp_path / "network.yaml").write_text(json.dumps(network(layer)))
    (tmp_path / "config.yaml").write_text(json.dumps({"machine": MACHINE, "run": RUN}))
    config = accelsim.load_config(tmp_path / "config.yaml", [f"machine.array.dataflow={dataflow}"])
    events = accelsim.simulate(config).events
    of_array = events[events["unit"] == "conv_array"]
    cycles = (of_array["end_cycle"] - of_array["start_cycle"]).sum()
    # Theirs is the index of the last cycle.
    assert cycles - 1 == int(layer[f"{dataflow}_total_cycles"])
