"""Random small layers, machines, tilings and networks, for the tests that compare implementations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any, NamedTuple

from accelsim.config.machine import MachineConfig
from accelsim.config.run import TilingConfig, Variant
from accelsim.errors import MappingError
from accelsim.experiment import map_variants
from accelsim.fusion.apply_graph import fold_batchnorms
from accelsim.layers import ConvShape, Epilogue, Layer, StreamShape, layers_of
from accelsim.mapping.plan import LayerMapping, map_layers
from accelsim.program.layer import layer_program
from accelsim.program.operations import Program
from accelsim.workload.graph import Graph
from accelsim.workload.nodes import Activation, Add, BatchNorm, Concat, Conv, Linear, Node, Pool, Unmodelled
from accelsim.workload.shapes import Shape, Window, ZeroKernels
from tests.hand_built import changed


def seeded(seed: int) -> Random:
    """Return a source of random numbers, the same for the same seed."""
    return Random(seed)  # noqa: S311  nothing here is secret


VARIANTS: tuple[Variant, ...] = ("unfused", "fused", "fused_into_requant")

PSUMS = [{"psums": 16}, {"psums": 64}, {"psums": 256}, {"psums": 1024}, {"kib": 1}]
"""Capacities of an accumulator."""


class Case(NamedTuple):
    """A machine, and one layer as the variants of a network have it."""

    machine: MachineConfig
    unfused: Layer
    fused: Layer

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The variants that the machine can run, as in ``VARIANTS``; without a BatchNorm to fold all are the same."""
        both = (self.unfused, self.fused)
        return both if self.machine.requantization is None else (*both, self.fused_into_requant)

    @property
    def fused_into_requant(self) -> Layer:
        """The fused layer, the scale of whose BatchNorm is left to the requantiser."""
        absorbed = self.fused != self.unfused
        return replace(self.fused, epilogue=self.fused.epilogue._replace(folded_scale=absorbed))

    def programs(self, mapping: LayerMapping, machine: MachineConfig | None = None) -> list[Program]:
        """Return the programs of all variants, on a machine of its own or on another one."""
        return [layer_program(machine or self.machine, layer, mapping) for layer in self.layers]


def random_machine(random: Random) -> MachineConfig:
    """Return a machine that is small, often narrow somewhere, and always legal."""
    dataflow = random.choice(["ws", "ws", "is", "os"])
    raster = dataflow == "ws" and random.random() < 0.35
    double = dataflow != "os" and random.random() < 0.4
    placement = random.choice(["inline", "pass", "offchip"])
    rows, cols = random.randint(1, 8), random.randint(1, 8)
    room = cols - 1 if dataflow == "os" else 2 * rows + cols - 2
    operand_bits = random.choice([1, 4, 8, 8, 16])
    scales = random.choice([None, None, "per_tensor", "per_channel"])

    def buffer(largest_kib: int) -> dict[str, int]:
        return {"kib": random.randint(1, largest_kib), "halves": random.choice([1, 2, 2, 3])}

    def stage() -> dict[str, int]:
        return {"lanes": random.randint(1, 9), "latency_cycles": random.choice([0, 1, 5])}

    machine = MachineConfig.model_validate(
        {
            "array": {
                "rows": rows,
                "cols": cols,
                "dataflow": dataflow,
                "ifmap_streaming": "raster" if raster else "im2col",
                "stationary_double_buffer": double,
                "operand_bits": operand_bits,
                "weight_bits": random.choice([None, None, 2, 8, 12]),
                "grouped": "block_diagonal" if dataflow == "ws" and random.random() < 0.5 else "sequential",
            },
            "accumulator": {**random.choice(PSUMS), "halves": random.choice([1, 2, 2, 3])},
            "buffers": {
                "parameter": {"kib": 1, "halves": random.choice([1, 1, 2, 3])},
                **{name: buffer(2) for name in ("ifmap", "weight", "residual", "ofmap")},
            },
            "dma": {"burst_bytes": random.choice([1, 7, 16, 64])},
            "dram": {
                "bytes_per_cycle": random.choice([1, 2, 16, 64, Fraction(64, 5), Fraction(1, 3)]),
                "read_latency_cycles": random.choice([0, 3, 40]),
            },
            "bn": {
                **stage(),
                "placement": placement,
                "flush_cycles": 0 if double or placement != "pass" else random.randint(0, room),
                "parameters": random.choice(["scale_shift", "raw"]),
                "parameter_bits": random.choice([8, 32, 64, 64]),
                "intermediate_bits": random.choice([None, 8, 16, 32]),
                "when_fused": random.choice(["removed", "bypassed"]),
            },
            "requantization": {**stage(), "weight_scales": scales} if scales else None,
            "residual_add": stage(),
            "pooling": stage(),
            "activation": stage(),
        }
    )
    return that_can_pool(machine)


def that_can_pool(machine: MachineConfig) -> MachineConfig:
    """Return a machine, with a narrower pooling stage where the activation could not follow it."""
    return machine if machine.can_pool else machine.model_copy(update={"pooling": machine.activation})


