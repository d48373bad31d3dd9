"""The program order of the DMA, rebuilt from the document alone, is that of the programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from accelsim.config.machine import BuffersConfig, MachineConfig
from accelsim.config.run import TilingConfig
from accelsim.layers import ConvShape, Epilogue, Layer, StreamShape
from accelsim.mapping.plan import LayerMapping, map_layers
from accelsim.program.layer import layer_program
from accelsim.workload.shapes import Shape, Window
from tests.oracle.order import Name, transfer_order
from tests.random_cases import random_case, random_machine, random_mapping, seeded, variants_of_network

Mapped = tuple[MachineConfig, Layer, LayerMapping]


def name(label: str) -> Name:
    """Return the oracle's name for "load weight g0 n1 k2" or "store ofmap n0 m0"."""
    verb, tensor, *indices = label.split()
    return "store" if verb == "store" else tensor, *(int(re.sub(r"^[gmnk]", "", index)) for index in indices)


def variants_of_layer(seed: int) -> Iterator[Mapped]:
    random = seeded(seed)
    case = random_case(random)
    mapping = random_mapping(random, case)
    for layer in case.layers:
        yield case.machine, layer, mapping


def variants_under_contention(seed: int) -> Iterator[Mapped]:
    """As above, with few halves for parameters, residual and ofmap, so that loads wait for stores."""
    random = seeded(seed)
    case = random_case(random)
    most = {"ifmap": 3, "weight": 3, "parameter": 2, "residual": 2, "ofmap": 2}
    halves = {buffer: random.randint(most[buffer] - 1, most[buffer]) for buffer in most}
    buffers = {buffer: {"kib": 2 * halves[buffer], "halves": halves[buffer]} for buffer in most}
    machine = case.machine.model_copy(update={"buffers": BuffersConfig.model_validate(buffers)})
    mapping = replace(random_mapping(random, case._replace(machine=machine)), parameters_at_once=False)
    for layer in case.layers:
        yield machine, layer, mapping


def layers_of_network(seed: int) -> Iterator[Mapped]:
    random = seeded(seed)
    machine = random_machine(random).model_copy(update={"keep_on_chip": True})
    for _, layers, mappings in variants_of_network(random, machine):
        for layer in layers:
            yield machine, layer, mappings[layer.name]


def assert_same_order(cases: Iterator[Mapped]) -> None:
    for machine, layer, mapping in cases:
        program = layer_program(machine, layer, mapping)
        assert transfer_order(machine, layer, mapping) == [name(operation.label) for operation in program.transfers]


@pytest.mark.parametrize("first", range(2000, 2300, 25))
def test_random_layers(first: int) -> None:
    for seed in range(first, first + 25):
        assert_same_order(variants_of_layer(seed))


@pytest.mark.parametrize("first", range(4000, 4200, 25))
def test_random_layers_whose_loads_wait_for_stores(first: int) -> None:
    for seed in range(first, first + 25):
        assert_same_order(variants_under_contention(seed))


@pytest.mark.parametrize("first", range(3000, 3100, 25))
def test_random_networks_with_data_kept_on_chip(first: int) -> None:
    for seed in range(first, first + 25):
        assert_same_order(layers_of_network(seed))


def test_tiles_with_the_same_input_are_loaded_one_by_one() -> None:
    """Of two rows, a 3x3 window with padding needs both for each row of its output."""
    machine = random_machine(seeded(0))
    machine = machine.model_copy(update={"array": machine.array.model_copy(update={"ifmap_streaming": "im2col"})})
    shape, window = Shape(4, 2, 3), Window((3, 3), padding=(1, 1, 1, 1))
    convolution = Layer("conv", "conv", ConvShape(1, shape, shape, window, 1), Epilogue(), ("conv",), ("input",))
    pooling = StreamShape(1, shape, shape, window)
    for layer in (convolution, Layer("pool", "pool", pooling, Epilogue(pooling=True), ("pool",), ("input",))):
        mapping = map_layers(machine, [layer], {layer.name: TilingConfig(out_height=1)})[layer.name]
        assert sum(transfer[0] == "ifmap" for transfer in transfer_order(machine, layer, mapping)) == 2
        assert_same_order(iter([(machine, layer, mapping)]))
