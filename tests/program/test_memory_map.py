from __future__ import annotations

from accelsim.layout import FeatureMap
from accelsim.program.memory_map import MemoryMap
from accelsim.workload.shapes import Shape


def test_tensors_begin_at_a_burst() -> None:
    memory = MemoryMap(64)
    # 100 bytes end in the second burst, 64 more fill the third.
    assert [memory.place(size) for size in (100, 64, 1, 1)] == [0, 128, 192, 256]


def test_pieces_follow_one_another() -> None:
    memory = MemoryMap(64)
    assert memory.place_all([10, 20, 30]) == [0, 10, 30]
    assert memory.place(1) == 64
    assert memory.place_all([]) == []


def test_what_does_not_travel_takes_no_room() -> None:
    memory = MemoryMap(64)
    tensor = FeatureMap(1, Shape(1, 1, 10), 8)
    assert memory.place_map(tensor).address == 0
    assert memory.place_map(tensor, travels=False).address == 64
    assert memory.place_map(tensor).address == 64
