"""Choose the tiling of a layer, or check one that was asked for (docs/microarchitecture.md, §9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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

CLEARLY_LESS_TRAFFIC = 20
"""A tiling that is not well-shaped has to save more than one part in this of the traffic to be preferred."""

SMALLEST = Tiling(images=1, out_height=1, out_width=1, groups=1, out_channels=1, in_channels=1)


def choose_tiling(problem: MappingProblem, objective: Objective = "traffic") -> Tiling:
    """Return the best legal tiling.

    Parameters
    ----------
    problem
        The layer, and the machine that it has to fit.
    objective
        ``"traffic"``: among the well-shaped tilings (:mod:`accelsim.mapping.shape`) the least DRAM traffic, then the
        fewest estimated cycles; or one that is not well-shaped, where it moves clearly less and is estimated to take no
        longer. ``"cycles"``: among all, the fewest estimated cycles, then the least traffic.
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
    candidates = candidates.where(fits)
    if objective == "cycles":
        chosen = _best(problem, candidates, (_fastest, _least_traffic))
    else:
        shaped = candidates.where(well_shaped(problem, candidates))
        chosen = _best(problem, shaped, (_least_traffic, _fastest))
        chosen = _best(problem, _clearly_better(problem, candidates, chosen), (_least_traffic, _fastest))
    best = chosen.tiling(0)
    _refuse_too_many_operations(problem, best)
    return best


_Rule = Callable[["MappingProblem", Candidates], "NDArray[np.bool_]"]


def _best(problem: MappingProblem, candidates: Candidates, rules: Iterable[_Rule]) -> Candidates:
    """Narrow candidates by one rule after the other, and then to the one with the fewest operations."""
    for rule in rules:
        candidates = candidates.where(rule(problem, candidates))
    fewest = np.argmin(operation_count(problem, candidates))
    return candidates.where(np.arange(len(candidates)) == fewest)


def _clearly_better(problem: MappingProblem, candidates: Candidates, chosen: Candidates) -> Candidates:
    """Return the candidates that move clearly less than the chosen one and are estimated to take no longer, or it."""
    moved_bytes = dram_bytes(problem, chosen)[0]
    lean = candidates.where(dram_bytes(problem, candidates) < moved_bytes - moved_bytes // CLEARLY_LESS_TRAFFIC)
    if not len(lean):
        return chosen
    quick = lean.where(estimated_cycles(problem, lean) <= estimated_cycles(problem, chosen)[0])
    return quick if len(quick) else chosen


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
