"""What a unit says of itself when the machine has stopped."""

from __future__ import annotations

from accelsim.hardware.conv_array import ConvArray
from accelsim.program.operations import Token
from tests.hand_built import convolve, machine, work
from tests.hardware.bench import Bench

OPERATION = convolve(work(pixels=5, kc=4, n=3), (Token.IFMAP_FULL,))  # 14 cycles


def conv_array(bench: Bench) -> ConvArray:
    return ConvArray(bench.environment, bench.tokens, [OPERATION] * 3, machine())


def test_before_anything_happens() -> None:
    assert conv_array(Bench()).state == "conv_array: at operation 1 of 3 (multiply)"


def test_waiting() -> None:
    bench = Bench()
    bench.give(Token.IFMAP_FULL, 2)
    unit = conv_array(bench)
    bench.run(unit)
    # The first operation is over in cycle 2 + 14.
    assert unit.state == "conv_array: at operation 2 of 3 (multiply), waits for ifmap_full since cycle 16"


def test_under_way() -> None:
    bench = Bench()
    bench.give(Token.IFMAP_FULL, 0)
    unit = conv_array(bench)
    bench.environment.process(unit.run())
    bench.environment.run(until=10)
    assert unit.state == "conv_array: at operation 1 of 3 (multiply)"


def test_done() -> None:
    bench = Bench()
    bench.give(Token.IFMAP_FULL, 0, 0, 0)
    unit = conv_array(bench)
    bench.run(unit)
    assert unit.state == "conv_array: done, all 3 operations"
    assert bench.environment.now == 3 * 14
