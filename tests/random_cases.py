"""Random small layers and machines, for the tests that compare implementations."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any, NamedTuple

from accelsim.config.machine import MachineConfig
from accelsim.layers import ConvShape, Epilogue, Layer, StreamShape
from accelsim.workload.graph import Shape, Window


class Case(NamedTuple):
    """A machine, and one layer as the two variants of a network have it."""

    machine: MachineConfig
    unfused: Layer
    fused: Layer


def random_machine(random: Random) -> MachineConfig:
    """Return a machine that is small, often narrow somewhere, and always legal."""
    dataflow = random.choice(["ws", "ws", "is", "os"])
    raster = dataflow == "ws" and random.random() < 0.35
    double = dataflow != "os" and random.random() < 0.4
    placement = random.choice(["inline", "pass", "offchip"])
    rows, cols = random.randint(1, 8), random.randint(1, 8)
    room = cols - 1 if dataflow == "os" else 2 * rows + cols - 2
    operand_bits = random.choice([1, 4, 8, 8, 16])

    def buffer(largest_kib: int) -> dict[str, int]:
        return {"kib": random.randint(1, largest_kib), "halves": random.choice([1, 2, 2, 3])}

    def stage() -> dict[str, int]:
        return {"lanes": random.randint(1, 9), "latency_cycles": random.choice([0, 1, 5])}

    return MachineConfig.model_validate(
        {
            "array": {
                "rows": rows,
                "cols": cols,
                "dataflow": dataflow,
                "ifmap_streaming": "raster" if raster else "im2col",
                "stationary_double_buffer": double,
                "operand_bits": operand_bits,
                "grouped": "block_diagonal" if dataflow == "ws" and random.random() < 0.5 else "sequential",
            },
            "accumulator": {"psums": random.choice([16, 64, 256, 1024]), "halves": random.choice([1, 2, 2, 3])},
            "buffers": {name: buffer(2) for name in ("ifmap", "weight", "parameter", "residual", "ofmap")},
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
                "parameter_bits": random.choice([8, 16, 32]),
                "intermediate_bits": random.choice([None, 8, 16, 32]),
                "when_fused": random.choice(["removed", "bypassed"]),
            },
            "residual_add": stage(),
            "pooling": stage(),
            "activation": stage(),
        }
    )


def random_case(random: Random, machine: MachineConfig | None = None) -> Case:
    """Return a machine (or the one given) with a layer that the machine can have."""
    machine = machine or random_machine(random)
    return _stream_case(random, machine) if random.random() < 0.15 else _convolution_case(random, machine)


def _convolution_case(random: Random, machine: MachineConfig) -> Case:
    raster = machine.array.ifmap_streaming == "raster"
    groups = random.choice([1, 1, 1, 2, 3, 6])
    window = _random_window(random, largest=4, stride=1 if raster else 3)
    shape = _input_that_fits(random, window, groups * random.randint(1, 5 if groups == 1 else 2))
    output = Shape(groups * random.randint(1, 12 if groups == 1 else 3), *window.output_size(*shape[1:]))
    bias = random.random() < 0.3
    tail: dict[str, Any] = {"residual": random.random() < 0.3, "activation": random.choice([None, "relu"])}
    convolution = ConvShape(random.choice([1, 1, 2, 3]), shape, output, window, groups)
    reads = ("input", "skip") if tail["residual"] else ("input",)
    nodes = ("conv", "bn")
    return Case(
        machine,
        Layer("conv", "conv", convolution, Epilogue(bias=bias, batchnorm=True, **tail), nodes, reads),
        Layer("conv", "conv", convolution, Epilogue(bias=True, **tail), nodes[:1], reads),
    )


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
