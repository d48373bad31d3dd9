from __future__ import annotations

import numpy as np
import pytest

from accelsim.layout import FeatureMap, Region, Span
from accelsim.program.operations import TransferOperation
from accelsim.rtl.memory_image import MemoryImage, located, read_map
from accelsim.timing.work import Transfer
from accelsim.workload.shapes import Shape

TENSOR = FeatureMap(1, Shape(2, 2, 3), 4)
VALUES = np.arange(12).reshape(1, 2, 2, 3) - 6


def image(size: int) -> MemoryImage:
    return MemoryImage([Transfer("read", "ifmap", 0, size)], np.random.default_rng(1))


def test_a_map_is_read_as_it_was_placed() -> None:
    memory = image(20)
    memory.place_map(TENSOR._replace(address=5), VALUES)
    assert read_map(TENSOR._replace(address=5), memory.bytes).tolist() == VALUES.tolist()


def test_memory_ends_with_the_last_transfer_and_grows_for_what_is_placed() -> None:
    strided = Transfer("read", "ifmap", 10, 4, rows=3, row_stride_bytes=8)
    memory = MemoryImage([strided], np.random.default_rng(1))
    assert memory.bytes.size == 10 + 2 * 8 + 4
    memory.place(28, np.zeros(5, dtype=np.uint8))
    assert memory.bytes.size == 33


def test_what_is_not_placed_is_random() -> None:
    assert len(set(image(1000).bytes.tolist())) > 100


def test_a_map_is_located_by_any_of_its_transfers() -> None:
    placed = TENSOR._replace(address=64)
    region, channels = Region(0, 1, 1, 2, 0, 3), Span(1, 1)
    transfer = placed.transfer("read", "ifmap", region, channels)
    operation = TransferOperation("load", transfer, (), ())
    assert located(TENSOR, operation, region, channels).address == 64


def test_weights_are_no_map() -> None:
    operation = TransferOperation("load", Transfer("read", "weight", 0, 1), (), ())
    with pytest.raises(ValueError, match="only feature maps"):
        located(TENSOR, operation, Region(0, 1, 0, 1, 0, 1), Span(0, 1))
