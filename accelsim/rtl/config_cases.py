"""The layers of a configuration, cut to a size that RTL can run, on the machine as it is configured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from accelsim.built_stages import built_stages
from accelsim.config import LoadedConfig
from accelsim.config.run import Variant
from accelsim.experiment import map_variants, plan_network
from accelsim.layers import ConvShape, Epilogue, Layer, StreamShape
from accelsim.mapping.plan import LayerMapping
from accelsim.rtl.case import RtlCase, rtl_case
from accelsim.workload.shapes import Shape

LARGEST_CHANNELS = 40
"""Channels of a layer, or of a group; 40 are more than one fold of arrays up to 32x32."""

LARGEST_GROUPS = 3

MORE_PIXELS = 4
"""Input rows and columns beyond those of one window."""


class _Key(NamedTuple):
    """What makes a case; another with the same is left out."""

    shape: ConvShape | StreamShape
    epilogue: Epilogue
    mapping: LayerMapping
    has_bn: bool


def config_cases(config: LoadedConfig, seed: int) -> Iterator[RtlCase]:
    """Yield the layers of a configuration's network, in both variants, each one once.

    Parameters
    ----------
    config
        The configuration. Tilings that it fixes do not fit smaller layers, and are chosen anew.
    seed
        Seed of the integers that are computed with.

    Raises
    ------
    InputError
        If the network cannot be read or mapped, or machine or a layer is more than what RTL is simulated for.
    """
    machine = config.machine
    layers: dict[Variant, list[Layer]] = {
        variant: [replace(layer, shape=_cut(layer.shape)) for layer in plan]
        for variant, plan in plan_network(config).layers.items()
    }
    mappings = map_variants(machine, layers, {}, config.run.objective)
    done: set[_Key] = set()
    for variant in config.run.variants:
        has_bn = "bn_stage" in built_stages(machine, variant, layers[variant])
        for layer in layers[variant]:
            mapping = mappings[variant][layer.name]
            key = _Key(layer.shape, layer.epilogue, mapping, has_bn)
            if key not in done:
                done.add(key)
                yield rtl_case(f"{layer.name}, {variant}", machine, layer, mapping, has_bn=has_bn, seed=seed)


def _cut(shape: ConvShape | StreamShape) -> ConvShape | StreamShape:
    """Return a layer with the same window over fewer channels and pixels of one image."""
    rows, columns = shape.window.extent
    height = min(shape.input.height, rows + MORE_PIXELS)
    width = min(shape.input.width, columns + MORE_PIXELS)
    pixels = shape.window.output_size(height, width)
    if isinstance(shape, StreamShape):
        channels = min(shape.input.channels, LARGEST_CHANNELS)
        return StreamShape(1, Shape(channels, height, width), Shape(channels, *pixels), shape.window)
    groups = min(shape.groups, LARGEST_GROUPS)
    inputs, outputs = (
        groups * min(side.channels // shape.groups, LARGEST_CHANNELS) for side in (shape.input, shape.output)
    )
    return ConvShape(1, Shape(inputs, height, width), Shape(outputs, *pixels), shape.window, groups)
