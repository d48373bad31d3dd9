"""The best tiling of a tiny layer by trying all of them, written from docs/microarchitecture.md, §6 and §9, alone.

It takes the plain data types from ``accelsim`` and none of the mapper's or the program writer's code: tiles are
counted by walking through them one by one, and bytes by laying each row out in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from accelsim.config.machine import MachineConfig
from accelsim.layers import ConvShape, Layer, StreamShape
from accelsim.mapping.residency import Residency
from accelsim.mapping.search import CLEARLY_LESS_TRAFFIC
from accelsim.mapping.tiling import Tiling
from accelsim.workload.shapes import Window

Range = tuple[int, int]
"""First and last-plus-one."""


@dataclass(frozen=True)
class Task:
    """One pass over a layer: a convolution, a streamed layer, or the second phase of an off-chip BN."""

    machine: MachineConfig
    shape: ConvShape | StreamShape
    fused_words: int
    """Parameter words per channel that the variant moves whose traffic is counted."""
    held_words: int
    """Parameter words per channel that have to fit: those of the unfused variant."""
    parameters_at_once: bool
    residual: bool
    loaded_bits: int
    stored_bits: int
    """Width of the widest result that goes to DRAM in either variant; 0 if none does."""
    stores: bool
    """Whether the variant whose traffic is counted stores its result."""
    ifmap_on_chip: bool = False

    @property
    def groups(self) -> int:
        return self.shape.groups if isinstance(self.shape, ConvShape) else 1


def tasks_of(machine: MachineConfig, unfused: Layer, kept: Residency) -> list[Task]:
    """Return what is tiled for a layer: itself and, where it has one, its off-chip BN."""
    operand_bits, epilogue = machine.array.operand_bits, unfused.epilogue
    bn_words = {"scale_shift": 2, "raw": 4}[machine.bn.parameters] if epilogue.batchnorm else 0
    is_convolution = isinstance(unfused.shape, ConvShape)
    requantization = machine.requantization if is_convolution else None
    multipliers = 1 if requantization is not None and requantization.weight_scales == "per_channel" else 0
    words = (1 if epilogue.bias else 0) + (bn_words or multipliers)
    at_once = _bytes(unfused.shape.output.channels * words * machine.bn.parameter_bits) <= _half(machine, "parameter")
    offchip = machine.bn.placement == "offchip" and epilogue.batchnorm and is_convolution
    intermediate_bits = machine.bn.intermediate_bits or operand_bits
    stored = [0 if kept.ofmap else operand_bits]
    stored += [intermediate_bits] if offchip and not kept.intermediate else []
    task = Task(
        machine=machine,
        shape=unfused.shape,
        fused_words=int(epilogue.bias or epilogue.batchnorm) + multipliers if is_convolution else words,
        held_words=words,
        parameters_at_once=at_once,
        residual=epilogue.residual,
        loaded_bits=operand_bits,
        stored_bits=max(stored),
        stores=not kept.ofmap,
        ifmap_on_chip=kept.ifmap,
    )
    if not offchip:
        return [task]
    second = Task(
        machine=machine,
        shape=StreamShape(unfused.shape.batch, unfused.shape.output, unfused.shape.output, Window()),
        fused_words=bn_words,
        held_words=words,
        parameters_at_once=at_once,
        residual=epilogue.residual,
        loaded_bits=intermediate_bits,
        stored_bits=0 if kept.ofmap else operand_bits,
        stores=not kept.ofmap,
        ifmap_on_chip=kept.intermediate,
    )
    return [task, second]


class Choice(NamedTuple):
    """What a tiling is chosen by before any cycles are estimated; the smaller the better.

    Rules that narrow as long as they leave any are the same as preferences in this order.
    """

    wastes_columns: bool
    cuts_rows: bool
    wastes_rows: bool
    streams_briefly: bool
    traffic: int


def best_choice(task: Task) -> Choice | None:
    """Return what the best tiling comes to, or ``None`` if none fits."""
    legal = (tiling for tiling in all_tilings(task) if not missing(task, tiling))
    return min((choice_of(task, tiling) for tiling in legal), default=None)


def assert_as_good(task: Task, choice: Choice, best: Choice, transfers: int = 0) -> None:
    """Whole bytes: exactly the best. Below a byte each transfer is rounded up, by less than one byte.

    A tiling that is not well-shaped has to be clearly better instead.
    """
    if choice[:-1] != best[:-1]:
        assert choice.traffic < best.traffic * (1 - 1 / CLEARLY_LESS_TRAFFIC) + transfers
        return
    widths = (task.loaded_bits, task.machine.array.operand_bits, _weight_bits(task.machine))
    if all(bits % 8 == 0 for bits in widths) and task.machine.array.sparsity.is_dense:
        assert choice.traffic == best.traffic
    else:
        assert choice.traffic - best.traffic < transfers


def choice_of(task: Task, tiling: Tiling) -> Choice:
    """Return how a tiling stands in the order of preference."""
    array, output = task.machine.array, task.shape.output
    pixels = tiling.images * tiling.out_height * tiling.out_width
    all_pixels = pixels == task.shape.batch * output.pixels
    channels = tiling.out_channels
    all_channels = channels == output.channels // task.groups
    whole_columns = all_channels or channels % array.cols == 0
    long_streams = True
    if array.dataflow == "is":
        whole_columns = all_pixels or pixels >= array.cols
        long_streams = all_channels or channels >= array.rows
    whole_rows = tiling.out_width == output.width
    return Choice(
        not whole_columns, not whole_rows, not _fills_rows(task, tiling), not long_streams, traffic(task, tiling)
    )


def _fills_rows(task: Task, tiling: Tiling) -> bool:
    """Whether what lies across the rows of the array is as long as they are many, or all there is."""
    array, shape = task.machine.array, task.shape
    if not isinstance(shape, ConvShape):
        return True
    if array.dataflow == "os":
        pixels = tiling.images * tiling.out_height * tiling.out_width
        return pixels == shape.batch * shape.output.pixels or pixels >= array.rows
    positions = 1 if array.ifmap_streaming == "raster" else shape.window.positions
    rows = _kept(task, (0, tiling.in_channels)) * positions
    return tiling.in_channels == shape.input.channels // task.groups or rows >= array.rows


def all_tilings(task: Task) -> Iterator[Tiling]:
    """Every tiling that §9's structure allows."""
    shape, groups = task.shape, task.groups
    output = shape.output
    pixels = [(images, output.height, output.width) for images in range(1, shape.batch + 1)]
    pixels += [(1, height, output.width) for height in range(1, output.height)]
    pixels += [(1, 1, width) for width in range(1, output.width)]
    n, k = output.channels // groups, shape.input.channels // groups
    channels: list[tuple[int, int, int]]
    if isinstance(shape, ConvShape):
        block = task.machine.array.sparsity.block
        depths = sorted({*range(block, k, block), k})  # no block is split
        channels = [(1, tile_n, tile_k) for tile_n in range(1, n + 1) for tile_k in depths]
        channels += [(several, n, k) for several in range(2, groups + 1)]
    else:
        channels = [(1, tile_n, tile_n) for tile_n in range(1, n + 1)]
    for images, height, width in dict.fromkeys(pixels):
        for group, tile_n, tile_k in channels:
            for reuse in ("ifmap", "weight"):
                yield Tiling(
                    images=images,
                    out_height=height,
                    out_width=width,
                    groups=group,
                    out_channels=tile_n,
                    in_channels=tile_k,
                    reuse=reuse,
                )


