"""Tables of sweeps, made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from accelsim.sweep.columns import FIGURES, OUTCOME_COLUMNS, POINT_COLUMNS

ROWS, COLS, LANES = "machine.array.rows", "machine.array.cols", "machine.bn.lanes"


class HandPoint(NamedTuple):
    """A point: the values of its axes, and its figures by variant; none if it is infeasible."""

    axes: Mapping[str, Any]
    figures: Mapping[str, Mapping[str, float]] | None
    network: str = "net"


def table_of(points: Sequence[HandPoint], variants: Sequence[str] = ("fused", "unfused")) -> pd.DataFrame:
    """Return the table of these points, with the types that tables of sweeps have."""
    records = [
        {
            "point": number,
            "workload": point.network,
            **point.axes,
            "variant": variant,
            **({"status": "done"} if point.figures else {"status": "infeasible", "reason": "it is too small"}),
            **(point.figures or {}).get(variant, {}),
        }
        for number, point in enumerate(points)
        for variant in variants
    ]
    axes = list(points[0].axes)
    frame = pd.DataFrame(records, columns=[*POINT_COLUMNS, *axes, *OUTCOME_COLUMNS, *FIGURES])
    kinds = {column: "string" if isinstance(points[0].axes[column], str) else "Int64" for column in axes}
    return frame.astype({**POINT_COLUMNS, **kinds, **OUTCOME_COLUMNS, **FIGURES})


def point(rows: int, lanes: int, fused: tuple[float, int], unfused: tuple[float, int]) -> HandPoint:
    """Return a point with areas in µm² and cycles."""
    saved = 100 * (1 - fused[1] / unfused[1])
    figures = {
        variant: {"area_um2": area, "cycles": cycles, "multipliers": 8 * rows, "saved_cycles_percent": saved}
        for variant, (area, cycles) in (("fused", fused), ("unfused", unfused))
    }
    return HandPoint({ROWS: rows, LANES: lanes}, figures)


# Four arrays, each with one BN lane and with two. 8 rows are worse than 4 in area and cycles; 100 rows are as fast as
# 16, and larger. Fused, lanes change nothing. Unfused a lane takes 10 µm²; one costs 400 cycles, two cost 200.
_SIZES = {4: (100, 1000), 8: (150, 1200), 16: (200, 500), 100: (900, 500)}
FOUR_SIZES = table_of(
    [
        point(rows, lanes, fused=(area, cycles), unfused=(area + 10 * lanes, cycles + 400 // lanes))
        for rows, (area, cycles) in _SIZES.items()
        for lanes in (1, 2)
    ]
)
