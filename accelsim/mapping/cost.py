"""What candidate tilings cost: DRAM bytes, exactly; cycles, as an estimate to choose by."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from accelsim.layers import ConvShape
from accelsim.mapping.candidates import Candidates
from accelsim.mapping.problem import MappingProblem
from accelsim.timing.array import array_cycles, drain_blocks
from accelsim.timing.integers import ceil_div
from accelsim.timing.post import rows_cycles
from accelsim.timing.work import ArrayWork

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from accelsim.timing.integers import IntArray


class _Part(NamedTuple):
    """``number`` pieces of ``size`` along one dimension."""

    number: IntArray
    size: IntArray


def dram_bytes(problem: MappingProblem, candidates: Candidates) -> IntArray:
    """Bytes that the fused variant moves, for each candidate."""
    loads = _loads(problem, candidates)
    return (
        loads.ifmap * _ifmap_bytes(problem, candidates)
        + loads.weight * _weight_bytes(problem, candidates)
        + loads.parameter * _parameter_bytes(problem, candidates)
        + _carried_tensors(problem) * _ofmap_bytes(problem, candidates)
    )


class _Loads(NamedTuple):
    """How often each operand is loaded as a whole."""

    ifmap: IntArray
    weight: IntArray
    parameter: IntArray


def _loads(problem: MappingProblem, candidates: Candidates) -> _Loads:
    """How often operands are loaded: once if the tile stays while the other operand changes, else once a change."""
    once = np.ones(len(candidates), dtype=np.int64)
    if not isinstance(problem.shape, ConvShape):
        return _Loads(once, 0 * once, once)
    pixel_tiles = candidates.per_cut(lambda cut: cut.tiles)
    channel_tiles = ceil_div(_outputs_per_group(problem), candidates.out_channels)
    whole_k = ceil_div(_inputs_per_group(problem), candidates.in_channels) == 1
    ifmap_stays = whole_k & (candidates.reuse_ifmap | (pixel_tiles == 1))
    weight_stays = whole_k & (~candidates.reuse_ifmap | (channel_tiles == 1))
    parameter_stays = ~candidates.reuse_ifmap | (channel_tiles == 1) | problem.parameters_at_once
    return _Loads(
        np.where(ifmap_stays, once, channel_tiles),
        np.where(weight_stays, once, pixel_tiles),
        np.where(parameter_stays, once, pixel_tiles),
    )


def operation_count(problem: MappingProblem, candidates: Candidates) -> IntArray:
    """Array operations (or, without a convolution, streamed tiles) of each candidate."""
    return (
        candidates.per_cut(lambda cut: cut.tiles)
        * ceil_div(problem.groups, candidates.groups)
        * ceil_div(_outputs_per_group(problem), candidates.out_channels)
        * (ceil_div(_inputs_per_group(problem), candidates.in_channels) if isinstance(problem.shape, ConvShape) else 1)
    )


def estimated_cycles(problem: MappingProblem, candidates: Candidates) -> IntArray:
    """Estimate the cycles of each candidate: the narrowest unit or loop, and one tile to fill and empty the pipeline.

    A loop is storage of which each half is filled, used and given back in turn: with h halves it can go round
    no faster than h times in the time of one round.
    """
    machine = problem.machine
    array, post = unit_cycles(problem, candidates)
    dma = _port_cycles(problem, candidates)
    tiles = operation_count(problem, candidates)
    input_halves = min(machine.buffers.ifmap.halves, machine.buffers.weight.halves)
    psum_halves = 1 if machine.bn.placement == "pass" else machine.accumulator.halves
    bounds = (
        array,
        post,
        dma,
        (dma + array + tiles * machine.dram.read_latency_cycles) // input_halves,
        (array + post) // psum_halves,
    )
    return np.max(bounds, axis=0) + (dma + array + post) // tiles


def unit_cycles(problem: MappingProblem, candidates: Candidates) -> tuple[IntArray, IntArray]:
    """Busy cycles of the array and of what lies behind it: the pooling stage, or else the activation stage."""
    array = np.zeros(len(candidates), dtype=np.int64)
    post = np.zeros(len(candidates), dtype=np.int64)
    inputs = _parts(_inputs_per_group(problem), candidates.in_channels)
    for count, tile in _tiles(problem, candidates):
        post += count * _drain_cycles(problem, tile)
        if isinstance(problem.shape, ConvShape):
            for k in inputs:
                array += count * k.number * array_cycles(problem.machine.array, tile._replace(in_channels=k.size))
    return array, post


def _drain_cycles(problem: MappingProblem, work: ArrayWork[IntArray]) -> IntArray:
    """Cycles of the stage that takes longest for a tile, of those that every layer has, and of pooling."""
    machine = problem.machine
    blocks = drain_blocks(machine.array, work)
    activation = rows_cycles(blocks, machine.activation.lanes)
    if not problem.pooling:
        return activation
    return np.maximum(activation, problem.shape.window.positions * rows_cycles(blocks, machine.pooling.lanes))


def _tiles(problem: MappingProblem, candidates: Candidates) -> Iterator[tuple[IntArray, ArrayWork[IntArray]]]:
    """Yield all kinds of tiles: how many there are, and their work as if all of K were one operation."""
    positions = np.full(len(candidates), problem.shape.window.positions, dtype=np.int64)
    pixels = (
        (
            candidates.per_cut(lambda cut: cut.full),
            candidates.per_cut(lambda cut: cut.full_pixels),
            candidates.per_cut(lambda cut: cut.full_positions),
        ),
        (
            candidates.per_cut(lambda cut: cut.last),
            candidates.per_cut(lambda cut: cut.last_pixels),
            candidates.per_cut(lambda cut: cut.last_positions),
        ),
    )
    groups = _parts(problem.groups, candidates.groups)
    outputs = _parts(_outputs_per_group(problem), candidates.out_channels)
    all_inputs = np.full(len(candidates), _inputs_per_group(problem), dtype=np.int64)
    for (tiles, size, streamed), g, n in product(pixels, groups, outputs):
        yield tiles * g.number * n.number, ArrayWork(size, streamed, positions, all_inputs, n.size, g.size)


def _port_cycles(problem: MappingProblem, candidates: Candidates) -> IntArray:
    """Cycles on the DRAM port: the bytes at its rate, and one lost at the ragged end of each run."""
    rate = problem.machine.dram.bytes_per_cycle
    runs = candidates.per_cut(lambda cut: cut.ofmap_runs) * problem.shape.output.channels * _carried_tensors(problem)
    if not problem.ifmap_on_chip:
        ifmap_runs = candidates.per_cut(lambda cut: cut.ifmap_runs) * problem.shape.input.channels
        runs = runs + ifmap_runs * _loads(problem, candidates).ifmap
    return ceil_div(dram_bytes(problem, candidates) * rate.denominator, rate.numerator) + runs


def _ifmap_bytes(problem: MappingProblem, candidates: Candidates) -> IntArray:
    """Bytes of all ifmap tiles, each loaded once per pass over the pixels."""
    if problem.ifmap_on_chip:
        return np.zeros(len(candidates), dtype=np.int64)
    return candidates.per_cut(lambda cut: cut.total_ifmap_bytes) * problem.shape.input.channels


def _weight_bytes(problem: MappingProblem, candidates: Candidates) -> IntArray:
    bits = problem.machine.array.operand_bits * problem.shape.window.positions
    groups = _parts(problem.groups, candidates.groups)
    outputs = _parts(_outputs_per_group(problem), candidates.out_channels)
    inputs = _parts(_inputs_per_group(problem), candidates.in_channels)
    return _sum(
        g.number * n.number * k.number * ceil_div(g.size * n.size * k.size * bits, 8)
        for g, n, k in product(groups, outputs, inputs)
    )


def _parameter_bytes(problem: MappingProblem, candidates: Candidates) -> IntArray:
    bits = problem.fused_words * problem.machine.bn.parameter_bits
    if problem.parameters_at_once:
        return np.full(len(candidates), ceil_div(problem.shape.output.channels * bits, 8), dtype=np.int64)
    groups = _parts(problem.groups, candidates.groups)
    outputs = _parts(_outputs_per_group(problem), candidates.out_channels)
    return _sum(g.number * n.number * ceil_div(g.size * n.size * bits, 8) for g, n in product(groups, outputs))


def _carried_tensors(problem: MappingProblem) -> int:
    """Tensors of the ofmap's size that travel once: the ofmap, if it is stored, and the residual operand."""
    return problem.residual + (not problem.ofmap_on_chip)


def _ofmap_bytes(problem: MappingProblem, candidates: Candidates) -> IntArray:
    return candidates.per_cut(lambda cut: cut.total_ofmap_bytes) * problem.shape.output.channels


def _outputs_per_group(problem: MappingProblem) -> int:
    return problem.shape.output.channels // problem.groups


def _inputs_per_group(problem: MappingProblem) -> int:
    return problem.shape.input.channels // problem.groups


def _parts(extent: int, size: IntArray) -> tuple[_Part, _Part]:
    """The full pieces of a cut dimension and its ragged last one (none of it where the size divides the extent)."""
    rest = extent % size
    return _Part(extent // size, size), _Part((rest > 0).astype(np.int64), np.maximum(rest, 1))


def _sum(terms: Iterator[NDArray[np.int64]]) -> IntArray:
    return np.sum(list(terms), axis=0)
