"""Choose the tiling of a layer, or check one that was asked for (docs/microarchitecture.md, §9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from accelsim.errors import MappingError
from accelsim.mapping.candidates import enumerate_candidates, only
from accelsim.mapping.cost import dram_bytes, estimated_cycles, operation_count
from accelsim.mapping.demand import demands, legal
from accelsim.mapping.shape import well_shaped
from accelsim.mapping.tiling import Tiling

if TYPE_CHECKING:
    from accelsim.mapping.problem import MappingProblem

MAX_OPERATIONS = 2_000_000
"""More operations in one layer take minutes and gigabytes; the machine is then hardly the one that was meant."""

ESTIMATE_RESOLUTION = 100
"""Estimated cycles that differ by less than one part in this are no reason to prefer a tiling."""

SMALLEST = Tiling(images=1, out_height=1, out_width=1, groups=1, out_channels=1, in_channels=1)


def choose_tiling(problem: MappingProblem) -> Tiling:
    """Return the legal tiling with the least DRAM traffic; among equals the fewest estimated cycles.

    Estimates within a part in ``ESTIMATE_RESOLUTION`` count as equal; then the fewest operations win.

    Only well-shaped ones are looked at; see :mod:`accelsim.mapping.shape`.

    Raises
    ------
    MappingError
        If no tile fits the machine, or only ones so small that the layer takes more than ``MAX_OPERATIONS``.
    """
    candidates = enumerate_candidates(problem)
    fits = legal(problem, candidates)
    if not fits.any():
        raise MappingError(f"no tile fits, not even the smallest ({SMALLEST}): {_shortfall(problem, SMALLEST)}")
    candidates = candidates.where(well_shaped(problem, candidates, fits))
    moved_bytes = dram_bytes(problem, candidates)
    least = moved_bytes == moved_bytes.min()
    candidates, moved_bytes = candidates.where(least), moved_bytes[least]
    cycles = estimated_cycles(problem, candidates, moved_bytes)
    fast = cycles <= cycles.min() + cycles.min() // ESTIMATE_RESOLUTION
    candidates = candidates.where(fast)
    operations = operation_count(problem, candidates)
    best = int(np.lexsort((cycles[fast], operations))[0])
    if operations[best] > MAX_OPERATIONS:
        raise MappingError(
            f"even the best tiling ({candidates.tiling(best)}) takes {operations[best]} operations, more than "
            f"{MAX_OPERATIONS}: the buffers or the accumulator are too small for this layer"
        )
    return candidates.tiling(best)


def check_tiling(problem: MappingProblem, tiling: Tiling) -> None:
    """Raise :class:`MappingError` if a tile of this tiling does not fit the machine."""
    if not legal(problem, only(problem, tiling))[0]:
        raise MappingError(f"a tile of {tiling} does not fit: {_shortfall(problem, tiling)}")


def _shortfall(problem: MappingProblem, tiling: Tiling) -> str:
    """Say what a tile of this tiling lacks."""
    return "; ".join(
        f"it needs {demand.needed[0]} {demand.unit} of the {demand.storage}, one half of which holds {demand.available}"
        for demand in demands(problem, only(problem, tiling))
        if demand.needed[0] > demand.available
    )
