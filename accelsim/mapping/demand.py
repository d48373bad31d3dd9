"""What a tile needs of each storage, against what one half of it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from accelsim.layers import ConvShape
from accelsim.mapping.candidates import Candidates
from accelsim.mapping.problem import MappingProblem
from accelsim.timing.integers import ceil_div
from accelsim.weight_layout import weight_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from accelsim.timing.integers import IntArray


class Demand(NamedTuple):
    """Need of one storage by each candidate, and what one half of it holds."""

    storage: str
    unit: str
    needed: IntArray
    available: int


def demands(problem: MappingProblem, candidates: Candidates) -> list[Demand]:
    """Return the needs of the largest tile of each candidate."""
    buffers = problem.machine.buffers
    channels = candidates.groups * candidates.out_channels
    found = []
    if problem.stored_bits:
        stored = candidates.per_cut(lambda cut: cut.largest_stored_bytes) * channels
        found.append(Demand("ofmap buffer", "bytes", stored, buffers.ofmap.half_bytes))
    if not problem.ifmap_on_chip:
        loaded = candidates.per_cut(lambda cut: cut.largest_ifmap_bytes) * candidates.groups * candidates.in_channels
        found.append(Demand("ifmap buffer", "bytes", loaded, buffers.ifmap.half_bytes))
    if problem.residual:
        residual = candidates.per_cut(lambda cut: cut.largest_ofmap_bytes) * channels
        found.append(Demand("residual buffer", "bytes", residual, buffers.residual.half_bytes))
    if problem.parameter_words:
        loaded_at_once = channels * 0 + problem.shape.output.channels if problem.parameters_at_once else channels
        words = loaded_at_once * problem.parameter_words * problem.machine.bn.parameter_bits
        found.append(Demand("parameter buffer", "bytes", ceil_div(words, 8), buffers.parameter.half_bytes))
    if isinstance(problem.shape, ConvShape):
        weights = weight_bytes(problem.machine, problem.shape, candidates.in_channels, channels)
        found.append(Demand("weight buffer", "bytes", weights, buffers.weight.half_bytes))
        psums = channels * candidates.per_cut(lambda cut: cut.full_pixels)
        found.append(Demand("accumulator", "psums", psums, problem.machine.half_psums))
    return found


def legal(problem: MappingProblem, candidates: Candidates) -> NDArray[np.bool_]:
    """Tell which candidates fit everywhere."""
    fits = np.ones(len(candidates), dtype=np.bool_)
    for demand in demands(problem, candidates):
        fits &= demand.needed <= demand.available
    return fits
