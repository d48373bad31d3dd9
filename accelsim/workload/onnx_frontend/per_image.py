"""ONNX's shapes, with a batch in front, as the simulator's, of one image."""

from __future__ import annotations

import math
from collections.abc import Sequence

from accelsim.workload.shapes import Shape


def image_shape(sides: Sequence[int], batch: int) -> Shape:
    """Return the shape of one image of a tensor.

    (N, C, H, W) is (C, H, W), (N, C, L) is (C, 1, L), (N, F) is (F, 1, 1); further sides are part of the width. Where
    the first side is not the batch, an image is its share of the elements, as a vector.
    """
    rest = list(sides[1:]) if sides and sides[0] == batch else [max(1, math.prod(sides) // batch)]
    if len(rest) <= 1:
        return Shape(rest[0] if rest else 1, 1, 1)
    if len(rest) == 2:
        return Shape(rest[0], 1, rest[1])
    return Shape(rest[0], rest[1], math.prod(rest[2:]))
