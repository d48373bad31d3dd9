"""The chosen tiling moves as few bytes as any that the contract allows, and so does the program that is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from accelsim.config import load_config
from accelsim.errors import MappingError
from accelsim.experiment import plan_network
from accelsim.layers import ConvShape, Layer
from accelsim.mapping import search
from accelsim.mapping.candidates import Candidates, only
from accelsim.mapping.cost import dram_bytes, estimated_cycles
from accelsim.mapping.plan import LayerMapping, map_layers, problem_of
from accelsim.mapping.problem import MappingProblem
from accelsim.mapping.residency import Residency
from accelsim.mapping.search import choose_tiling
from accelsim.program.layer import layer_program
from tests.mapping.brute_force import assert_as_good, best_choice, choice_of, missing, tasks_of, traffic
from tests.mapping.tiny_layers import Tiny, sparse_case, tiny_case

pytestmark = pytest.mark.slow

SEEDS = range(300)

SPARSE = tuple(product([sparse_case], range(100)))

HARD_SEEDS = (328, 758, 783, 800, 912, 1101, 1466, 1637, 1744, 2111, 2475, 3109, 3371, 3749, 4338)
"""Layers where the smallest tile of a number of tiles is not the best: it streams briefly, or its halo, rounding or
clipped padding differ."""


def chosen(case: Tiny) -> LayerMapping | None:
    """Return what accelsim chooses, or ``None`` if it finds no tile that fits."""
    try:
        return map_layers(case.machine, [case.unfused], {})[case.unfused.name]
    except MappingError:
        return None


def moved_bytes(case: Tiny, layer: Layer, mapping: LayerMapping) -> int:
    """Bytes of all transfers of the program."""
    return sum(operation.transfer.bytes for operation in layer_program(case.machine, layer, mapping).transfers)


def estimate(problem: MappingProblem, candidate: Candidates) -> int:
    """Cycles that a single tiling is believed to take."""
    return int(estimated_cycles(problem, candidate, dram_bytes(problem, candidate))[0])


@pytest.mark.parametrize(("make", "seed"), [*product([tiny_case], (*SEEDS, *HARD_SEEDS)), *SPARSE])
def test_no_tiling_beats_the_chosen_one(make: Callable[[int], Tiny], seed: int) -> None:
    case = make(seed)
    tasks = tasks_of(case.machine, case.unfused, Residency())
    best = [best_choice(task) for task in tasks]
    mapping = chosen(case)
    if mapping is None:
        assert None in best
        return
    program = layer_program(case.machine, case.unfused, mapping)
    for task, tiling, bound in zip(tasks, (mapping.tiling, mapping.second_phase), best, strict=False):
        assert tiling is not None
        assert bound is not None
        assert missing(task, tiling) == {}
        assert_as_good(task, choice_of(task, tiling), bound, len(program.transfers))


@pytest.mark.parametrize(("make", "seed"), [*product([tiny_case], SEEDS), *SPARSE])
def test_the_programs_of_both_variants_move_what_the_tiling_asks_for(make: Callable[[int], Tiny], seed: int) -> None:
    case = make(seed)
    mapping = chosen(case)
    if mapping is None:
        return
    first, *second = tasks_of(case.machine, case.unfused, Residency())
    assert moved_bytes(case, case.fused, mapping) == traffic(first, mapping.tiling)
    if not second:  # unfused, the same with the parameters of the BatchNorm
        unfused = replace(first, fused_words=first.held_words)
        assert moved_bytes(case, case.unfused, mapping) == traffic(unfused, mapping.tiling)


def test_the_other_objective_trades_traffic_for_cycles() -> None:
    faster = 0
    for seed in range(150):
        case = tiny_case(seed)
        task = tasks_of(case.machine, case.unfused, Residency())[0]
        problem = problem_of(case.machine, case.unfused.shape, case.unfused.epilogue, Residency())
        try:
            least, fastest = choose_tiling(problem), choose_tiling(problem, "cycles")
        except MappingError:
            continue
        assert missing(task, fastest) == {}
        cycles = [estimate(problem, only(problem, tiling)) for tiling in (fastest, least)]
        assert cycles[0] <= 1.01 * cycles[1]
        faster += cycles[0] < 0.9 * cycles[1] and traffic(task, fastest) > traffic(task, least)
    assert faster >= 5


def test_the_cases_are_of_all_kinds() -> None:
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        case = tiny_case(seed)
        shape = case.unfused.shape
        mapping = chosen(case)
        seen[case.machine.array.dataflow] += 1
        seen["two phases"] += mapping is not None and mapping.second_phase is not None
        seen["nothing fits"] += mapping is None
        seen["batch"] += shape.batch > 1
        seen["bits"] += case.machine.array.operand_bits % 8 > 0
        seen["padding"] += max(shape.window.padding) > 1
        seen["one pixel"] += shape.input.pixels == 1
        seen["groups"] += isinstance(shape, ConvShape) and shape.groups > 1
        seen["streamed"] += not isinstance(shape, ConvShape)
        if mapping is not None:
            tiling = mapping.tiling
            seen["cut images"] += tiling.images < shape.batch
            seen["cut rows"] += tiling.out_height < shape.output.height
            seen["cut columns"] += tiling.out_width < shape.output.width
            if isinstance(shape, ConvShape):
                seen["cut groups"] += tiling.groups < shape.groups
                seen["cut K"] += tiling.in_channels < shape.input.channels // shape.groups
                seen["cut N"] += tiling.out_channels < shape.output.channels // shape.groups
                seen[f"reuse {tiling.reuse}"] += 1
    assert min(seen.values()) >= 3, seen
    assert len(seen) == 19, seen


def test_sparse_cases_cut_k_in_blocks() -> None:
    cut = 0
    for make, seed in SPARSE:
        case = make(seed)
        mapping = chosen(case)
        if mapping is not None and mapping.tiling.in_channels < case.unfused.shape.input.channels // groups_of(case):
            assert mapping.tiling.in_channels % case.machine.array.sparsity.block == 0
            cut += 1
    assert cut >= 10


def groups_of(case: Tiny) -> int:
    shape = case.unfused.shape
    return shape.groups if isinstance(shape, ConvShape) else 1


def test_a_tiling_outside_the_rules_wins_where_it_is_clearly_better(
    monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    # ResNet-18's second convolution with 32-bit operands: a tile of 32 whole columns leaves no room for all of K, so
    # that the ifmap is loaded again and again, and the port is the bottleneck either way.
    wide = ["machine.array.operand_bits=32", "machine.array.psum_bits=64"]
    config = load_config(repository / "configs/resnet18.yaml", wide)
    layer = next(layer for layer in plan_network(config).layers["unfused"] if layer.name == "layer1.0.conv1")
    problem = problem_of(config.machine, layer.shape, layer.epilogue, Residency())
    free = choose_tiling(problem)
    monkeypatch.setattr(search, "CLEARLY_LESS_TRAFFIC", 1)  # nothing moves less than nothing
    ruled = choose_tiling(problem)
    assert ruled.out_channels % config.machine.array.cols == 0
    assert free.out_channels % config.machine.array.cols != 0
    cheaper, dearer = only(problem, free), only(problem, ruled)
    assert dram_bytes(problem, cheaper)[0] < 0.95 * dram_bytes(problem, dearer)[0]
    assert estimate(problem, cheaper) <= estimate(problem, dearer)


def test_a_large_global_pool_is_not_cut_into_single_channels(repository: Path, tmp_path: Path) -> None:
    # 24 channels of 80x80 bytes in halves of 64 KiB: at most 10 a tile, so at least 3 tiles. A tile of up to 32
    # channels takes 6,400 cycles to pool, however wide it is.
    pool = "{name: pool, op: global_avgpool}"
    network = f"name: n\ninput: {{channels: 24, height: 80, width: 80}}\nlayers: [{pool}]\n"
    (tmp_path / "n.yaml").write_text(network)
    machine = repository / "configs" / "machines" / "edge32.yaml"
    (tmp_path / "c.yaml").write_text(f"machine: {machine}\nrun: {{workload: n.yaml}}\n")
    for objective in ("traffic", "cycles"):
        plan = plan_network(load_config(tmp_path / "c.yaml", [f"run.objective={objective}"]))
        assert plan.mappings["fused"]["pool"].tiling.out_channels == 8
