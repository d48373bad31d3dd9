"""The function unit alone, and together with the array. R = 4, C = 3: a fold with T = 5 takes 14 cycles."""

from __future__ import annotations

import pytest

from accelsim.hardware.conv_array import ConvArray
from accelsim.hardware.function_unit import FunctionUnit
from accelsim.program.operations import FunctionUnitOperation, Pass, Token
from accelsim.timing.work import Block
from tests.hand_built import accumulated, machine, make_pass, work
from tests.hardware.bench import Bench, spans, stalls

FOLD = work(pixels=5, kc=4, n=3)
TILE = Block(1, 5, 3)


def function_unit(bench: Bench, *operations: FunctionUnitOperation, flush: int = 0) -> FunctionUnit:
    config = machine(bn={"placement": "pass", "flush_cycles": flush}, requantization={"lanes": 5, "latency_cycles": 9})
    return FunctionUnit(bench.environment, bench.tokens, operations, config)


def test_it_offers_itself_as_soon_as_it_is_ready() -> None:
    bench = Bench()
    _, accumulate = accumulated(FOLD)
    ready = bench.take(Token.FUNCTION_UNIT_READY)
    bench.give(Token.ARRAY_STREAM, 10, 40)
    unit = function_unit(bench, accumulate, make_pass("readout", TILE), accumulate)
    bench.run(unit)
    # At once; and after the 14 cycles of the array's operation, from 10 on, and a pass of 5 rows.
    assert ready == [0, 29]
    assert spans(unit.accounts[0]) == [(10, 24), (24, 29), (40, 54)]
    # Of an operation's 14 cycles it is busy for the 5 rows that stream out.
    assert stalls(unit.accounts[0]) == [
        ("array_stream", 0, 10),
        ("conv_array", 15, 24),
        ("array_stream", 29, 40),
        ("conv_array", 45, 54),
    ]


def test_it_offers_nothing_before_a_pass() -> None:
    bench = Bench()
    ready = bench.take(Token.FUNCTION_UNIT_READY)
    bench.run(function_unit(bench, make_pass("readout", TILE)))
    assert ready == []


def test_a_flush_is_busy_time() -> None:
    # One fold: 5 rows and 2 cycles of flush of its 14; then a pass of 5 rows and 2 cycles.
    bench = Bench()
    bench.give(Token.ARRAY_STREAM, 0)
    unit = function_unit(bench, accumulated(FOLD)[1], make_pass("readout", TILE), flush=2)
    bench.run(unit)
    assert [execution.busy_cycles for execution in unit.accounts[0].executions] == [7, 7]
    assert spans(unit.accounts[0]) == [(0, 14), (14, 21)]
    assert stalls(unit.accounts[0]) == [("conv_array", 7, 14)]


@pytest.mark.parametrize(
    ("kind", "cycles"),
    [
        # 5 rows of 6: 4 lanes of BN, 5 of the requantiser, 2 of the residual add, 1 of pooling, 8 of the activation,
        # which reads out too.
        ("batchnorm", 10),
        ("requantize", 10),
        ("residual_add", 15),
        ("pooling", 30),
        ("activation", 5),
        ("readout", 5),
    ],
)
def test_lanes_of_a_pass(kind: Pass, cycles: int) -> None:
    # The latencies of the stages do not count.
    bench = Bench()
    unit = function_unit(bench, make_pass(kind, Block(1, 5, 6)))
    bench.run(unit)
    assert spans(unit.accounts[0]) == [(0, cycles)]
    assert unit.accounts[0].busy_cycles == cycles


def test_a_pooling_pass_reads_its_windows() -> None:
    bench = Bench()
    unit = function_unit(bench, make_pass("pooling", Block(1, 5, 6), window=4))
    bench.run(unit)
    # 5 rows of 6 elements at 4 positions each, one lane.
    assert spans(unit.accounts[0]) == [(0, 5 * 6 * 4)]


def test_passes_take_and_give_their_own_tokens() -> None:
    bench = Bench()
    bench.give(Token.PARAMETER_FULL, 3)
    bench.give(Token.OFMAP_FREE, 20)
    parameters, tile = bench.take(Token.PARAMETER_FREE), bench.take(Token.OFMAP_FULL)
    unit = function_unit(
        bench,
        make_pass("batchnorm", TILE, takes=(Token.PARAMETER_FULL,), gives=(Token.PARAMETER_FREE,)),
        make_pass("readout", TILE, takes=(Token.OFMAP_FREE,), gives=(Token.OFMAP_FULL,)),
    )
    bench.run(unit)
    # 5 rows each: 3–7 and, after a wait, 20–24.
    assert (parameters, tile) == ([8], [25])
    assert stalls(unit.accounts[0]) == [("parameter_full", 0, 3), ("ofmap_free", 8, 20)]


def test_it_meets_the_array() -> None:
    bench = Bench()
    multiply, accumulate = accumulated(FOLD, takes=(Token.IFMAP_FULL,), gives=(Token.ACCUMULATOR_FULL,))
    bench.give(Token.IFMAP_FULL, 2, 2)
    array = ConvArray(bench.environment, bench.tokens, [multiply] * 2, machine())
    bench.environment.process(array.run())
    read_out = make_pass("readout", TILE, takes=(Token.ACCUMULATOR_FULL,))
    unit = function_unit(bench, accumulate, read_out, accumulate, read_out)
    bench.run(unit)
    # Both start in cycle 2 and end together; the array's next operation waits for the read-out of 5 rows.
    assert spans(array.accounts[0]) == [(2, 16), (21, 35)]
    assert spans(unit.accounts[0]) == [(2, 16), (16, 21), (21, 35), (35, 40)]
    assert stalls(array.accounts[0]) == [("ifmap_full", 0, 2), ("function_unit_ready", 16, 21)]
    assert unit.accounts[0].stalled_cycles == {"array_stream": 2, "conv_array": 9 + 9}
