"""The event-driven model equals the per-cycle oracle, on random layers, machines, tilings and networks.

``test_the_cases_cover_the_machine`` prints what the cases have in them, and fails if anything is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain, product
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from accelsim.config.load import load_config
from accelsim.config.machine import MachineConfig
from accelsim.hardware import conv_array, dram, function_unit, post_pipeline
from accelsim.layers import ConvShape, Epilogue, Layer
from accelsim.mapping.plan import LayerMapping, map_layers
from accelsim.program.layer import layer_program
from accelsim.program.operations import Program
from accelsim.simulation import LayerRecord, simulate_program
from accelsim.timing import array as array_timing
from accelsim.timing.array import folding, groups_per_fold, skipped_folds
from accelsim.timing.zero_folds import zero_folds
from accelsim.workload.shapes import Shape, Window
from tests.conftest import SHOWN_AT_THE_END
from tests.oracle.machine import OracleResult, run_per_cycle
from tests.oracle.words import phases_of
from tests.random_cases import (
    VARIANTS,
    Case,
    random_case,
    random_machine,
    random_mapping,
    random_sparse_case,
    seeded,
    variants_of_network,
)
from tests.stall_causes import STALLS

pytestmark = pytest.mark.slow

SHORT = 6000
"""Cycles of a layer that the oracle, which takes its time over each of them, is asked for."""

LAYER_SEEDS = range(500)
NETWORK_SEEDS = range(1000, 1100)
SPARSE_SEEDS = range(2000, 2120)


STARTS = {unit: unit for unit in ("dma", "conv_array", "function_unit")} | {"activation": "post_pipeline"}
"""Units that begin an operation whenever one of the oracle's does; the activation has a part in every drain."""


class Run(NamedTuple):
    """A program, where it comes from, and what became of it."""

    name: str
    machine: MachineConfig
    layer: Layer
    variant: str
    mapping: LayerMapping
    program: Program
    record: LayerRecord


def runs_of_layer(seed: int, make: Callable[[Random], Case] = random_case) -> Iterator[Run]:
    """Run all variants of a random layer."""
    random = seeded(seed)
    case = make(random)
    mapping = random_mapping(random, case)
    for variant, layer in zip(VARIANTS, case.layers, strict=False):  # the last only where there is a requantiser
        yield execute(f"layer {seed}", case.machine, layer, variant, mapping)


def runs_of_network(seed: int) -> Iterator[Run]:
    """Run all variants of a random network on a machine that keeps on chip what it can."""
    random = seeded(seed)
    machine = random_machine(random).model_copy(update={"keep_on_chip": True})
    for variant, layers, mappings in variants_of_network(random, machine):
        for layer in layers:
            yield execute(f"network {seed}", machine, layer, variant, mappings[layer.name])


def execute(name: str, machine: MachineConfig, layer: Layer, variant: str, mapping: LayerMapping) -> Run:
    program = layer_program(machine, layer, mapping)
    return Run(name, machine, layer, variant, mapping, program, simulate_program(machine, program))


def short(runs: Iterator[Run]) -> list[Run]:
    return [run for run in runs if run.record.cycles <= SHORT]


@cache
def runs() -> tuple[list[Run], list[Run]]:
    """Return the runs of all layers, and those of all networks."""
    layers = [run for seed in LAYER_SEEDS for run in short(runs_of_layer(seed))]
    layers += [run for seed in SPARSE_SEEDS for run in short(runs_of_layer(seed, random_sparse_case))]
    return layers, [run for seed in NETWORK_SEEDS for run in short(runs_of_network(seed))]


def differences(record: LayerRecord, oracle: OracleResult) -> dict[str, tuple[Any, Any]]:
    """What the model says and the oracle says, where these are not the same."""
    said: dict[str, tuple[Any, Any]] = {"total": (record.cycles, oracle.total_cycles)}
    said["deadlocked"] = (False, oracle.deadlocked)
    moved = Counter[str]()
    for account in record.accounts:
        unit = account.unit
        stalled = {cause: cycles for cause, cycles in oracle.stalled.get(unit, {}).items() if cycles}
        said[f"{unit} busy"] = (account.busy_cycles, oracle.busy.get(unit, 0))
        said[f"{unit} stalled"] = (account.stalled_cycles, stalled)
        idle = record.cycles - account.end_cycle
        said[f"{unit} idle"] = (idle, oracle.idle.get(unit, oracle.total_cycles))
        if unit in STARTS:
            starts = [execution.start_cycle for execution in account.executions]
            said[f"{unit} starts"] = (starts, oracle.starts[STARTS[unit]])
        for execution in account.executions:
            moved["write" if execution.operation.startswith("store") else "read"] += execution.bytes
    said["bytes read"] = (moved["read"], oracle.dram_read_bytes)
    said["bytes written"] = (moved["write"], oracle.dram_write_bytes)
    return {name: both for name, both in said.items() if both[0] != both[1]}


