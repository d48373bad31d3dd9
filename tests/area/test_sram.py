from __future__ import annotations

from accelsim.area.sram import memories
from tests.area.machines import small_machine


def test_a_buffer_of_two_kib_is_one_macro() -> None:
    ifmap = memories(small_machine())[0]
    assert (ifmap.name, ifmap.bits, ifmap.area_um2) == ("ifmap buffer", 16384, 483.86 * 326.1)


def test_the_accumulator_is_all_its_halves_in_memory_that_is_read_and_written_at_once() -> None:
    accumulator = memories(small_machine(accumulator={"psums": 256, "halves": 4}))[-1]
    assert (accumulator.name, accumulator.bits) == ("accumulator", 256 * 4 * 16)
    assert accumulator.area_um2 == 696.7 * 418.58


def test_all_buffers_are_there() -> None:
    assert [memory.name for memory in memories(small_machine())] == [
        "ifmap buffer",
        "weight buffer",
        "parameter buffer",
        "residual buffer",
        "ofmap buffer",
        "accumulator",
    ]
