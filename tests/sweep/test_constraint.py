"""Constraints: what they mean, and what is refused."""

from __future__ import annotations

import pytest

from accelsim.sweep.constraint import read_constraint
from accelsim.sweep.definition import Axis
from tests.sweep.tiny_sweeps import refusal

BASE = {
    "machine": {
        "array": {"rows": 8, "cols": 16, "dataflow": "ws"},
        "dram": {"bytes_per_cycle": "64/5"},
        "keep_on_chip": False,
        "bn": {"intermediate_bits": None},
    }
}
AXES = [
    Axis(keys=(("machine", "bn", "lanes"), ("machine", "bn", "latency_cycles")), levels=((4, 0), (16, 1), (32, 2))),
    Axis(keys=(("machine", "buffers", "ifmap"),), levels=(({"kib": 4},), ({"kib": 64},))),
]


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("machine.bn.lanes <= machine.array.cols", [True, True, False]),
        ("machine.bn.lanes < machine.array.cols", [True, False, False]),
        ("machine.bn.lanes == machine.array.cols", [False, True, False]),
        ("machine.bn.lanes != machine.array.cols", [True, False, True]),
        ("machine.bn.lanes >= 16", [False, True, True]),
        ("16<machine.bn.lanes", [False, False, True]),
        ("machine.bn.lanes * machine.array.rows > 2 * machine.array.cols * 2", [False, True, True]),
        ("machine.bn.latency_cycles * 10 >= machine.dram.bytes_per_cycle", [False, False, True]),  # 64/5 is 12.8
        ("machine.bn.latency_cycles * 12.8 == machine.dram.bytes_per_cycle", [False, True, False]),
        ("1 <= 2", [True, True, True]),
    ],
)
def test_products_are_compared(text: str, held: list[bool]) -> None:
    constraint = read_constraint(text, AXES, BASE)
    assert [constraint.holds((index, 0)) for index in range(3)] == held


def test_a_key_may_lie_inside_the_values_of_an_axis() -> None:
    constraint = read_constraint("machine.buffers.ifmap.kib > machine.array.rows", AXES, BASE)
    assert constraint.axes == {1}
    assert [constraint.holds((0, index)) for index in range(2)] == [False, True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("machine.bn.lanes", "'machine.bn.lanes' must compare two things, with one of <=, >=, ==, !=, <, >"),
        ("1 < machine.bn.lanes < 9", "must compare two things"),
        ("machine.bn.lane < 9", "unknown key 'machine.bn.lane'; did you mean 'machine.bn.lanes'?"),
        ("machine.bn.lanes * < 9", "a key or a number is missing"),
        ("machine.array.dataflow == ws", "machine.array.dataflow is the text 'ws', and only numbers can be compared"),
        ("machine.keep_on_chip < 1", "machine.keep_on_chip is false, and only numbers can be compared"),
        ("machine.array < 1", "machine.array is a mapping, and only numbers can be compared"),
        ("machine.bn.intermediate_bits < 1", "machine.bn.intermediate_bits is an empty value"),
        ("machine.buffers.ifmap.halves < 1", "machine.buffers.ifmap.halves is an empty value"),
        ("1/0 < machine.bn.lanes", "unknown key '1/0'"),
    ],
)
def test_what_cannot_be_compared_is_refused(text: str, message: str) -> None:
    assert message in refusal(read_constraint, text, AXES, BASE)