def missing(task: Task, tiling: Tiling) -> dict[str, tuple[int, int]]:
    """Return the storages that a tile of the tiling does not fit, with its need and what there is."""
    machine, shape = task.machine, task.shape
    channels = tiling.groups * tiling.out_channels
    tiles = _pixel_tiles(task, tiling)
    needs: dict[str, tuple[int, int]] = {}
    if not task.ifmap_on_chip:
        loaded = tiling.groups * tiling.in_channels
        ifmap = max(_input_bytes(task, tile, (0, loaded)) for tile in tiles)
        needs["ifmap"] = ifmap, _half(machine, "ifmap")
    if isinstance(shape, ConvShape):
        needs["weight"] = _weight_bytes(task, channels, (0, tiling.in_channels)), _half(machine, "weight")
        pixels = max(_size(tile.images) * _size(tile.rows) * _size(tile.columns) for tile in tiles)
        needs["accumulator"] = pixels * channels, _psums(machine)
    held = shape.output.channels if task.parameters_at_once else channels
    parameters = _bytes(held * task.held_words * machine.bn.parameter_bits)
    needs["parameter"] = parameters, _half(machine, "parameter")
    if task.residual:
        residual = max(_output_bytes(tile, (0, channels), machine.array.operand_bits) for tile in tiles)
        needs["residual"] = residual, _half(machine, "residual")
    if task.stored_bits:
        stored = max(_output_bytes(tile, (0, channels), task.stored_bits) for tile in tiles)
        needs["ofmap"] = stored, _half(machine, "ofmap")
    return {storage: (need, there) for storage, (need, there) in needs.items() if need > there}


class _Pixels(NamedTuple):
    """A block of output pixels."""

    images: Range
    rows: Range
    columns: Range


