"""What candidate tilings cost: DRAM bytes, exactly; cycles, as an estimate to choose by."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from accelsim.layers import ConvShape
from accelsim.mapping.candidates import Candidates
from accelsim.mapping.problem import MappingProblem
from accelsim.timing.array import array_cycles, drain_blocks
from accelsim.timing.integers import ceil_div
from accelsim.timing.post import rows_cycles
from accelsim.timing.work import ArrayWork
from accelsim.weight_layout import weight_bytes

if TYPE_CHECKING:
    from accelsim.timing.integers import IntArray


class _Parts(NamedTuple):
    """The pieces of one dimension of each candidate: how many there are of each size.

    Both are arrays with an axis for every dimension of a tile (of length 1, but for their own: the kinds of pieces)
    and one for the candidates, so that the parts of several dimensions combine by broadcasting.
    """

    number: IntArray
    size: IntArray


_GROUPS, _OUTPUTS, _INPUTS, _PIXELS = range(4)
"""Axes of the dimensions of a tile; the last axis, behind them, is that of the candidates."""

_DIMENSIONS = 4


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


def estimated_cycles(problem: MappingProblem, candidates: Candidates, moved_bytes: IntArray) -> IntArray:
    """Estimate the cycles of each candidate: the narrowest unit or loop, and one tile to fill and empty the pipeline.

    A loop is storage of which each half is filled, used and given back in turn: with h halves it can go round
    no faster than h times in the time of one round.

    Parameters
    ----------
    problem, candidates
        The layer, and its tilings.
    moved_bytes
        What :func:`dram_bytes` says of each.
    """
    machine = problem.machine
    array, post = unit_cycles(problem, candidates)
    dma = _port_cycles(problem, candidates, moved_bytes)
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
    """Busy cycles of the array and of what lies behind it: its slowest stage, but for BN and residual add."""
    tiles, work = _tiles(problem, candidates)
    post = _total(tiles * _drain_cycles(problem, work))
    if not isinstance(problem.shape, ConvShape):
        return np.zeros_like(post), post
    inputs = _parts(_inputs_per_group(problem), candidates.in_channels, _INPUTS)
    operation = work._replace(in_channels=inputs.size)
    return _total(tiles * inputs.number * array_cycles(problem.machine.array, operation)), post


def _drain_cycles(problem: MappingProblem, work: ArrayWork[IntArray]) -> IntArray:
    """Cycles of the stage that takes longest for a tile: of activation and, where it passes them, the two others."""
    machine = problem.machine
    blocks = drain_blocks(machine.array, work)
    longest = rows_cycles(blocks, machine.activation.lanes)
    if problem.pooling:
        longest = np.maximum(longest, rows_cycles(blocks, machine.pooling.lanes, problem.shape.window.positions))
    if problem.requantizes:
        longest = np.maximum(longest, rows_cycles(blocks, machine.stage("requantizer").lanes))
    return longest


def _tiles(problem: MappingProblem, candidates: Candidates) -> tuple[IntArray, ArrayWork[IntArray]]:
    """Return all kinds of tiles: how many there are, and their work as if all of K were one operation."""
    groups = _parts(problem.groups, candidates.groups, _GROUPS)
    outputs = _parts(_outputs_per_group(problem), candidates.out_channels, _OUTPUTS)
    cut = candidates.cuts
    tiles, pixels, streamed = (
        _along(_PIXELS, np.stack(columns)[:, candidates.cut])
        for columns in (
            (cut.full, cut.last),
            (cut.full_pixels, cut.last_pixels),
            (cut.full_positions, cut.last_positions),
        )
    )
    positions = np.full(1, problem.shape.window.positions, dtype=np.int64)
    all_inputs = np.full(1, _inputs_per_group(problem), dtype=np.int64)
    work = ArrayWork(pixels, streamed, positions, all_inputs, outputs.size, groups.size)
    return tiles * groups.number * outputs.number, work


def _port_cycles(problem: MappingProblem, candidates: Candidates, moved_bytes: IntArray) -> IntArray:
    """Cycles on the DRAM port: the bytes at its rate, and one lost at the ragged end of each run."""
    rate = problem.machine.dram.bytes_per_cycle
    runs = candidates.per_cut(lambda cut: cut.ofmap_runs) * problem.shape.output.channels * _carried_tensors(problem)
    if not problem.ifmap_on_chip:
        ifmap_runs = candidates.per_cut(lambda cut: cut.ifmap_runs) * problem.shape.input.channels
        runs = runs + ifmap_runs * _loads(problem, candidates).ifmap
    return ceil_div(moved_bytes * rate.denominator, rate.numerator) + runs


def _ifmap_bytes(problem: MappingProblem, candidates: Candidates) -> IntArray:
    """Bytes of all ifmap tiles, each loaded once per pass over the pixels."""
    if problem.ifmap_on_chip:
        return np.zeros(len(candidates), dtype=np.int64)
    return candidates.per_cut(lambda cut: cut.total_ifmap_bytes) * problem.shape.input.channels


def _weight_bytes(problem: MappingProblem, candidates: Candidates) -> IntArray:
    if not isinstance(problem.shape, ConvShape):
        return np.zeros(len(candidates), dtype=np.int64)
    groups = _parts(problem.groups, candidates.groups, _GROUPS)
    outputs = _parts(_outputs_per_group(problem), candidates.out_channels, _OUTPUTS)
    inputs = _parts(_inputs_per_group(problem), candidates.in_channels, _INPUTS)
    piece_bytes = weight_bytes(problem.machine, problem.shape, inputs.size, groups.size * outputs.size)
    return _total(groups.number * outputs.number * inputs.number * piece_bytes)


def _parameter_bytes(problem: MappingProblem, candidates: Candidates) -> IntArray:
    bits = problem.fused_words * problem.machine.bn.parameter_bits
    if problem.parameters_at_once:
        return np.full(len(candidates), ceil_div(problem.shape.output.channels * bits, 8), dtype=np.int64)
    groups = _parts(problem.groups, candidates.groups, _GROUPS)
    outputs = _parts(_outputs_per_group(problem), candidates.out_channels, _OUTPUTS)
    return _total(groups.number * outputs.number * ceil_div(groups.size * outputs.size * bits, 8))


def _carried_tensors(problem: MappingProblem) -> int:
    """Tensors of the ofmap's size that travel once: the ofmap, if it is stored, and the residual operand."""
    return problem.residual + (not problem.ofmap_on_chip)