@pytest.mark.parametrize("first", LAYER_SEEDS[::25])
def test_random_layers(first: int) -> None:
    for seed in range(first, first + 25):
        for run in short(runs_of_layer(seed)):
            found = differences(run.record, run_per_cycle(run.machine, run.program))
            assert not found, f"{run.name}, {run.variant}: {found}"


@pytest.mark.parametrize("first", SPARSE_SEEDS[::20])
def test_sparse_layers(first: int) -> None:
    for seed in range(first, first + 20):
        for run in short(runs_of_layer(seed, random_sparse_case)):
            found = differences(run.record, run_per_cycle(run.machine, run.program))
            assert not found, f"layer {seed}, {run.variant}: {found}"


@pytest.mark.parametrize("first", NETWORK_SEEDS[::25])
def test_random_networks_with_data_kept_on_chip(first: int) -> None:
    for seed in range(first, first + 25):
        for run in short(runs_of_network(seed)):
            found = differences(run.record, run_per_cycle(run.machine, run.program))
            assert not found, f"{run.name}, {run.variant}, {run.layer.name}: {found}"


@pytest.mark.parametrize(
    ("shape", "busy"),
    [
        # Kernel offsets · padded positions, then passes of one row per output: BN, activation, read-out.
        # 3×5 outputs over 5×7 positions, 3×3 kernel.
        (ConvShape(1, Shape(8, 3, 5), Shape(8, 3, 5), Window((3, 3), padding=(1,) * 4), 1), 9 * 35 + 3 * 15),
        # 4×4 outputs over 8×8 positions: 5×5 kernel.
        (ConvShape(1, Shape(6, 8, 8), Shape(8, 4, 4), Window((5, 5)), 1), 25 * 64 + 3 * 16),
        # 2×2 outputs over 6×6 positions: 3×3 kernel, dilated; 12 input channels are two row blocks.
        (ConvShape(1, Shape(12, 6, 6), Shape(7, 2, 2), Window((3, 3), dilation=(2, 2)), 1), 2 * 9 * 36 + 3 * 4),
    ],
)
def test_other_raster_shapes_on_the_source_documents_machine(repository: Path, shape: ConvShape, busy: int) -> None:
    machine = load_config(repository / "configs/alpha5.yaml").machine
    tail = Epilogue(batchnorm=True, activation="relu")
    unfused = Layer("conv", "conv", shape, tail, ("conv", "bn", "relu"), ("input",))
    fused = Layer("conv", "conv", shape, tail._replace(bias=True, batchnorm=False), ("conv", "relu"), ("input",))
    mapping = map_layers(machine, [unfused], {})["conv"]
    pixels = shape.output.pixels
    for variant, layer, expected in (("unfused", unfused, busy), ("fused", fused, busy - pixels)):
        done = execute("alpha5", machine, layer, variant, mapping)
        oracle = run_per_cycle(machine, done.program)
        assert not differences(done.record, oracle)
        assert oracle.busy["function_unit"] == expected


def one_more(function: Callable[..., int]) -> Callable[..., int]:
    return lambda *arguments: function(*arguments) + 1


MUTATIONS: list[tuple[Any, str]] = [
    (conv_array, "array_cycles"),
    (function_unit, "array_cycles"),
    (function_unit, "accumulate_busy_cycles"),
    (function_unit, "pass_cycles"),
    (post_pipeline, "rows_cycles"),
    (post_pipeline.PostPipeline, "cycles"),
    (dram, "transfer_cycles"),
    (dram.IdealDram, "port_cycles"),
    (dram.IdealDram, "read_latency_cycles"),
    (array_timing, "fold_cycles"),
    (array_timing, "larger"),  # of T and R, with shadow registers
    (array_timing, "groups_per_fold"),
    (array_timing, "kept_channels"),
]


