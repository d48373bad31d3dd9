"""Random small layers in random tilings, for the chips that RTL is built for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any, NamedTuple

from accelsim.built_stages import built_stages
from accelsim.config.machine import MachineConfig
from accelsim.config.run import TilingConfig, Variant
from accelsim.errors import MappingError
from accelsim.layers import ConvShape, Epilogue, Layer, StreamShape
from accelsim.mapping.plan import LayerMapping, map_layers
from accelsim.program.layer import layer_program
from accelsim.rtl.case import FUNCTIONS, RtlCase, rtl_case
from accelsim.rtl.chips import CHIPS, Chip, random_machine
from accelsim.simulation import simulate_program
from accelsim.workload.shapes import Shape, Window

LONGEST_CYCLES = 30_000
"""What takes longer is drawn again: RTL is to take moments."""


class Source(NamedTuple):
    """What a case is made from."""

    machine: MachineConfig
    layer: Layer
    mapping: LayerMapping
    variant: Variant


def random_cases(seed: int, count: int) -> Iterator[RtlCase]:
    """Yield cases, chip after chip.

    Parameters
    ----------
    seed
        Names the cases; each is the same whatever the count.
    count
        How many.
    """
    for number in range(count):
        yield random_case(seed, number)[1]


def random_case(seed: int, number: int) -> tuple[Source, RtlCase]:
    """Return one of the cases of a seed, and what it was made from."""
    case_seed = seed * 1_000_003 + number
    source = random_source(Random(case_seed), CHIPS[number % len(CHIPS)])  # noqa: S311  nothing here is secret
    machine, layer, mapping, variant = source
    has_bn = "bn_stage" in built_stages(machine, variant, [layer])
    name = f"{seed}/{number}"
    return source, rtl_case(name, machine, layer, mapping, has_bn=has_bn, seed=case_seed)


def random_source(random: Random, chip: Chip) -> Source:
    """Return a machine with this chip, and a layer in some tiling that it can have."""
    while True:
        machine = random_machine(random, chip)
        variant = _random_variant(random, machine, chip)
        unfused, fused = _random_layer(random, machine)
        try:
            mapping = _random_mapping(random, machine, unfused)
        except MappingError:  # nothing of it fits this machine
            continue
        layer = unfused if variant == "unfused" else fused
        if variant == "fused_into_requant" and isinstance(layer.shape, ConvShape):
            folded = random.random() < 0.8  # else what was folded lay ahead of it
            layer = replace(layer, epilogue=layer.epilogue._replace(folded_scale=folded))
        if simulate_program(machine, layer_program(machine, layer, mapping)).cycles <= LONGEST_CYCLES:
            return Source(machine, layer, mapping, variant)


def _random_variant(random: Random, machine: MachineConfig, chip: Chip) -> Variant:
    if machine.requantization and random.random() < 0.35:
        return "fused_into_requant"
    return "fused" if chip.bn_removed or random.random() < 0.3 else "unfused"


def _random_layer(random: Random, machine: MachineConfig) -> tuple[Layer, Layer]:
    """Return a layer without its BatchNorm folded, and with."""
    if random.random() < 0.2:
        return _random_stream(random, machine)
    return _random_convolution(random, machine)


def _random_convolution(random: Random, machine: MachineConfig) -> tuple[Layer, Layer]:
    raster = machine.array.ifmap_streaming == "raster"
    groups = random.choice([1, 1, 1, 2, 3, 6])
    largest = 2 if groups > 1 else random.choice([1, 3, 4, 7])
    window = _random_window(random, largest, largest_stride=1 if raster else 3)
    source = _input_that_fits(random, window, groups * random.randint(1, 2 if groups > 1 else 6))
    fewest, most = (1, 3) if groups > 1 else random.choice([(1, 12), (1, 12), (30, 48)])
    outputs = random.randint(fewest, most)
    output = Shape(groups * outputs, *window.output_size(*source[1:]))
    shape = ConvShape(random.choice([1, 1, 2, 3]), source, output, window, groups)
    tail: dict[str, Any] = {"residual": random.random() < 0.3, "activation": random.choice(FUNCTIONS)}
    reads = ("input", "skip") if tail["residual"] else ("input",)
    unfused = Epilogue(bias=random.random() < 0.3, batchnorm=True, **tail)
    return (
        Layer("conv", "conv", shape, unfused, ("conv", "bn"), reads),
        Layer("conv", "conv", shape, Epilogue(bias=True, **tail), ("conv",), reads),
    )


def _random_stream(random: Random, machine: MachineConfig) -> tuple[Layer, Layer]:
    pooling = random.random() < 0.5 and machine.can_pool
    window = _random_window(random, 3, largest_stride=2) if pooling else Window()
    source = _input_that_fits(random, window, random.randint(1, 9))
    shape = StreamShape(random.choice([1, 2]), source, Shape(source[0], *window.output_size(*source[1:])), window)
    has_bn = not pooling and random.random() < 0.5 and machine.bn.when_fused == "bypassed"
    epilogue = Epilogue(
        batchnorm=has_bn,
        residual=not pooling and random.random() < 0.5,
        pooling=pooling,
        activation=random.choice(FUNCTIONS),
    )
    layer = Layer("stream", "pool" if pooling else "add", shape, epilogue, ("stream",), ("input", "skip"))
    return layer, layer


def _random_window(random: Random, largest: int, largest_stride: int) -> Window:
    kernel = (random.randint(1, largest), random.randint(1, largest))
    top, left, bottom, right = (random.randint(0, kernel[axis % 2] - 1) for axis in range(4))
    return Window(
        kernel=kernel,
        stride=(random.randint(1, largest_stride), random.randint(1, largest_stride)),
        padding=(top, left, bottom, right),
        dilation=(random.choice([1, 1, 2]), random.choice([1, 1, 2])),
    )


def _input_that_fits(random: Random, window: Window, channels: int) -> Shape:
    rows, columns = window.extent
    return Shape(channels, rows + random.randint(0, 5), columns + random.randint(0, 5))


def _random_mapping(random: Random, machine: MachineConfig, layer: Layer) -> LayerMapping:
    """Map a layer: half of the time with some tiling that fits, else with the one that accelsim chooses."""
    for _attempt in range(random.choice([0, 4])):
        try:
            return map_layers(machine, [layer], {layer.name: _random_tiling(random, layer)})[layer.name]
        except MappingError:  # it does not fit this machine
            continue
    return map_layers(machine, [layer], {})[layer.name]


def _random_tiling(random: Random, layer: Layer) -> TilingConfig:
    """Cut at most one dimension of the pixels, and either groups or the channels of a group."""
    shape = layer.shape
    groups = shape.groups if isinstance(shape, ConvShape) else 1
    sizes: dict[str, Any] = {"reuse": random.choice(["ifmap", "weight"])}
    cut = random.choice(["images", "out_height", "out_width", None])
    if cut == "images":
        sizes["images"] = random.randint(1, shape.batch)
    elif cut == "out_height":
        sizes["out_height"] = random.randint(1, shape.output.height)
    elif cut == "out_width":
        sizes |= {"out_height": 1, "out_width": random.randint(1, shape.output.width)}
    if groups > 1 and random.random() < 0.5:
        sizes["groups"] = random.randint(1, groups)
    else:
        sizes["out_channels"] = random.randint(1, shape.output.channels // groups)
        sizes["in_channels"] = random.randint(1, shape.input.channels // groups)
    return TilingConfig.model_validate(sizes)