def random_case(random: Random, machine: MachineConfig | None = None) -> Case:
    """Return a machine (or the one given) with a layer that the machine can have."""
    machine = machine or random_machine(random)
    return _stream_case(random, machine) if random.random() < 0.15 else _convolution_case(random, machine)


def _convolution_case(random: Random, machine: MachineConfig) -> Case:
    raster = machine.array.ifmap_streaming == "raster"
    groups = random.choice([1, 1, 1, 2, 3, 6])
    several_to_a_fold = groups > 1 and machine.array.grouped == "block_diagonal"
    window = _random_window(random, largest=2 if several_to_a_fold else 4, stride=1 if raster else 3)
    shape = _input_that_fits(random, window, groups * random.randint(1, 5 if groups == 1 else 2))
    fewest, most = random.choice([(1, 12), (1, 12), (30, 48)]) if groups == 1 else (1, 3)
    outputs = random.randint(fewest, most)
    output = Shape(groups * outputs, *window.output_size(*shape[1:]))
    bias = random.random() < 0.3
    tail: dict[str, Any] = {"residual": random.random() < 0.3, "activation": random.choice([None, "relu"])}
    convolution = ConvShape(random.choice([1, 1, 2, 3]), shape, output, window, groups)
    reads = ("input", "skip") if tail["residual"] else ("input",)
    if random.random() < 0.1:  # without a BatchNorm
        plain = Layer("conv", "conv", convolution, Epilogue(bias=bias, **tail), ("conv",), reads)
        return Case(machine, plain, plain)
    nodes = ("conv", "bn")
    return Case(
        machine,
        Layer("conv", "conv", convolution, Epilogue(bias=bias, batchnorm=True, **tail), nodes, reads),
        Layer("conv", "conv", convolution, Epilogue(bias=True, **tail), nodes[:1], reads),
    )


