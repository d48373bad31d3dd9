"""The conv array alone: R = 4, C = 3; one fold past which T = 5 vectors stream takes 8 + 3 + 5 − 2 = 14 cycles."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from accelsim.hardware.conv_array import ConvArray
from accelsim.program.operations import ArrayOperation, Token
from tests.hand_built import accumulated, convolve, machine, work
from tests.hardware.bench import Bench, spans, stalls

FOLD = work(pixels=5, kc=4, n=3)


def conv_array(bench: Bench, *operations: ArrayOperation) -> ConvArray:
    return ConvArray(bench.environment, bench.tokens, operations, machine())


def test_an_operation_starts_when_its_token_is_there_and_gives_when_it_is_over() -> None:
    bench = Bench()
    bench.give(Token.IFMAP_FULL, 9)
    full, free = bench.take(Token.ACCUMULATOR_FULL), bench.take(Token.IFMAP_FREE)
    unit = conv_array(bench, convolve(FOLD, (Token.IFMAP_FULL,), (Token.IFMAP_FREE, Token.ACCUMULATOR_FULL)))
    bench.run(unit)
    assert spans(unit.accounts[0]) == [(9, 23)]
    assert (full, free) == ([23], [23])
    assert stalls(unit.accounts[0]) == [("ifmap_full", 0, 9)]
    assert unit.accounts[0].busy_cycles == 14


def test_there_is_no_bubble_between_operations() -> None:
    bench = Bench()
    unit = conv_array(bench, convolve(FOLD), convolve(work(pixels=1, kc=4, n=3)), convolve(FOLD))
    bench.run(unit)
    # 14 cycles, 8 + 3 + 1 − 2 = 10, and 14.
    assert spans(unit.accounts[0]) == [(0, 14), (14, 24), (24, 38)]


def test_a_stall_is_blamed_on_the_first_token_that_is_missing() -> None:
    bench = Bench()
    takes = (Token.IFMAP_FULL, Token.WEIGHT_FULL, Token.BIAS_FULL, Token.ACCUMULATOR_FREE)
    bench.give(Token.IFMAP_FULL, 5)
    bench.give(Token.WEIGHT_FULL, 3)  # it has come before anyone asks for it
    bench.give(Token.BIAS_FULL, 9)
    bench.give(Token.ACCUMULATOR_FREE, 11)
    unit = conv_array(bench, convolve(FOLD, takes))
    bench.run(unit)
    assert spans(unit.accounts[0]) == [(11, 25)]
    assert stalls(unit.accounts[0]) == [
        ("ifmap_full", 0, 5),
        ("bias_full", 5, 9),
        ("accumulator_free", 9, 11),
    ]


def test_a_token_that_comes_while_the_array_works_is_used_at_once() -> None:
    bench = Bench()
    bench.give(Token.WEIGHT_FULL, 0, 13)
    unit = conv_array(bench, *[convolve(FOLD, (Token.WEIGHT_FULL,))] * 2)
    bench.run(unit)
    assert spans(unit.accounts[0]) == [(0, 14), (14, 28)]
    assert stalls(unit.accounts[0]) == []


def test_the_stream_is_announced_at_the_start() -> None:
    bench = Bench()
    operation, _ = accumulated(FOLD)
    bench.give(Token.FUNCTION_UNIT_READY, 6)
    stream = bench.take(Token.ARRAY_STREAM)
    unit = conv_array(bench, operation)
    bench.run(unit)
    assert stream == [6]
    assert spans(unit.accounts[0]) == [(6, 20)]
    assert stalls(unit.accounts[0]) == [("function_unit_ready", 0, 6)]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=6))
def test_it_starts_in_the_first_cycle_in_which_it_is_ready_and_everything_is_there(
    arrivals: list[tuple[int, int]],
) -> None:
    bench = Bench()
    ifmaps, weights = (sorted(cycles) for cycles in zip(*arrivals, strict=True))
    bench.give(Token.IFMAP_FULL, *ifmaps)
    bench.give(Token.WEIGHT_FULL, *weights)
    takes = (Token.IFMAP_FULL, Token.WEIGHT_FULL)
    unit = conv_array(bench, *[convolve(FOLD, takes)] * len(arrivals))
    bench.run(unit)
    ready = 0
    for (start, end), ifmap, weight in zip(spans(unit.accounts[0]), ifmaps, weights, strict=True):
        assert start == max(ready, ifmap, weight)
        ready = end
    # From the first cycle to the end it was either busy or stalled.
    assert unit.accounts[0].busy_cycles + sum(unit.accounts[0].stalled_cycles.values()) == ready
