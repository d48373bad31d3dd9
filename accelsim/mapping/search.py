"""Choose the tiling of a layer, or check one that was asked for (docs/microarchitecture.md, §9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from accelsim.errors import MappingError
from accelsim.mapping.candidates import Candidates, enumerate_candidates, only
from accelsim.mapping.cost import dram_bytes, estimated_cycles, operation_count
from accelsim.mapping.demand import demands, legal
from accelsim.mapping.shape import well_shaped
from accelsim.mapping.tiling import Tiling

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from accelsim.config.run import Objective
    from accelsim.mapping.problem import MappingProblem

MAX_OPERATIONS = 500_000
"""More operations in one layer take minutes and gigabytes; the machine is then hardly the one that was meant."""

ESTIMATE_RESOLUTION = 100
"""Estimated cycles that differ by less than one part in this are no reason to prefer a tiling."""

SMALLEST = Tiling(images=1, out_height=1, out_width=1, groups=1, out_channels=1, in_channels=1)


def choose_tiling(problem: MappingProblem, objective: Objective = "traffic") -> Tiling:
    """Return the best legal tiling.

    Parameters
    ----------
    problem
        The layer, and the machine that it has to fit.
    objective
        ``"traffic"``: among the well-shaped tilings (:mod:`accelsim.mapping.shape`) the least DRAM traffic, then the
        fewest estimated cycles. ``"cycles"``: among all, the fewest estimated cycles, then the least traffic.
        Estimates within a part in ``ESTIMATE_RESOLUTION`` count as equal; the fewest operations decide between equals.

    Raises
    ------
    MappingError
        If no tile fits the machine, or only ones so small that the layer takes more than ``MAX_OPERATIONS``.
    """
    candidates = enumerate_candidates(problem)
    fits = legal(problem, candidates)
    if not fits.any():
        raise MappingError(f"no tile fits, not even the smallest ({SMALLEST}): {_shortfall(problem, SMALLEST)}")
    candidates = candidates.where(well_shaped(problem, candidates, fits) if objective == "traffic" else fits)
    for narrow in (_least_traffic, _fastest) if objective == "traffic" else (_fastest, _least_traffic):
        candidates = candidates.where(narrow(problem, candidates))
    best = candidates.tiling(int(np.argmin(operation_count(problem, candidates))))
    _refuse_too_many_operations(problem, best)
    return best


def _least_traffic(problem: MappingProblem, candidates: Candidates) -> NDArray[np.bool_]:
    moved_bytes = dram_bytes(problem, candidates)
    return moved_bytes == moved_bytes.min()


def _fastest(problem: MappingProblem, candidates: Candidates) -> NDArray[np.bool_]:
    cycles = estimated_cycles(problem, candidates)
    return cycles <= cycles.min() + cycles.min() // ESTIMATE_RESOLUTION


def _refuse_too_many_operations(problem: MappingProblem, tiling: Tiling) -> None:
    operations = int(operation_count(problem, only(problem, tiling))[0])
    if operations > MAX_OPERATIONS:
        raise MappingError(
            f"takes {operations} operations when tiled by {tiling}, more than {MAX_OPERATIONS}: its tiles, the "
            "machine's buffers or its accumulator are too small for a layer of this size, or the batch is too large"
        )


def check_tiling(problem: MappingProblem, tiling: Tiling) -> None:
    """Raise :class:`MappingError` if a tile of this tiling does not fit the machine, or there are too many of them."""
    if not legal(problem, only(problem, tiling))[0]:
        raise MappingError(f"a tile of {tiling} does not fit: {_shortfall(problem, tiling)}")
    _refuse_too_many_operations(problem, tiling)


def _shortfall(problem: MappingProblem, tiling: Tiling) -> str:
    """Say what a tile of this tiling lacks."""
    return "; ".join(
        f"it needs {demand.needed[0]} {demand.unit} of the {demand.storage}, one half of which holds {demand.available}"
        for demand in demands(problem, only(problem, tiling))
        if demand.needed[0] > demand.available
    )
