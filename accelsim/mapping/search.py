"""Choose the tiling of a layer, or check one that was asked for (docs/microarchitecture.md, §9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from accelsim.errors import MappingError
from accelsim.layers import ConvShape
from accelsim.mapping.candidates import Candidates, CutsOf, enumerate_candidates, only
from accelsim.mapping.cost import dram_bytes, estimated_cycles, operation_count
from accelsim.mapping.demand import demands, legal
from accelsim.mapping.pixel_cuts import pixel_cuts
from accelsim.mapping.shape import well_shaped
from accelsim.mapping.tiling import Tiling

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from accelsim.config.run import Objective
    from accelsim.mapping.problem import MappingProblem
    from accelsim.timing.integers import IntArray

MAX_OPERATIONS = 500_000
"""More operations in one layer take minutes and gigabytes; the machine is then hardly the one that was meant."""

ESTIMATE_RESOLUTION = 100
"""Estimated cycles that differ by less than one part in this are no reason to prefer a tiling."""

CLEARLY_LESS_TRAFFIC = 20
"""A tiling that is not well-shaped has to save more than one part in this of the traffic to be preferred."""


def choose_tiling(problem: MappingProblem, objective: Objective = "traffic", cuts_of: CutsOf = pixel_cuts) -> Tiling:
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
    candidates = enumerate_candidates(problem, cuts_of)
    fits = legal(problem, candidates)
    if not fits.any():
        smallest = _smallest(problem)
        raise MappingError(f"no tile fits, not even the smallest ({smallest}): {_shortfall(problem, smallest)}")
    legal_ones = _Moving.of(problem, candidates.where(fits))
    if objective == "cycles":
        chosen = _best(problem, legal_ones, (_fastest, _least_traffic))
    else:
        shaped = legal_ones.where(well_shaped(problem, legal_ones.candidates))
        chosen = _best(problem, shaped, (_least_traffic, _fastest))
        chosen = _best(problem, _clearly_better(problem, legal_ones, chosen), (_least_traffic, _fastest))
    _refuse_too_many_operations(problem, chosen.candidates)
    return chosen.candidates.tiling(0)


def _smallest(problem: MappingProblem) -> Tiling:
    """Return a tile of one in every dimension, or of one block of input channels."""
    in_channels = 1
    if isinstance(problem.shape, ConvShape):
        in_channels = min(problem.machine.array.sparsity.block, problem.shape.input.channels // problem.groups)
    return Tiling(images=1, out_height=1, out_width=1, groups=1, out_channels=1, in_channels=in_channels)


class _Moving(NamedTuple):
    """Candidates, and the DRAM traffic of each."""

    candidates: Candidates
    moved_bytes: IntArray

    @classmethod
    def of(cls, problem: MappingProblem, candidates: Candidates) -> Self:
        return cls(candidates, dram_bytes(problem, candidates))

    def where(self, chosen: NDArray[np.bool_]) -> Self:
        return self._replace(candidates=self.candidates.where(chosen), moved_bytes=self.moved_bytes[chosen])


_Rule = Callable[["MappingProblem", _Moving], "NDArray[np.bool_]"]


def _best(problem: MappingProblem, some: _Moving, rules: Iterable[_Rule]) -> _Moving:
    """Narrow candidates by one rule after the other, and then to the one with the fewest operations."""
    for rule in (*rules, _fewest_operations):
        if len(some.candidates) > 1:
            some = some.where(rule(problem, some))
    return some


def _clearly_better(problem: MappingProblem, some: _Moving, chosen: _Moving) -> _Moving:
    """Return the candidates that move clearly less than the chosen one and are estimated to take no longer, or it."""
    moved_bytes = chosen.moved_bytes[0]
    lean = some.where(some.moved_bytes < moved_bytes - moved_bytes // CLEARLY_LESS_TRAFFIC)
    if not len(lean.candidates):
        return chosen
    quick = lean.where(_cycles(problem, lean) <= _cycles(problem, chosen)[0])
    return quick if len(quick.candidates) else chosen


def _least_traffic(_: MappingProblem, some: _Moving) -> NDArray[np.bool_]:
    return some.moved_bytes == some.moved_bytes.min()


def _fastest(problem: MappingProblem, some: _Moving) -> NDArray[np.bool_]:
    cycles = _cycles(problem, some)
    return cycles <= cycles.min() + cycles.min() // ESTIMATE_RESOLUTION


def _fewest_operations(problem: MappingProblem, some: _Moving) -> NDArray[np.bool_]:
    """Tell which has the fewest: the first of them, so that one is left."""
    return np.arange(len(some.candidates)) == np.argmin(operation_count(problem, some.candidates))


def _cycles(problem: MappingProblem, some: _Moving) -> IntArray:
    return estimated_cycles(problem, some.candidates, some.moved_bytes)


def _refuse_too_many_operations(problem: MappingProblem, chosen: Candidates) -> None:
    operations = int(operation_count(problem, chosen)[0])
    if operations > MAX_OPERATIONS:
        raise MappingError(
            f"takes {operations} operations when tiled by {chosen.tiling(0)}, more than {MAX_OPERATIONS}: its tiles, "
            "the machine's buffers or its accumulator are too small for a layer of this size, or the batch is too large"
        )


def check_tiling(problem: MappingProblem, tiling: Tiling) -> None:
    """Raise :class:`MappingError` if a tile of this tiling does not fit the machine, or there are too many of them."""
    candidate = only(problem, tiling)
    if not legal(problem, candidate)[0]:
        raise MappingError(f"a tile of {tiling} does not fit: {_shortfall(problem, tiling)}")
    _refuse_too_many_operations(problem, candidate)


def _shortfall(problem: MappingProblem, tiling: Tiling) -> str:
    """Say what a tile of this tiling lacks."""
    return "; ".join(
        f"it needs {demand.needed[0]} {demand.unit} of the {demand.storage}, one half of which holds {demand.available}"
        for demand in demands(problem, only(problem, tiling))
        if demand.needed[0] > demand.available
    )
