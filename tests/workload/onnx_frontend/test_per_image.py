from __future__ import annotations

import pytest

from accelsim.workload.onnx_frontend.per_image import image_shape


@pytest.mark.parametrize(
    ("sides", "batch", "expected"),
    [
        ((1, 3, 8, 9), 1, (3, 8, 9)),
        ((4, 3, 8, 9), 4, (3, 8, 9)),
        ((1, 3, 8), 1, (3, 1, 8)),
        ((2, 10), 2, (10, 1, 1)),
        ((1,), 1, (1, 1, 1)),
        ((), 1, (1, 1, 1)),
        ((1, 3, 4, 5, 6), 1, (3, 4, 30)),
        ((12, 8), 2, (48, 1, 1)),  # no batch in front: each image has its share of the elements
    ],
)
def test_shape_of_one_image(sides: tuple[int, ...], batch: int, expected: tuple[int, int, int]) -> None:
    assert image_shape(sides, batch) == expected
