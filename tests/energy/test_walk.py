"""The closed forms count what a walk over every element counts: random layers, machines and tilings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from accelsim.config.machine import MachineConfig
from accelsim.energy.layer import layer_actions, transfer_actions
from accelsim.errors import InputError
from accelsim.layers import ConvShape, Layer
from accelsim.mapping.plan import LayerMapping
from accelsim.program.layer import layer_program
from accelsim.workload.shapes import ZeroKernels
from tests.energy.cases import actions_on, convolution, machine
from tests.energy.walk import counted, walk
from tests.hand_built import changed
from tests.random_cases import (
    random_case,
    random_machine,
    random_mapping,
    random_sparse_case,
    seeded,
    variants_of_network,
)

LAYERS = 110

NETWORKS = 40

SPARSE = 40

MANY_MACS = 50_000
"""A walk over more takes seconds."""


def check(machine: MachineConfig, layer: Layer, mapping: LayerMapping) -> None:
    transfers = [operation.transfer for operation in layer_program(machine, layer, mapping).transfers]
    expected = walk(machine, layer, mapping) + counted(transfer_actions(transfers))
    assert counted(layer_actions(machine, layer, mapping)) == expected


def layers_of(seed: int) -> Iterator[tuple[MachineConfig, Layer, LayerMapping]]:
    """One layer in both variants."""
    random = seeded(seed)
    case = random_case(random)
    while case.unfused.macs > MANY_MACS:
        case = random_case(random)
    mapping = random_mapping(random, case)
    for layer in case.layers:
        yield case.machine, layer, mapping


def layers_of_network(seed: int) -> Iterator[tuple[MachineConfig, Layer, LayerMapping]]:
    """All layers of a network, both variants, on a machine that keeps on chip what it can."""
    random = seeded(seed)
    machine = random_machine(random).model_copy(update={"keep_on_chip": True})
    for _variant, layers, mappings in variants_of_network(random, machine):
        for layer in layers:
            yield machine, layer, mappings[layer.name]


@pytest.mark.parametrize("seed", range(LAYERS))
def test_a_layer(seed: int) -> None:
    for case in layers_of(seed):
        check(*case)


@pytest.mark.parametrize("seed", range(SPARSE))
def test_a_sparse_layer(seed: int) -> None:
    random = seeded(seed)
    case = random_sparse_case(random)
    while case.unfused.macs > MANY_MACS or case.machine.array.sparsity.is_dense:
        case = random_sparse_case(random)
    machine = changed(case.machine, array={"skip_zero_folds": False})
    mapping = random_mapping(random, case)
    for layer in case.layers:
        check(machine, layer, mapping)


def test_folds_that_are_skipped_are_not_counted_yet() -> None:
    zeros = (ZeroKernels(0, 1, 0, 1),)
    layer = convolution()
    assert isinstance(layer.shape, ConvShape)
    layer = replace(layer, shape=layer.shape._replace(zero_kernels=zeros))
    with pytest.raises(InputError, match="energy is not counted where folds"):
        actions_on(machine(array={"skip_zero_folds": True}), layer)


@pytest.mark.parametrize("seed", range(NETWORKS))
def test_a_network_that_keeps_maps_on_chip(seed: int) -> None:
    for case in layers_of_network(seed):
        check(*case)


def features(machine: MachineConfig, layer: Layer, mapping: LayerMapping) -> Iterator[str]:
    """What a case has that is counted in a way of its own."""
    array, shape, kept = machine.array, layer.shape, mapping.residency
    if isinstance(shape, ConvShape):
        yield f"{array.dataflow} {array.ifmap_streaming} {machine.bn.placement}"
        if shape.groups > 1:
            yield f"groups {array.dataflow} {array.grouped}"
    else:
        yield f"streamed {array.dataflow} {machine.bn.placement}"
    if layer.epilogue.batchnorm:
        yield f"{array.dataflow} {machine.bn.parameters}"
    yield from (f"{what} on chip" for what, stays in kept._asdict().items() if stays)
    yield from (name for name, wanted in layer.epilogue._asdict().items() if wanted)


def test_the_cases_have_everything_that_is_counted_in_a_way_of_its_own() -> None:
    cases = [case for seed in range(LAYERS) for case in layers_of(seed)]
    cases += [case for seed in range(NETWORKS) for case in layers_of_network(seed)]
    placements = ("inline", "pass", "offchip")
    streamings = ("ws im2col", "ws raster", "is im2col", "os im2col")
    expected = {f"{streaming} {placement}" for streaming in streamings for placement in placements}
    expected |= {f"streamed {dataflow} {placement}" for dataflow in ("ws", "is", "os") for placement in placements}
    expected |= {f"{dataflow} {form}" for dataflow in ("ws", "is", "os") for form in ("scale_shift", "raw")}
    expected |= {f"groups {way}" for way in ("ws sequential", "ws block_diagonal", "is sequential", "os sequential")}
    expected |= {f"{what} on chip" for what in ("ifmap", "intermediate", "ofmap")}
    expected |= {"bias", "batchnorm", "residual", "pooling", "activation", "folded_scale"}
    assert {feature for case in cases for feature in features(*case)} == expected
