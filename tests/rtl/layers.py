"""Small layers for the tests of RTL, and a small machine."""

from __future__ import annotations

from typing import Any

from accelsim.config.machine import MachineConfig
from accelsim.config.run import TilingConfig
from accelsim.layers import ConvShape, Epilogue, Layer, StreamShape
from accelsim.mapping.plan import LayerMapping, map_layers
from accelsim.rtl.case import RtlCase, rtl_case
from accelsim.workload.nodes import ActivationKind
from accelsim.workload.shapes import Shape, Window
from tests.hand_built import machine

ALIKE: dict[str, dict[str, Any]] = {name: {"lanes": 3} for name in ("bn", "residual_add", "pooling", "activation")}


def alike(**sections: dict[str, Any]) -> MachineConfig:
    """Build the hand-built machine with stages as wide as its array, and no latencies."""
    none = {name: stage | {"latency_cycles": 0} for name, stage in ALIKE.items()}
    return machine(**{name: none.get(name, {}) | sections.get(name, {}) for name in none.keys() | sections.keys()})


def convolution(
    inputs: int, outputs: int, *, side: int = 3, kernel: int = 1, groups: int = 1, **epilogue: Any
) -> Layer:
    output = side - kernel + 1
    window = Window((kernel, kernel))
    shape = ConvShape(1, Shape(inputs, side, side), Shape(outputs, output, output), window, groups)
    return Layer("conv", "conv", shape, Epilogue(**epilogue), ("conv",), ("input", "skip"))


def streamed(channels: int, *, side: int = 4, window: Window | None = None, **epilogue: Any) -> Layer:
    window = window or Window()
    source = Shape(channels, side, side)
    shape = StreamShape(1, source, Shape(channels, *window.output_size(side, side)), window)
    return Layer("stream", "add", shape, Epilogue(**epilogue), ("stream",), ("input", "skip"))


def activated(kind: ActivationKind | None) -> Layer:
    return streamed(2, activation=kind)


def mapped(machine: MachineConfig, layer: Layer) -> LayerMapping:
    """Map a layer to a single tile."""
    return map_layers(machine, [layer], {layer.name: TilingConfig()})[layer.name]


def case_of(layer: Layer, machine: MachineConfig | None = None, *, has_bn: bool = True) -> RtlCase:
    machine = machine or alike()
    return rtl_case("case", machine, layer, mapped(machine, layer), has_bn=has_bn, seed=5)