def random_sparse_case(random: Random) -> Case:
    """Return a convolution with zero kernels, on a machine that keeps some of the weights or skips folds of zeros."""
    while True:
        machine = random_machine(random)
        settings: dict[str, Any] = {"skip_zero_folds": random.random() < 0.7}
        if machine.array.dataflow != "is":
            block = random.choice([2, 3, 4, 4])
            settings["sparsity"] = random.choice(["dense", f"{random.randint(1, block - 1)}:{block}"])
        case = _convolution_case(random, changed(machine, array=settings))
        shape = case.unfused.shape
        if not isinstance(shape, ConvShape):
            raise TypeError
        deeper = shape.input._replace(channels=shape.groups * random.randint(1, 12 if shape.groups == 1 else 4))
        zeros = random_zero_kernels(random, shape.output.channels, deeper.channels // shape.groups)
        shape = shape._replace(input=deeper, zero_kernels=zeros)
        case = case._replace(
            unfused=replace(case.unfused, shape=shape),
            fused=replace(case.fused, shape=shape),
        )
        try:
            map_layers(case.machine, [case.unfused], {})
        except MappingError:  # it does not fit
            continue
        return case


def random_zero_kernels(random: Random, outputs: int, inputs: int) -> tuple[ZeroKernels, ...]:
    """Return some blocks of zero kernels, which may overlap and often span all of a side."""

    def some(channels: int) -> tuple[int, int]:
        first, last = sorted((random.randrange(channels), random.randrange(channels)))
        return (0, channels) if random.random() < 0.4 else (first, last + 1)

    return tuple(ZeroKernels(*some(outputs), *some(inputs)) for _ in range(random.randint(0, 4)))


def _stream_case(random: Random, machine: MachineConfig) -> Case:
    pooling = random.random() < 0.5
    window = _random_window(random, largest=3, stride=2) if pooling else Window()
    shape = _input_that_fits(random, window, random.randint(1, 9))
    output = Shape(shape.channels, *window.output_size(*shape[1:]))
    residual = not pooling and random.random() < 0.5
    epilogue = Epilogue(
        batchnorm=not pooling and random.random() < 0.5,
        residual=residual,
        pooling=pooling,
        activation=random.choice([None, "relu"]),
    )
    stream = StreamShape(random.choice([1, 2]), shape, output, window)
    layer = Layer("stream", "pool", stream, epilogue, ("stream",), ("input", "skip") if residual else ("input",))
    return Case(machine, layer, layer)


def _random_window(random: Random, largest: int, stride: int) -> Window:
    kernel = (random.randint(1, largest), random.randint(1, largest))
    return Window(
        kernel=kernel,
        stride=(random.randint(1, stride), random.randint(1, stride)),
        padding=tuple(random.randint(0, kernel[axis % 2] - 1) for axis in range(4)),  # type: ignore[arg-type]
        dilation=(random.choice([1, 1, 2]), random.choice([1, 1, 2])),
    )


def _input_that_fits(random: Random, window: Window, channels: int) -> Shape:
    rows, columns = window.extent
    return Shape(channels, rows + random.randint(0, 7), columns + random.randint(0, 7))


def random_mapping(random: Random, case: Case) -> LayerMapping:
    """Map a case: half of the time with some tiling that fits, else with the one that accelsim chooses."""
    layer = case.unfused
    for _attempt in range(random.choice([0, 4])):
        tiling = {layer.name: _random_tiling(random, layer)}
        try:
            return map_layers(case.machine, [layer], tiling)[layer.name]
        except MappingError:  # it does not fit this machine
            continue
    return map_layers(case.machine, [layer], {})[layer.name]


def _random_tiling(random: Random, layer: Layer) -> TilingConfig:
    """Cut at most one dimension of the pixels, and either groups or the channels of a group."""
    shape = layer.shape
    sizes: dict[str, Any] = {"reuse": random.choice(["ifmap", "weight"])}
    cut = random.choice(["images", "out_height", "out_width", None])
    if cut == "images":
        sizes["images"] = random.randint(1, shape.batch)
    elif cut == "out_height":
        sizes["out_height"] = random.randint(1, shape.output.height)
    elif cut == "out_width":
        sizes |= {"out_height": 1, "out_width": random.randint(1, shape.output.width)}
    groups = shape.groups if isinstance(shape, ConvShape) else 1
    if groups > 1 and random.random() < 0.5:
        sizes["groups"] = random.randint(1, groups)
    else:
        sizes["out_channels"] = random.randint(1, shape.output.channels // groups)
        sizes["in_channels"] = random.randint(1, shape.input.channels // groups)
    return TilingConfig.model_validate(sizes)


KINDS = ["pooling", "nothing", "pointwise", "concat", "unmodelled"]
"""What a network can have beside convolutions and branches around one."""


def random_network(random: Random, machine: MachineConfig) -> Graph:
    """Return a few layers one behind the other, some with a branch around them, that the machine can have."""
    strides = [1] if machine.array.ifmap_streaming == "raster" else [1, 2]
    shape = Shape(random.randint(1, 4), random.randint(3, 8), random.randint(3, 8))
    graph = Graph("random", shape, [])
    for _ in range(random.randint(2, 4)):
        source = _last(graph)
        kind = random.choice(["convolution", "branch"] * 2 + KINDS)
        if kind == "convolution":
            _append_convolution(graph, random.randint(1, 9), random.choice([1, 3]), random.choice(strides))
        elif kind == "branch":
            _append_convolution(graph, graph.shapes[source].channels, kernel=3, stride=1)
            if random.random() < 0.4:
                _append(graph, Activation, kind="relu")
        elif kind == "pointwise":  # a BatchNorm ahead of a convolution that can absorb it
            _append(graph, BatchNorm)
            _append_convolution(graph, random.randint(1, 9), kernel=1, stride=1)
        elif kind == "concat":
            _append_convolution(graph, random.randint(1, 4), kernel=3, stride=1)
            _append(graph, Concat, source)
        elif kind == "unmodelled":
            foldable = random.choice(["", "it has no weights"])
            _append(graph, Unmodelled, what="Mystery", shape=graph.shapes[source], unfoldable=foldable)
        elif kind == "pooling":
            rows = min(2, graph.shapes[source].height)
            _append(graph, Pool, kind="max", window=random.choice([Window((rows, 1)), None]))
        if kind in ("branch", "nothing") or random.random() < 0.8:
            _append(graph, BatchNorm)
        if kind == "branch":
            _append(graph, Add, source)
        if random.random() < 0.5:
            _append(graph, Activation, kind=random.choice(["relu", "relu", "relu", "softmax"]))
    if random.random() < 0.3:
        _append(graph, Linear, in_features=graph.shapes[_last(graph)].elements, out_features=5)
    return graph


def variants_of_network(
    random: Random, machine: MachineConfig
) -> Iterator[tuple[Variant, list[Layer], Mapping[str, LayerMapping]]]:
    """All variants of a random network of one or two images that the machine can run, and how they are mapped."""
    graph = random_network(random, machine)
    batch = random.choice([1, 2])
    layers: dict[Variant, list[Layer]] = {
        "unfused": layers_of(graph, batch),
        "fused": layers_of(fold_batchnorms(graph), batch),
    }
    if machine.requantization is not None:
        layers["fused_into_requant"] = layers_of(fold_batchnorms(graph, into_requantizer=True), batch)
    mappings = map_variants(machine, layers, {})
    for variant, of_variant in layers.items():
        yield variant, of_variant, mappings[variant]


def _append_convolution(graph: Graph, out_channels: int, kernel: int, stride: int) -> None:
    window = Window((kernel, kernel), (stride, stride), (kernel // 2,) * 4)
    channels = graph.shapes[_last(graph)].channels
    _append(graph, Conv, in_channels=channels, out_channels=out_channels, window=window)


def _append(graph: Graph, operator: type[Node], *more_inputs: str, **settings: Any) -> None:
    name = f"{operator.__name__.lower()}{len(graph.nodes)}"
    graph.append(operator(name=name, inputs=(_last(graph), *more_inputs), **settings))


def _last(graph: Graph) -> str:
    return next(reversed(graph.shapes))
