"""The closed forms count what a walk over every element counts: random layers, machines and tilings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from accelsim.config.machine import MachineConfig
from accelsim.energy.layer import layer_actions, transfer_actions
from accelsim.layers import ConvShape, Layer
from accelsim.mapping.plan import LayerMapping
from accelsim.program.layer import layer_program
from accelsim.timing.array import array_totals, executed_macs, folding, groups_per_fold
from accelsim.timing.work import ArrayWork
from tests.energy.cases import by_name
from tests.energy.walk import counted, walk
from tests.random_cases import (
    Case,
    random_case,
    random_machine,
    random_mapping,
    random_sparse_case,
    seeded,
    variants_of_network,
)

pytestmark = pytest.mark.slow

LAYERS = 110

NETWORKS = 40

SPARSE = 150

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


def is_plain(case: Case) -> bool:
    """Whether the array does all that there is."""
    shape, array = case.unfused.shape, case.machine.array
    assert isinstance(shape, ConvShape)
    return array.sparsity.is_dense and not (shape.zero_kernels and array.skip_zero_folds)


def sparse_layers_of(seed: int) -> Iterator[tuple[MachineConfig, Layer, LayerMapping]]:
    """A layer with zero kernels in both variants, on an array that skips folds or keeps some of the weights."""
    random = seeded(seed)
    case = random_sparse_case(random)
    while case.unfused.macs > MANY_MACS or is_plain(case):
        case = random_sparse_case(random)
    mapping = random_mapping(random, case)
    for layer in case.layers:
        yield case.machine, layer, mapping


@pytest.mark.parametrize("seed", range(SPARSE))
def test_a_sparse_layer(seed: int) -> None:
    for case in sparse_layers_of(seed):
        check(*case)


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


def features_of_skipping(machine: MachineConfig, layer: Layer, mapping: LayerMapping) -> Iterator[str]:
    """What a case has of which folds are skipped."""
    array, shape = machine.array, layer.shape
    works = Counter(operation.work for operation in layer_program(machine, layer, mapping).array)
    if not array_totals(array, works).skipped_folds:
        return
    streaming = f"{array.dataflow} {array.ifmap_streaming}"
    yield f"{streaming} {machine.bn.placement}"
    yield f"{streaming} {'dense' if array.sparsity.is_dense else 'N:M'}"
    all_skipped = [not folding(array, work).folds for work in works]
    if mapping.tiling.in_channels < shape.input.channels and any(all_skipped) and not all(all_skipped):
        yield f"{streaming}, some operations without a fold"
    if any(groups_per_fold(array, work) > 1 for work in works):
        yield f"{streaming}, groups side by side"


def test_folds_are_skipped_in_every_way() -> None:
    cases = [case for seed in range(SPARSE) for case in sparse_layers_of(seed)]
    streamings = ("ws im2col", "ws raster", "is im2col", "os im2col")
    ways = ("inline", "pass", "offchip", "dense", "N:M")
    expected = {f"{streaming} {way}" for streaming in streamings for way in ways} - {"is im2col N:M"}
    expected |= {f"{streaming}, some operations without a fold" for streaming in streamings}
    expected |= {f"{streaming}, groups side by side" for streaming in ("ws im2col", "ws raster")}
    assert {feature for case in cases for feature in features_of_skipping(*case)} == expected


@pytest.mark.parametrize("seed", range(SPARSE))
def test_macs_are_those_that_are_executed(seed: int) -> None:
    for machine, layer, mapping in sparse_layers_of(seed):
        works = [operation.work for operation in layer_program(machine, layer, mapping).array]
        executed = (executed_macs(machine.array, work) // work.pixels * vectors(machine, work) for work in works)
        multiplied = by_name(layer_actions(machine, layer, mapping)).get("conv_array.multiply", 0)
        assert multiplied == sum(executed)


def vectors(machine: MachineConfig, work: ArrayWork[int]) -> int:
    """What streams past the weights of an operation."""
    return work.positions if machine.array.ifmap_streaming == "raster" else work.pixels