def traffic(task: Task, tiling: Tiling) -> int:
    """Bytes between DRAM and chip, by walking through the operations in program order."""
    tiles = _pixel_tiles(task, tiling)
    groups = _cut(task.groups, tiling.groups)
    n, k = task.shape.output.channels // task.groups, task.shape.input.channels // task.groups
    is_convolution = isinstance(task.shape, ConvShape)
    channel_tiles = _cut(n, tiling.out_channels)
    k_tiles = _cut(k, tiling.in_channels) if is_convolution else [(0, 0)]
    if is_convolution and tiling.reuse == "ifmap":
        order = [(group, pixel, channel) for group in groups for pixel in tiles for channel in channel_tiles]
    else:
        order = [(group, pixel, channel) for group in groups for channel in channel_tiles for pixel in tiles]
    moved = 0
    there: dict[str, object] = {}
    for group, pixel, channel in order:
        out = (group[0] * n + channel[0], group[0] * n + channel[0] + _size(group) * _size(channel))
        for part in k_tiles:
            whole = (0,) if task.parameters_at_once else (group, channel)
            if there.get("parameters") != whole:
                loaded = task.shape.output.channels if task.parameters_at_once else _size(out)
                moved += _bytes(loaded * task.fused_words * task.machine.bn.parameter_bits)
            source = (
                (group[0] * k + part[0], group[0] * k + part[0] + _size(group) * _size(part)) if is_convolution else out
            )
            if there.get("ifmap") != (pixel, source) and not task.ifmap_on_chip:
                moved += _input_bytes(task, pixel, source)
            if is_convolution and there.get("weights") != (group, channel, part):
                moved += _weight_bytes(task, _size(out), part)
            there = {"parameters": whole, "ifmap": (pixel, source), "weights": (group, channel, part)}
        travelling = (1 if task.residual else 0) + (1 if task.stores else 0)
        moved += travelling * _output_bytes(pixel, out, task.machine.array.operand_bits)
    return moved


def _kept(task: Task, channels: Range) -> int:
    """Input channels of which a weight is kept, counted one by one: the first N of every M."""
    sparsity = task.machine.array.sparsity
    return sum(channel % sparsity.block < sparsity.kept for channel in range(*channels))


def _weight_bytes(task: Task, outputs: int, inputs: Range) -> int:
    """Bytes of the kept weights, each with the number of its channel in the block if there is anything to number."""
    sparsity = task.machine.array.sparsity
    is_sparse = task.shape.input.channels // task.groups > sparsity.kept < sparsity.block
    bits = _weight_bits(task.machine) + (len(f"{sparsity.block - 1:b}") if is_sparse else 0)
    return _bytes(outputs * _kept(task, inputs) * task.shape.window.positions * bits)


def _pixel_tiles(task: Task, tiling: Tiling) -> list[_Pixels]:
    output = task.shape.output
    return [
        _Pixels(images, rows, columns)
        for images in _cut(task.shape.batch, tiling.images)
        for rows in _cut(output.height, tiling.out_height)
        for columns in _cut(output.width, tiling.out_width)
    ]


def _input_bytes(task: Task, tile: _Pixels, channels: Range) -> int:
    window, shape = task.shape.window, task.shape.input
    rows = _read(tile.rows, window.stride[0], window.padding[0], window.extent[0], shape.height)
    columns = _read(tile.columns, window.stride[1], window.padding[1], window.extent[1], shape.width)
    return _size(tile.images) * _image_bytes(rows, columns, channels, task.loaded_bits)


def _output_bytes(tile: _Pixels, channels: Range, bits: int) -> int:
    return _size(tile.images) * _image_bytes(tile.rows, tile.columns, channels, bits)


@cache
def _image_bytes(rows: Range, columns: Range, channels: Range, bits: int) -> int:
    """Bytes that hold these elements of one image; rows begin on byte boundaries."""
    row = {bit // 8 for bit in range(columns[0] * bits, columns[1] * bits)}
    return _size(channels) * _size(rows) * len(row)


@cache
def _read(outputs: Range, stride: int, padding: int, extent: int, size: int) -> Range:
    """Input positions behind some outputs, without the padding, strides included; at least one."""
    first = outputs[0] * stride - padding
    last = (outputs[1] - 1) * stride - padding + extent - 1
    inside = [position for position in range(first, last + 1) if 0 <= position < size]
    if not inside:
        nearest = 0 if last < 0 else size - 1
        return nearest, nearest + 1
    return inside[0], inside[-1] + 1


def _cut(extent: int, size: int) -> list[Range]:
    return [(start, min(start + size, extent)) for start in range(0, extent, size)]


def _size(span: Range) -> int:
    return span[1] - span[0]


def _bytes(bits: int) -> int:
    return (bits + 7) // 8


def _weight_bits(machine: MachineConfig) -> int:
    return machine.array.operand_bits if machine.array.weight_bits is None else machine.array.weight_bits


def _psums(machine: MachineConfig) -> int:
    """Psums of one half of the accumulator."""
    accumulator = machine.accumulator
    if accumulator.kib is None:
        return accumulator.psums or 0
    half_bits = accumulator.kib * 1024 * 8 // accumulator.halves
    return half_bits // machine.array.psum_bits


def _half(machine: MachineConfig, buffer: str) -> int:
    config = getattr(machine.buffers, buffer)
    return int(config.kib * 1024 // config.halves)