def _ofmap_bytes(problem: MappingProblem, candidates: Candidates) -> IntArray:
    return candidates.per_cut(lambda cut: cut.total_ofmap_bytes) * problem.shape.output.channels


def _outputs_per_group(problem: MappingProblem) -> int:
    return problem.shape.output.channels // problem.groups


def _inputs_per_group(problem: MappingProblem) -> int:
    return problem.shape.input.channels // problem.groups


def _parts(extent: int, size: IntArray, axis: int) -> _Parts:
    """Return the full pieces of a cut dimension and, if any candidate has one, its ragged last one."""
    rest = extent % size
    if not rest.any():
        return _Parts(_along(axis, (extent // size)[np.newaxis]), _along(axis, size[np.newaxis]))
    return _Parts(
        _along(axis, np.stack([extent // size, rest > 0])),
        _along(axis, np.stack([size, np.maximum(rest, 1)])),
    )


def _along(axis: int, columns: IntArray) -> IntArray:
    """Give kinds of pieces (rows of ``columns``) an axis of their own."""
    shape = [1] * _DIMENSIONS + [columns.shape[-1]]
    shape[axis] = len(columns)
    return columns.reshape(shape)


def _total(of_pieces: IntArray) -> IntArray:
    """Sum over all kinds of pieces, for each candidate."""
    return of_pieces.reshape(-1, of_pieces.shape[-1]).sum(axis=0)
