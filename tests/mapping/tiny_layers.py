"""Machines with little room and layers small enough to try all their tilings."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import NamedTuple

from accelsim.config.machine import MachineConfig
from accelsim.layers import ConvShape, Epilogue, Layer, StreamShape
from accelsim.workload.shapes import Shape, Window
from tests.hand_built import changed
from tests.random_cases import random_machine, seeded


class Tiny(NamedTuple):
    """A machine, and a layer as the two variants of a network have it."""

    machine: MachineConfig
    unfused: Layer
    fused: Layer


def tiny_case(seed: int) -> Tiny:
    """Return a layer of at most six in every dimension, on a machine that it often has to be cut for."""
    random = seeded(seed)
    machine = _cramped(random, random_machine(random))
    if seed % 25 == 0:
        return Tiny(_too_small(machine), *_convolution(random, machine, kernel=5))
    layers = _streamed(random) if random.random() < 0.2 else _convolution(random, machine)
    return Tiny(machine, *layers)


def sparse_case(seed: int) -> Tiny:
    """Return a case with a sparse array and as many as 13 input channels."""
    random = seeded(seed)
    while True:
        machine, unfused, fused = tiny_case(random.randrange(10**6))
        shape = unfused.shape
        if machine.array.dataflow == "is" or not isinstance(shape, ConvShape):
            continue
        block = random.choice([2, 3, 4, 4])
        machine = changed(machine, array={"sparsity": f"{random.randint(1, block - 1)}:{block}"})
        deeper = shape.input._replace(channels=shape.groups * random.randint(1, 13))
        shape = shape._replace(input=deeper)
        return Tiny(machine, replace(unfused, shape=shape), replace(fused, shape=shape))


def _too_small(machine: MachineConfig) -> MachineConfig:
    """Return a machine one half of whose ifmap buffer holds 16 elements: fewer than a kernel of 5x5 has."""
    return changed(machine, array={"operand_bits": 32}, buffers={"ifmap": {"kib": 1, "halves": 16}})


def _cramped(random: Random, machine: MachineConfig) -> MachineConfig:
    """Take nearly all its storage from a machine: halves of 64 bytes to 1 KiB, operands of up to 4 bytes."""
    settings = machine.model_dump()
    for buffer in settings["buffers"].values():
        buffer |= {"kib": 1, "halves": random.choice([1, 2, 4, 8, 16])}
    settings["accumulator"] |= {"psums": random.choice([2, 8, 32, 128]), "kib": None}
    bits = [1, 3, 4, 8, 16, 32]
    settings["array"] |= {"operand_bits": random.choice(bits), "weight_bits": random.choice([None, *bits])}
    settings["array"]["psum_bits"] = 64
    return MachineConfig.model_validate(settings)


def _convolution(random: Random, machine: MachineConfig, kernel: int | None = None) -> tuple[Layer, Layer]:
    groups = random.choice([1, 1, 1, 2, 3, 6])
    window = _window(random, largest_stride=1 if machine.array.ifmap_streaming == "raster" else 3)
    if kernel is not None:
        window = Window((kernel, kernel))
    source = _input(random, window, groups * random.randint(1, 6 if groups == 1 else 2))
    output = Shape(groups * random.randint(1, 6 if groups == 1 else 3), *window.output_size(*source[1:]))
    shape = ConvShape(random.choice([1, 1, 2, 3, 5]), source, output, window, groups)
    bias, residual = random.random() < 0.3, random.random() < 0.3
    return (
        Layer("conv", "conv", shape, Epilogue(bias, batchnorm=True, residual=residual), ("conv", "bn"), ("input",)),
        Layer("conv", "conv", shape, Epilogue(bias=True, residual=residual), ("conv",), ("input",)),
    )


def _streamed(random: Random) -> tuple[Layer, Layer]:
    pooling = random.random() < 0.5
    window = _window(random, largest_stride=3) if pooling else Window()
    source = _input(random, window, random.randint(1, 6))
    output = Shape(source.channels, *window.output_size(*source[1:]))
    if pooling:
        epilogue = Epilogue(pooling=True)
    else:
        epilogue = Epilogue(batchnorm=random.random() < 0.5, residual=random.random() < 0.5)
    shape = StreamShape(random.choice([1, 2, 3, 5]), source, output, window)
    layer = Layer("stream", "pool", shape, epilogue, ("stream",), ("input",))
    return layer, layer


def _window(random: Random, largest_stride: int) -> Window:
    """Return a window of any shape whose padding is smaller than its extent."""
    window = Window(
        kernel=(random.randint(1, 3), random.randint(1, 3)),
        stride=(random.randint(1, largest_stride), random.randint(1, largest_stride)),
        dilation=(random.choice([1, 1, 2]), random.choice([1, 1, 2])),
    )
    rows, columns = window.extent
    top, bottom = (random.choice([0, random.randrange(rows)]) for _ in range(2))
    left, right = (random.choice([0, random.randrange(columns)]) for _ in range(2))
    return window._replace(padding=(top, left, bottom, right))


def _input(random: Random, window: Window, channels: int) -> Shape:
    """Return an input of up to six rows and columns, one-pixel maps among them, that the window fits."""
    (rows, columns), (top, left, bottom, right) = window.extent, window.padding
    shortest, narrowest = max(1, rows - top - bottom), max(1, columns - left - right)
    if random.random() < 0.2:
        return Shape(channels, shortest, narrowest)
    return Shape(channels, random.randint(shortest, max(shortest, 6)), random.randint(narrowest, max(narrowest, 6)))
