"""Which tilings are well-shaped: they waste neither the array nor the DRAM port (docs/microarchitecture.md, §9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from accelsim.layers import ConvShape
from accelsim.mapping.candidates import Candidates
from accelsim.mapping.problem import MappingProblem
from accelsim.timing.sparsity import kept_channels

if TYPE_CHECKING:
    from numpy.typing import NDArray


def well_shaped(problem: MappingProblem, candidates: Candidates) -> NDArray[np.bool_]:
    """Tell which are well-shaped, by one rule after the other, each as long as it leaves any."""
    chosen = np.ones(len(candidates), dtype=np.bool_)
    for rule in (_fills_columns, _keeps_rows, _fills_rows, _outlasts_preload):
        narrowed = chosen & rule(problem, candidates)
        if narrowed.any():
            chosen = narrowed
    return chosen


def _fills_columns(problem: MappingProblem, candidates: Candidates) -> NDArray[np.bool_]:
    """Tell which are made of whole column blocks: tiles a few channels wide take as many cycles as wide ones."""
    columns = problem.machine.array.cols
    if problem.machine.array.dataflow == "is":
        return _has_all_pixels(candidates) | (candidates.per_cut(lambda cut: cut.full_pixels) >= columns)
    return _has_all_channels(problem, candidates) | (candidates.out_channels % columns == 0)


def _keeps_rows(problem: MappingProblem, candidates: Candidates) -> NDArray[np.bool_]:
    """Tell which are made of whole output rows: parts of rows are runs of a few bytes, each of which takes a beat."""
    return candidates.per_cut(lambda cut: cut.out_width) == problem.shape.output.width


def _fills_rows(problem: MappingProblem, candidates: Candidates) -> NDArray[np.bool_]:
    """Tell which fill the rows of the array: with K (``ws``, ``is``) or with pixels (``os``)."""
    array = problem.machine.array
    if not isinstance(problem.shape, ConvShape):
        return np.ones(len(candidates), dtype=np.bool_)
    if array.dataflow == "os":
        return _has_all_pixels(candidates) | (candidates.per_cut(lambda cut: cut.full_pixels) >= array.rows)
    all_k = candidates.in_channels == problem.shape.input.channels // problem.groups
    positions = 1 if array.ifmap_streaming == "raster" else problem.shape.window.positions
    return all_k | (kept_channels(array.sparsity, candidates.in_channels) * positions >= array.rows)


def _outlasts_preload(problem: MappingProblem, candidates: Candidates) -> NDArray[np.bool_]:
    """Tell which stream (in ``is``) at least as many output channels as a preload takes cycles."""
    array = problem.machine.array
    if array.dataflow != "is":
        return np.ones(len(candidates), dtype=np.bool_)
    return _has_all_channels(problem, candidates) | (candidates.out_channels >= array.rows)


def _has_all_pixels(candidates: Candidates) -> NDArray[np.bool_]:
    return candidates.per_cut(lambda cut: cut.tiles) == 1


def _has_all_channels(problem: MappingProblem, candidates: Candidates) -> NDArray[np.bool_]:
    return candidates.out_channels == problem.shape.output.channels // problem.groups
