"""What the mapper believes a tiling to cost, against tilings walked through one by one."""

from __future__ import annotations

import pytest

from accelsim.layers import ConvShape
from accelsim.mapping.candidates import only
from accelsim.mapping.cost import dram_bytes, estimated_cycles, operation_count, unit_cycles
from accelsim.mapping.plan import LayerMapping, problem_of
from accelsim.mapping.problem import MappingProblem
from accelsim.mapping.residency import Residency
from accelsim.mapping.tiling import Tiling
from accelsim.program.layer import layer_program
from accelsim.simulation import simulate_program
from tests.mapping.brute_force import all_tilings, tasks_of, traffic
from tests.mapping.tiny_layers import Tiny, tiny_case
from tests.random_cases import seeded


def random_tilings(case: Tiny, seed: int) -> tuple[MappingProblem, list[Tiling]]:
    """Return what the mapper is asked about a layer, and a few tilings; whether they fit does not matter here."""
    task = tasks_of(case.machine, case.unfused, Residency())[0]
    problem = problem_of(case.machine, case.unfused.shape, case.unfused.epilogue, Residency())
    tilings = list(all_tilings(task))
    return problem, seeded(seed).sample(tilings, min(4, len(tilings)))


@pytest.mark.parametrize("seed", range(150))
def test_the_bytes_are_those_of_the_program(seed: int) -> None:
    case = tiny_case(seed)
    task = tasks_of(case.machine, case.unfused, Residency())[0]
    problem, tilings = random_tilings(case, seed)
    for tiling in tilings:
        program = layer_program(case.machine, case.fused, LayerMapping(Residency(), tiling, task.parameters_at_once))
        believed = dram_bytes(problem, only(problem, tiling))[0]
        assert believed == traffic(task, tiling)
        assert believed == sum(operation.transfer.bytes for operation in program.transfers)


@pytest.mark.parametrize("seed", range(150))
def test_the_operations_are_those_of_the_program(seed: int) -> None:
    case = tiny_case(seed)
    problem, tilings = random_tilings(case, seed)
    for tiling in tilings:
        program = layer_program(case.machine, case.fused, LayerMapping(Residency(), tiling, problem.parameters_at_once))
        tiles = program.array if isinstance(case.fused.shape, ConvShape) else program.transfers
        loads = sum(tile.label.startswith(("multiply", "load ifmap")) for tile in tiles)
        assert operation_count(problem, only(problem, tiling))[0] == loads


def test_the_estimate_is_at_least_what_the_array_and_the_port_need() -> None:
    for seed in range(60):
        case = tiny_case(seed)
        problem, tilings = random_tilings(case, seed)
        for tiling in tilings:
            candidate = only(problem, tiling)
            folds = case.unfused.macs / (case.machine.array.rows * case.machine.array.cols)
            moved_bytes = dram_bytes(problem, candidate)
            port = int(moved_bytes[0]) / case.machine.dram.bytes_per_cycle
            assert estimated_cycles(problem, candidate, moved_bytes)[0] >= max(folds, port)


@pytest.mark.parametrize("seed", range(150))
def test_the_units_are_as_busy_as_in_the_simulation(seed: int) -> None:
    case = tiny_case(seed)
    machine = case.machine.model_copy(update={"bn": case.machine.bn.model_copy(update={"placement": "inline"})})
    task = tasks_of(machine, case.fused, Residency())[0]
    problem = problem_of(machine, case.fused.shape, case.fused.epilogue, Residency())
    for tiling in seeded(seed).sample(tilings := list(all_tilings(task)), min(2, len(tilings))):
        mapping = LayerMapping(Residency(), tiling, problem.parameters_at_once)
        record = simulate_program(machine, layer_program(machine, case.fused, mapping))
        busy = {account.unit: account.busy_cycles for account in record.accounts}
        behind = max(busy[stage] for stage in ("activation", "pooling", "requantizer"))
        assert [int(cycles[0]) for cycles in unit_cycles(problem, only(problem, tiling))] == [
            busy["conv_array"],
            behind,
        ]
