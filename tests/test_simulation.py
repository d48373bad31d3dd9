"""Whole programs: what every unit did, and what happens when nothing moves any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from accelsim.config.machine import MachineConfig
from accelsim.hardware.account import Account
from accelsim.layers import ConvShape, Epilogue, Layer
from accelsim.mapping.plan import map_layers
from accelsim.program.layer import layer_program
from accelsim.program.operations import Program, Token
from accelsim.simulation import DeadlockError, LayerRecord, simulate_program
from accelsim.timing.work import Block
from accelsim.workload.shapes import Shape, Window
from tests.hand_built import convolve, drain, machine, program, read, work, write
from tests.oracle.machine import run_per_cycle

FOLD = work(pixels=5, kc=4, n=3)  # 2·4 + 3 + 5 − 2 = 14 cycles
ROW = Block(1, 1, 8)  # 8 cycles through one lane


def accounts(record: LayerRecord) -> dict[str, Account]:
    return {account.unit: account for account in record.accounts}


class TestAProgram:
    def test_load_convolve_drain_store(self) -> None:
        # ifmap on the port in 0–7, usable at 10; weights in 8–13, usable at 16. Array 16–29. The drain, 5 rows of
        # 3 through 2 lanes and 1 cycle of latency, 30–40. Store 41–55.
        record = simulate_program(
            machine(dram={"read_latency_cycles": 2}, activation={"lanes": 2, "latency_cycles": 1}),
            program(
                transfers=(
                    read("ifmap", 8, gives=(Token.IFMAP_FULL,)),
                    read("weight", 6, gives=(Token.WEIGHT_FULL,)),
                    write(15, takes=(Token.OFMAP_FULL,)),
                ),
                array=(convolve(FOLD, (Token.IFMAP_FULL, Token.WEIGHT_FULL), (Token.ACCUMULATOR_FULL,)),),
                drains=(
                    drain(
                        ("activation",),
                        Block(1, 5, 3),
                        takes=(Token.ACCUMULATOR_FULL,),
                        gives=(Token.OFMAP_FULL,),
                    ),
                ),
            ),
        )
        units = accounts(record)
        assert record.cycles == 56
        assert [(e.start_cycle, e.end_cycle) for e in units["dma"].executions] == [(0, 8), (8, 14), (41, 56)]
        assert units["dma"].stalled_cycles == {"ofmap_full": 27}
        assert units["conv_array"].stalled_cycles == {"ifmap_full": 10, "weight_full": 6}
        assert units["activation"].stalled_cycles == {"accumulator_full": 30, "pipeline_latency": 1}
        assert [units[name].end_cycle for name in ("dma", "conv_array", "activation")] == [56, 30, 41]

    def test_nothing_to_do(self) -> None:
        record = simulate_program(machine(), program())
        assert record.cycles == 0
        assert not any(account.executions or account.stalls for account in record.accounts)

    def test_tokens_at_the_start(self) -> None:
        operations = (convolve(FOLD, (Token.IFMAP_FULL,)),) * 2
        record = simulate_program(machine(), program(array=operations, tokens={Token.IFMAP_FULL: 2}))
        assert record.cycles == 2 * 14

    def test_it_does_the_same_again(self) -> None:
        machine_, written = small_program("offchip")
        first, again = (accounts(simulate_program(machine_, written)) for _ in range(2))
        assert {unit: (a.executions, a.stalls) for unit, a in first.items()} == {
            unit: (a.executions, a.stalls) for unit, a in again.items()
        }


def small_program(placement: str) -> tuple[MachineConfig, Program]:
    """Return the program of a convolution with BN and residual operand, in several tiles."""
    config = machine(bn={"placement": placement}, accumulator={"psums": 16})
    shape = ConvShape(1, Shape(3, 4, 4), Shape(5, 4, 4), Window((3, 3), padding=(1, 1, 1, 1)), 1)
    epilogue = Epilogue(bias=True, batchnorm=True, residual=True)
    layer = Layer("conv", "conv", shape, epilogue, ("conv", "bn", "add"), ("input", "skip"))
    return config, layer_program(config, layer, map_layers(config, [layer], {})["conv"])


class TestDeadlock:
    """Loads an ifmap in 0–7 and another in 22–29; the array multiplies in 8–21 and 30–43."""

    def broken(self, **replaced: Any) -> Program:
        """Return a program of two tiles; by default nobody gives the accumulator half back."""
        whole = program(
            transfers=(
                *[read("ifmap", 8, (Token.IFMAP_FREE,), (Token.IFMAP_FULL,))] * 2,
                write(5, (Token.OFMAP_FULL,)),
            ),
            array=(
                convolve(
                    FOLD,
                    (Token.IFMAP_FULL, Token.ACCUMULATOR_FREE),
                    (Token.IFMAP_FREE, Token.ACCUMULATOR_FULL),
                ),
            )
            * 2,
            drains=(drain(("activation",), ROW, takes=(Token.ACCUMULATOR_FULL,), gives=(Token.OFMAP_FULL,)),) * 2,
            tokens={Token.IFMAP_FREE: 1, Token.ACCUMULATOR_FREE: 1},
        )
        return replace(whole, **replaced)

    def test_the_error_names_the_state_of_every_unit(self) -> None:
        # The drain is over in cycle 22 + 1 + 3 = 26; the second load in 30; the store, of 5 bytes, in 35.
        with pytest.raises(DeadlockError) as caught:
            simulate_program(machine(), self.broken())
        assert str(caught.value).splitlines() == [
            "nothing moves after cycle 35:",
            "  dma: done, all 3 operations",
            "  conv_array: at operation 2 of 2 (multiply), waits for accumulator_free since cycle 30",
            "  post_pipeline: at operation 2 of 2 (drain), waits for accumulator_full since cycle 26",
            "  function_unit: done, all 0 operations",
            "  tokens left: ",
        ]

    def test_tokens_that_are_left_are_counted(self) -> None:
        tokens = {Token.IFMAP_FREE: 1, Token.RESIDUAL_FREE: 2}
        with pytest.raises(DeadlockError, match=r"tokens left: residual_free 2$"):
            simulate_program(machine(), self.broken(tokens=tokens))

    def test_a_program_with_what_was_missing_comes_to_its_end(self) -> None:
        gives = (Token.ACCUMULATOR_FREE, Token.OFMAP_FULL)
        drains = [drain(("activation",), ROW, takes=(Token.ACCUMULATOR_FULL,), gives=gives)] * 2
        # The second multiplication is over in 30 + 14 = 44, its drain in 48.
        assert simulate_program(machine(), self.broken(drains=drains)).cycles == 48

    @pytest.mark.parametrize("latency", [0, 100])
    def test_a_deadlock_keeps_what_happened_until_then(self, latency: int) -> None:
        config = machine(dram={"read_latency_cycles": latency})
        with pytest.raises(DeadlockError) as caught:
            simulate_program(config, self.broken())
        oracle = run_per_cycle(config, self.broken())
        assert oracle.deadlocked
        record = caught.value.record
        assert record.cycles == oracle.total_cycles
        for unit in ("dma", "conv_array", "activation"):
            account = accounts(record)[unit]
            assert account.busy_cycles == oracle.busy[unit]
            assert account.stalled_cycles == oracle.stalled[unit]

    @pytest.mark.parametrize("placement", ["inline", "pass", "offchip"])
    def test_a_single_full_half_that_is_not_announced_stops_the_machine(self, placement: str) -> None:
        machine_, written = small_program(placement)
        lists: dict[str, Sequence[Any]] = {
            "transfers": written.transfers,
            "array": written.array,
            "drains": written.drains,
        }
        for name, operations in (lists | {"function_unit": written.function_unit}).items():
            for position, operation in enumerate(operations):
                left = tuple(token for token in operation.gives if not token.endswith("_full"))
                if left != operation.gives:
                    broken: list[Any] = list(operations)
                    broken[position] = operation._replace(gives=left)
                    changes: dict[str, Any] = {name: broken}
                    with pytest.raises(DeadlockError):
                        simulate_program(machine_, replace(written, **changes))
