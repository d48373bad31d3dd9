"""A small machine and networks of 1x1 convolutions, for figures worked out by hand."""

from __future__ import annotations

from typing import Any

from accelsim.config.machine import MachineConfig
from accelsim.layers import Layer, layers_of
from accelsim.workload.graph import Graph
from accelsim.workload.nodes import Conv, Node
from accelsim.workload.shapes import Shape, Window


def machine(**sections: Any) -> MachineConfig:
    """Build an 8x8 machine with two halves of 1 KiB of everything and 256 psums in each half."""
    settings: dict[str, Any] = {
        "array": {"rows": 8, "cols": 8},
        "accumulator": {"psums": 256},
        "buffers": {name: {"kib": 2} for name in ("ifmap", "weight", "parameter", "residual", "ofmap")},
        "dram": {"bytes_per_cycle": 8},
        "bn": {"lanes": 8},
        "residual_add": {"lanes": 8},
        "pooling": {"lanes": 8},
        "activation": {"lanes": 8},
    }
    for name, section in sections.items():
        settings[name] = settings.get(name, {}) | section if isinstance(section, dict) else section
    return MachineConfig.model_validate(settings)


def network(*nodes: Node, channels: int = 8, side: int = 4) -> list[Layer]:
    return layers_of(Graph("net", Shape(channels, side, side), nodes), batch=1)


def conv(name: str, source: str, channels: int = 8, out: int = 8, **settings: Any) -> Conv:
    """Return a 1x1 convolution."""
    return Conv(name=name, inputs=(source,), in_channels=channels, out_channels=out, window=Window(), **settings)
