"""Workers that do not survive a point, or find a bug at it; in a module of its own, for worker processes to import."""

from __future__ import annotations

import os
from collections.abc import Sequence

from accelsim.sweep.cluster import Chunk, PreparedWorker
from accelsim.sweep.evaluation import Point

BAD = 7
"""Number of the point."""


class Dying(PreparedWorker):
    """Is killed by a point, as by a lack of memory."""

    def evaluate(self, points: Sequence[Point]) -> Chunk:
        if any(point.number == BAD for point in points):
            os._exit(1)
        return super().evaluate(points)


class Failing(PreparedWorker):
    """Finds a bug at a point."""

    def evaluate(self, points: Sequence[Point]) -> Chunk:
        before = [point for point in points if point.number < BAD]
        chunk = super().evaluate(before)
        return chunk if len(before) == len(points) else chunk._replace(failure=f"point {BAD} fails")