@cache
def examples() -> list[tuple[Run, OracleResult]]:
    """Return the shortest run with each feature, and what the oracle says of it."""
    shortest: dict[str, Run] = {}
    for run in sorted(chain(*runs()), key=lambda run: -run.record.cycles):
        shortest |= dict.fromkeys(features(run), run)
    few = {id(run): run for run in shortest.values()}.values()
    return [(run, run_per_cycle(run.machine, run.program)) for run in few]


def caught() -> int:
    """Examples of which the model now says something else than the oracle."""
    return sum(bool(differences(simulate_program(run.machine, run.program), oracle)) for run, oracle in examples())


@pytest.mark.parametrize(("owner", "name"), MUTATIONS)
def test_a_closed_form_that_is_wrong_by_one_cycle_is_caught(
    owner: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert caught() == 0
    monkeypatch.setattr(owner, name, one_more(getattr(owner, name)))
    assert caught() > 0


def test_a_fold_that_is_not_skipped_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    assert caught() == 0
    monkeypatch.setattr(array_timing, "zero_folds", lambda *of: zero_folds(*of)._replace(folds=0))
    assert caught() > 0


@pytest.mark.parametrize("cause", [post_pipeline.LATENCY, post_pipeline.OTHER_DRAIN, function_unit.ARRAY])
def test_a_stall_on_the_wrong_cause_is_caught(cause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert caught() == 0
    name = {post_pipeline.LATENCY: "LATENCY", post_pipeline.OTHER_DRAIN: "OTHER_DRAIN", function_unit.ARRAY: "ARRAY"}
    owner = function_unit if cause == function_unit.ARRAY else post_pipeline
    monkeypatch.setattr(owner, name[cause], "nothing")
    assert caught() > 0


STREAMINGS = ("ws im2col", "ws raster", "is im2col", "os im2col")
STORAGES = ("ifmap", "weight", "parameter", "residual", "ofmap", "accumulator")

EXPECTED = {
    *(f"{p}, {s}, {v}" for p, s, v in product(("inline", "pass", "offchip"), STREAMINGS, VARIANTS)),
    *(f"{dataflow}, shadow registers {on}" for dataflow, on in product(("ws", "is"), ("on", "off"))),
    "os, shadow registers off",
    *(f"{storage}: {halves} halves" for storage, halves in product(STORAGES, (1, 2, 3))),
    *(f"ragged tiles in {dimension}" for dimension in ("M", "K", "N", "groups")),
    *(f"edge folds in {side}" for side in ("rows", "columns")),
    "pixels cut by images",
    "pixels cut by rows",
    "pixels cut by columns",
    "K cut",
    "N cut",
    "several groups in a tile",
    *(f"weights kept in blocks, {streaming}" for streaming in STREAMINGS if streaming != "is im2col"),
    *(f"folds skipped, {streaming}" for streaming in STREAMINGS),
    "folds skipped, of several groups",
    "folds skipped, all of an operation",
    "several groups in a fold",
    "groups too large to share a fold",
    "reuse ifmap",
    "reuse weight",
    "stride",
    "dilation",
    "residual operand",
    "pooling",
    "streamed BN",
    "second phase",
    *(f"requantiser, multipliers in {where}, {v}" for where, v in product(("words", "a register"), VARIANTS)),
    "requantiser in a streamed layer",
    "parameters at once",
    "parameters tile by tile",
    "flush cycles",
    "ifmap on chip",
    "intermediate on chip",
    "ofmap on chip",
    *(f"{unit} stalled on {cause}" for unit, causes in STALLS.items() for cause in causes),
}


def test_the_cases_cover_the_machine(record_property: Callable[[str, object], None]) -> None:
    layers, networks = runs()
    assert len(layers) >= 400
    covered = Counter(feature for run in layers + networks for feature in features(run))
    headline = f"{len(layers)} programs of layers and {len(networks)} of networks equal the oracle; among them:\n"
    record_property(SHOWN_AT_THE_END, headline + "".join(table(covered)))
    assert EXPECTED - covered.keys() == set()
    # Nor is a unit stalled on anything that it cannot be stalled on.
    assert covered.keys() - EXPECTED == set()


def table(counts: Counter[str]) -> Iterator[str]:
    """Set the counts in three columns."""
    entries = [f"{count:5d} {name:<41}" for name, count in sorted(counts.items())]
    height = -(-len(entries) // 3)
    for row in range(height):
        yield "".join(entries[row::height]).rstrip() + "\n"


def features(run: Run) -> set[str]:
    """Name what of the machine a run makes use of."""
    return {name for name, present in machine_features(run) + layer_features(run) if present} | {
        f"{account.unit} stalled on {cause}" for account in run.record.accounts for cause in account.stalled_cycles
    }


def machine_features(run: Run) -> list[tuple[str, bool]]:
    machine, program = run.machine, run.program
    array = machine.array
    used = {operation.transfer.buffer for operation in program.transfers}
    halves = {"accumulator": machine.accumulator.halves}
    halves |= {name: buffer.halves for name, buffer in machine.buffers}
    shadow = "on" if array.stationary_double_buffer else "off"
    multiplies = bool(program.array)
    grouped = program.array if array.grouped == "block_diagonal" else ()
    packs = [(groups_per_fold(array, operation.work), operation.work.groups) for operation in grouped]
    streaming = f"{array.dataflow} {array.ifmap_streaming}"
    skipping = [operation.work for operation in program.array if skipped_folds(array, operation.work).folds]
    return [
        (f"weights kept in blocks, {streaming}", multiplies and not array.sparsity.is_dense),
        (f"folds skipped, {streaming}", bool(skipping)),
        ("folds skipped, of several groups", any(groups_per_fold(array, work) > 1 for work in skipping)),
        ("folds skipped, all of an operation", any(not folding(array, work).folds for work in skipping)),
        (f"{machine.bn.placement}, {array.dataflow} {array.ifmap_streaming}, {run.variant}", multiplies),
        (f"{array.dataflow}, shadow registers {shadow}", multiplies),
        *(
            (f"{storage}: {count} halves", storage in used or (storage == "accumulator" and multiplies))
            for storage, count in halves.items()
        ),
        ("several groups in a fold", any(min(side_by_side, groups) > 1 for side_by_side, groups in packs)),
        ("groups too large to share a fold", any(side_by_side == 1 < groups for side_by_side, groups in packs)),
        ("flush cycles", machine.bn.flush_cycles > 0),
    ]


def layer_features(run: Run) -> list[tuple[str, bool]]:
    shape, epilogue, tiling, kept = run.layer.shape, run.layer.epilogue, run.mapping.tiling, run.mapping.residency
    array = run.machine.array
    convolution = isinstance(shape, ConvShape)
    groups = shape.groups if isinstance(shape, ConvShape) else 1
    K, N = shape.input.channels // groups, shape.output.channels // groups
    works = [operation.work for operation in run.program.array]
    phases = phases_of(run.machine, run.layer)
    in_register = convolution and phases[0].requantizes and not phases[0].multipliers
    return [
        ("ragged tiles in M", len({work.pixels for work in works}) > 1),
        ("ragged tiles in K", convolution and K % tiling.in_channels > 0),
        ("ragged tiles in N", N % tiling.out_channels > 0),
        ("ragged tiles in groups", groups % tiling.groups > 0),
        ("edge folds in rows", any(work.in_channels * work.kernel_positions % array.rows for work in works)),
        ("edge folds in columns", any(work.out_channels % array.cols for work in works)),
        ("pixels cut by images", tiling.images < shape.batch and tiling.out_height == shape.output.height),
        ("pixels cut by rows", tiling.out_height < shape.output.height),
        ("pixels cut by columns", tiling.out_width < shape.output.width),
        ("K cut", convolution and tiling.in_channels < K),
        ("N cut", tiling.out_channels < N),
        ("several groups in a tile", tiling.groups > 1),
        (f"reuse {tiling.reuse}", True),
        ("stride", shape.window.stride != (1, 1)),
        ("dilation", shape.window.dilation != (1, 1)),
        ("residual operand", epilogue.residual),
        ("pooling", epilogue.pooling),
        ("streamed BN", epilogue.batchnorm and not convolution),
        ("second phase", run.mapping.second_phase is not None and epilogue.batchnorm),
        ("requantiser in a streamed layer", not convolution and phases[0].requantizes),
        (f"requantiser, multipliers in words, {run.variant}", phases[0].multipliers > 0),
        (f"requantiser, multipliers in a register, {run.variant}", in_register),
        ("parameters at once", run.mapping.parameters_at_once and any(phase.words for phase in phases)),
        ("parameters tile by tile", not run.mapping.parameters_at_once),
        ("ifmap on chip", kept.ifmap),
        ("intermediate on chip", kept.intermediate and epilogue.batchnorm),
        ("ofmap on chip", kept.ofmap),
    ]
