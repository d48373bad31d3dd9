"""What holds for every layer on every machine: conservation, bounds, monotonicity, and what fusion cannot cost."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from accelsim.config.machine import MachineConfig
from accelsim.hardware.account import Account
from accelsim.layers import ConvShape, Epilogue, Layer, StreamShape
from accelsim.mapping.plan import LayerMapping
from accelsim.mapping.residency import Residency
from accelsim.mapping.tiling import Tiling
from accelsim.program.operations import Program
from accelsim.simulation import simulate_program
from accelsim.workload.shapes import Shape, Window
from tests import hand_built
from tests.hand_built import changed
from tests.random_cases import Case, random_case, random_machine, random_mapping, seeded, that_can_pool

pytestmark = pytest.mark.slow

MANY_OPERATIONS = 1500

STAGES = ("bn", "requantization", "residual_add", "pooling", "activation")
SEEDS = st.integers(0, 2**32)
examples = settings(max_examples=150)


def drawn(seed: int, **sections: dict[str, Any]) -> tuple[Case, LayerMapping]:
    """Return a random layer, mapped; with some keys of its machine set."""
    random = seeded(seed)
    machine = random_machine(random)
    case = random_case(random, that_can_pool(changed(machine, **sections)) if sections else machine)
    mapping = random_mapping(random, case)
    unfused = case.programs(mapping)[0]
    assume(len(unfused.transfers) + len(unfused.array) < MANY_OPERATIONS)
    return case, mapping


def cycles(machine: MachineConfig, program: Program) -> int:
    return simulate_program(machine, program).cycles


def moved_bytes(program: Program) -> int:
    return sum(operation.transfer.bytes for operation in program.transfers)


class TestConservation:
    @given(SEEDS)
    @examples
    def test_every_cycle_of_every_unit_is_accounted_for_once(self, seed: int) -> None:
        case, mapping = drawn(seed)
        for program in case.programs(mapping):
            record = simulate_program(case.machine, program)
            for account in record.accounts:
                # Busy or stalled, and not both, until the unit has no more to do; from then on it is idle.
                said = times_said(account, record.cycles)
                assert (said[: account.end_cycle] == 1).all()
                assert not said[account.end_cycle :].any()
                idle = record.cycles - account.end_cycle
                stalled = sum(account.stalled_cycles.values())
                assert account.busy_cycles + stalled + idle == record.cycles

    @given(SEEDS)
    @examples
    def test_all_operations_are_executed_and_no_bytes_are_lost(self, seed: int) -> None:
        case, mapping = drawn(seed)
        for program in case.programs(mapping):
            record = simulate_program(case.machine, program)
            executed = {account.unit: account.executions for account in record.accounts}
            assert [(e.operation, e.bytes) for e in executed["dma"]] == [
                (operation.label, operation.transfer.bytes) for operation in program.transfers
            ]
            assert len(executed["conv_array"]) == len(program.array)
            assert len(executed["activation"]) == len(program.drains)
            assert len(executed["function_unit"]) == len(program.function_unit)


def times_said(account: Account, total: int) -> NDArray[np.int64]:
    """For every cycle, how often the account says what the unit did in it."""
    times = np.zeros(total, dtype=np.int64)
    for execution in account.executions:
        times[execution.start_cycle : execution.start_cycle + execution.busy_cycles] += 1
    for stall in account.stalls:
        times[stall.start_cycle : stall.end_cycle] += 1
    return times


class TestBounds:
    @given(SEEDS)
    @examples
    def test_no_layer_is_faster_than_its_array_or_its_port(self, seed: int) -> None:
        case, mapping = drawn(seed)
        array = case.machine.array
        for layer, program in zip(case.layers, case.programs(mapping), strict=True):
            record = simulate_program(case.machine, program)
            assert record.cycles * array.rows * array.cols >= layer.macs
            assert record.cycles * case.machine.dram.bytes_per_cycle >= moved_bytes(program)
            assert all(record.cycles >= account.busy_cycles for account in record.accounts)

    @given(SEEDS)
    @examples
    def test_the_array_does_all_multiplications(self, seed: int) -> None:
        case, mapping = drawn(seed)
        for layer, program in zip(case.layers, case.programs(mapping), strict=True):
            assert sum(operation.work.macs for operation in program.array) == layer.macs

    @given(SEEDS)
    @examples
    def test_no_layer_moves_less_than_it_needs(self, seed: int) -> None:
        case, mapping = drawn(seed)
        for layer, program in zip(case.layers, case.programs(mapping), strict=True):
            assert moved_bytes(program) * 8 >= needed_bits(case.machine, layer)


def needed_bits(machine: MachineConfig, layer: Layer) -> int:
    """Elements of the ifmap that are looked at, weights, residual operand and ofmap, each once."""
    shape = layer.shape
    weights = 0
    if isinstance(shape, ConvShape):
        weights = shape.input.channels // shape.groups * shape.output.channels * shape.window.positions
    rows, columns = looked_at(shape, axis=0), looked_at(shape, axis=1)
    ofmaps = 1 + layer.epilogue.residual
    operands = shape.batch * (shape.input.channels * rows * columns + ofmaps * shape.output.elements)
    weight_bits = machine.array.weight_bits or machine.array.operand_bits
    return operands * machine.array.operand_bits + weights * weight_bits


def looked_at(shape: ConvShape | StreamShape, axis: int) -> int:
    """Rows (or columns) of the ifmap that some output looks at."""
    window = shape.window
    positions = {
        output * window.stride[axis] - window.padding[axis] + offset * window.dilation[axis]
        for output in range(shape.output[1 + axis])
        for offset in range(window.kernel[axis])
    }
    return len(positions & set(range(shape.input[1 + axis])))


class TestMonotonicity:
    """A better machine that runs the same program is never slower."""

    def never_slower(self, case: Case, mapping: LayerMapping, better: dict[str, dict[str, Any]]) -> None:
        machine = changed(case.machine, **better)
        for program in case.programs(mapping):
            assert cycles(machine, program) <= cycles(case.machine, program)

    @given(SEEDS, st.integers(3, 8))
    @examples
    def test_more_bandwidth(self, seed: int, halves: int) -> None:
        case, mapping = drawn(seed)
        rate = case.machine.dram.bytes_per_cycle * Fraction(halves, 2)
        self.never_slower(case, mapping, {"dram": {"bytes_per_cycle": rate}})

    @given(SEEDS)
    @examples
    def test_no_latency_of_the_memory(self, seed: int) -> None:
        self.never_slower(*drawn(seed), {"dram": {"read_latency_cycles": 0}})

    @given(SEEDS, st.sampled_from(STAGES))
    @examples
    def test_no_latency_of_a_stage(self, seed: int, stage: str) -> None:
        case, mapping = drawn(seed)
        assume(getattr(case.machine, stage) is not None)
        self.never_slower(case, mapping, {stage: {"latency_cycles": 0}})

    @given(SEEDS, st.sampled_from(STAGES), st.integers(2, 4))
    @examples
    def test_more_lanes(self, seed: int, stage: str, factor: int) -> None:
        case, mapping = drawn(seed)
        section = getattr(case.machine, stage)
        assume(section is not None)
        self.never_slower(case, mapping, {stage: {"lanes": factor * section.lanes}})

    @given(SEEDS)
    @examples
    def test_shadow_registers(self, seed: int) -> None:
        case, mapping = drawn(seed, bn={"flush_cycles": 0}, array={"stationary_double_buffer": False})
        assume(case.machine.array.dataflow != "os")
        self.never_slower(case, mapping, {"array": {"stationary_double_buffer": True}})


class TestFusion:
    """With the same tiling, folding BN into the convolution costs nothing."""

    def costs_nothing(self, case: Case, mapping: LayerMapping) -> None:
        unfused, *folded = case.programs(mapping)
        for fused in folded:
            assert moved_bytes(fused) <= moved_bytes(unfused)
            assert cycles(case.machine, fused) <= cycles(case.machine, unfused)

    @given(SEEDS, st.sampled_from(["inline", "pass"]))
    @settings(max_examples=300)
    def test_behind_the_array(self, seed: int, placement: str) -> None:
        # A pass of the requantiser that is longer than that of BN keeps the words of a tile longer.
        case, mapping = drawn(seed, bn={"placement": placement, "flush_cycles": 0})
        requantization = case.machine.requantization
        assume(requantization is None or requantization.lanes >= case.machine.bn.lanes or mapping.parameters_at_once)
        self.costs_nothing(case, mapping)

    def test_a_requantiser_narrower_than_bn_may_keep_its_words_longer(self) -> None:
        # Why these are left out above. With one parameter half and a channel tile for each of 8 channels, the words
        # of the next tile, and behind them all it needs, are loaded when the pass that takes the last ones is over: for
        # 16 rows of 4 columns 16 cycles of BN with its 4 lanes, or 64 of the requantiser with its one.
        machine = hand_built.machine(
            array={"rows": 4, "cols": 4},
            buffers={name: {"kib": 1} for name in ("ifmap", "weight", "residual", "ofmap")}
            | {"parameter": {"kib": 1, "halves": 1}},
            dram={"bytes_per_cycle": 16, "read_latency_cycles": 400},
            bn={"placement": "pass", "lanes": 4},
            requantization={"lanes": 1},
        )
        shape = ConvShape(1, Shape(2, 4, 4), Shape(32, 4, 4), Window(), 1)
        layers = (
            Layer("conv", "conv", shape, epilogue, ("conv",), ("input",))
            for epilogue in (Epilogue(batchnorm=True), Epilogue(bias=True))
        )
        tiling = Tiling(images=1, out_height=4, out_width=4, groups=1, out_channels=4, in_channels=2, reuse="ifmap")
        mapping = LayerMapping(Residency(), tiling, parameters_at_once=False)
        unfused, fused, into_requantizer = Case(machine, *layers).programs(mapping)
        assert moved_bytes(fused) == moved_bytes(unfused)
        assert cycles(machine, into_requantizer) == cycles(machine, fused)
        # All of the 8 tiles but the first wait for 64 cycles in place of 16; the last is over without BN's 16.
        assert cycles(machine, fused) - cycles(machine, unfused) == 7 * (64 - 16) - 16

    @given(SEEDS)
    @settings(max_examples=300)
    def test_off_chip(self, seed: int) -> None:
        # The first phase of the unfused layer is the fused layer without the loads of its biases (and where they
        # hold a BN's scale, of its multipliers) and of its residual operand. If biases are loaded once (or were there
        # before), they take no longer than the parameters of the second phase, so all that is saved is saved. A
        # residual operand is left out: the fused layer loads it in tiles of the convolution, and the second phase in
        # larger ones of its own.
        case, mapping = drawn(seed, bn={"placement": "offchip"})
        epilogue = case.unfused.epilogue
        assume(not epilogue.residual and (mapping.parameters_at_once or epilogue.bias))
        self.costs_nothing(case, mapping)

    def test_off_chip_a_residual_operand_may_cost_more_than_a_second_phase(self) -> None:
        # Why residual operands are left out above. With a single residual half each of 6 tiles, a row each, loads
        # its operand only after the drain of the one before: six times the latency of 40 cycles. The second phase
        # has one tile, and pays once; three ifmap halves hide the latency in the first phase.
        machine = hand_built.machine(
            buffers={"ifmap": {"kib": 3, "halves": 3}, "residual": {"kib": 1, "halves": 1}},
            dram={"bytes_per_cycle": 16, "read_latency_cycles": 40},
            bn={"placement": "offchip"},
            accumulator={"psums": 16, "halves": 3},
        )
        shape = ConvShape(1, Shape(2, 6, 2), Shape(2, 6, 2), Window(), 1)
        unfused = Epilogue(batchnorm=True, residual=True)
        fused = Epilogue(bias=True, residual=True)
        layers = (Layer("conv", "conv", shape, e, ("conv",), ("input", "skip")) for e in (unfused, fused))
        whole = Tiling(images=1, out_height=6, out_width=2, groups=1, out_channels=2, in_channels=2)
        mapping = LayerMapping(Residency(), replace(whole, out_height=1), True, whole)
        unfused_program, fused_program = Case(machine, *layers).programs(mapping)
        assert cycles(machine, unfused_program) < 6 * 40 < cycles(machine, fused_program)
