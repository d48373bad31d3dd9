"""Counts what a machine does by doing it, element by element: written from the contract, not from the closed forms.

Nothing here knows a formula: folds are cut out of lists, and those of zeros alone skipped if the array does so; the
accumulator is a dict that knows what was written, and a lane remembers whose parameters it has. Tiles are cut anew from
the sizes of the tiling.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import count, product
from typing import NamedTuple, TypeVar

from accelsim.config.machine import MachineConfig
from accelsim.energy.action import Action
from accelsim.layers import ConvShape, Epilogue, Layer, StreamShape
from accelsim.mapping.plan import LayerMapping
from accelsim.mapping.tiling import Tiling
from accelsim.workload.shapes import Window

Kind = tuple[str, str, int, int]
"""Component, action, and the widths of its operands."""

T = TypeVar("T")


class Pixel(NamedTuple):
    image: int
    y: int
    x: int


class Tap(NamedTuple):
    """An input of one output: a channel of a group's input, and a position of the kernel."""

    group: int
    channel: int
    ky: int
    kx: int
    block: int = 0
    """Channels that it is selected from, one if the array is dense; it is the first of them."""
    slot: int = 0
    """Which of the kept weights of its block this is."""


class Output(NamedTuple):
    """An output channel of a group."""

    group: int
    channel: int


Fold = Callable[[list[Tap], list[Output], list[Pixel]], None]
"""What a dataflow does with some rows, columns and what streams past."""


class Row(NamedTuple):
    """A row of psums on its way out: what lies in its columns, and which block it is of."""

    block: int
    columns: list[tuple[Pixel, Output]]


def counted(actions: Sequence[Action]) -> Counter[Kind]:
    """Return actions in the form in which they are counted here."""
    return Counter({(a.component, a.action, a.width_bits, a.by_bits): a.count for a in actions})


def walk(machine: MachineConfig, layer: Layer, mapping: LayerMapping) -> Counter[Kind]:
    """Count everything but what the DMA does."""
    operand, between = machine.array.operand_bits, machine.intermediate_bits
    kept = mapping.residency
    counts: Counter[Kind] = Counter()
    if not isinstance(layer.shape, ConvShape):
        _Stream(machine, counts, layer.shape, layer.epilogue, operand, operand, kept.ifmap).run(mapping.tiling)
        return counts
    if not (layer.epilogue.batchnorm and machine.bn.placement == "offchip"):
        _Convolution(machine, counts, layer.shape, layer.epilogue, operand, operand, kept.ifmap).run(mapping.tiling)
        return counts
    first = Epilogue(bias=layer.epilogue.bias, folded_scale=layer.epilogue.folded_scale)
    _Convolution(machine, counts, layer.shape, first, operand, between, kept.ifmap).run(mapping.tiling)
    assert mapping.second_phase is not None
    shape = StreamShape(layer.shape.batch, layer.shape.output, layer.shape.output, Window())
    second = layer.epilogue._replace(bias=False)
    _Stream(machine, counts, shape, second, between, operand, kept.intermediate).run(mapping.second_phase)
    return counts


class _Phase:
    """What convolutions and what is streamed have in common: pixels, and the way out."""

    def __init__(
        self,
        machine: MachineConfig,
        counts: Counter[Kind],
        shape: ConvShape | StreamShape,
        epilogue: Epilogue,
        source_bits: int,
        stored_bits: int,
        source_is_ofmap: bool,
    ) -> None:
        self.machine = machine
        is_convolution, requantizer = isinstance(shape, ConvShape), machine.requantization
        self.requantizes = requantizer is not None and (is_convolution or epilogue.batchnorm)
        # a multiplier in the parameter buffer, or in a register
        self.has_multiplier = is_convolution and not epilogue.batchnorm
        if requantizer is not None and requantizer.weight_scales == "per_tensor":
            self.has_multiplier = self.has_multiplier and epilogue.folded_scale
        self.weight_bits = machine.array.weight_bits or machine.array.operand_bits
        self.counts = counts
        self.shape = shape
        self.epilogue = epilogue
        self.source_bits = source_bits
        self.stored_bits = stored_bits
        self.source = "ofmap_buffer" if source_is_ofmap else "ifmap_buffer"
        self.fresh = count()

    def act(self, component: str, action: str, width_bits: int, by_bits: int = 0, times: int = 1) -> None:
        if times:
            self.counts[component, action, width_bits, by_bits] += times

    def pixel_tiles(self, tiling: Tiling) -> Iterator[list[Pixel]]:
        output = self.shape.output
        cuts = (
            pieces(range(self.shape.batch), tiling.images),
            pieces(range(output.height), tiling.out_height),
            pieces(range(output.width), tiling.out_width),
        )
        for images, rows, columns in product(*cuts):
            yield [Pixel(*place) for place in product(images, rows, columns)]

    def is_inside(self, y: int, x: int) -> bool:
        return 0 <= y < self.shape.input.height and 0 <= x < self.shape.input.width

    def input_of(self, pixel: Pixel, ky: int, kx: int) -> tuple[int, int]:
        window = self.shape.window
        return (
            pixel.y * window.stride[0] - window.padding[0] + ky * window.dilation[0],
            pixel.x * window.stride[1] - window.padding[1] + kx * window.dilation[1],
        )

    def read_source(self, y: int, x: int) -> None:
        if self.is_inside(y, x):
            self.act(self.source, "read", self.source_bits)

    def rows_of(self, pixels: list[Pixel], packs: list[list[Output]]) -> Iterator[Row]:
        """Rows in which a tile lies; a pack is the outputs whose columns lie side by side."""
        columns = self.machine.array.cols
        for outputs in packs:
            if self.machine.array.dataflow == "is":
                for some in pieces(pixels, columns):
                    block = next(self.fresh)
                    yield from (Row(block, [(pixel, output) for pixel in some]) for output in outputs)
            else:
                for few in pieces(outputs, columns):
                    block = next(self.fresh)
                    yield from (Row(block, [(pixel, output) for output in few]) for pixel in pixels)

    def drain(self, rows: list[Row], streamed: bool) -> None:
        """All rows through the stages; a function unit writes back what a pass delivers, and takes it again."""
        psum = self.machine.array.psum_bits
        passes = self.machine.bn.placement == "pass"
        is_in_accumulator = not streamed
        stages = [
            (self.epilogue.batchnorm, self.normalise),
            (self.requantizes, self.requantize),
            (self.epilogue.residual, self.add_residual),
            (self.epilogue.pooling, self.pool),
            (self.epilogue.activation is not None, self.activate),
            (True, self.read_out),
        ]
        taken = False
        for wanted, stage in stages:
            if not wanted:
                continue
            for row in rows:
                for pixel, _ in row.columns:
                    if passes or not taken:
                        self.take(pixel, is_in_accumulator)
                    if passes and stage != self.read_out:
                        self.act("accumulator", "write", psum)
            taken = True
            is_in_accumulator = is_in_accumulator or passes
            stage(rows)

    def take(self, pixel: Pixel, is_in_accumulator: bool) -> None:
        if is_in_accumulator:
            self.act("accumulator", "read", self.machine.array.psum_bits)
            return
        kernel = self.shape.window.kernel
        for ky, kx in product(range(kernel[0]), range(kernel[1])):
            self.read_source(*self.input_of(pixel, ky, kx))

    def normalise(self, rows: list[Row]) -> None:
        bn, psum = self.machine.bn, self.machine.array.psum_bits
        block, held = -1, [None] * bn.lanes
        for row in rows:
            if row.block != block:
                block, held = row.block, [None] * bn.lanes
            for together in pieces(row.columns, bn.lanes):
                turned = [(lane, output) for lane, (_, output) in enumerate(together) if held[lane] != output]
                for lane, output in turned:
                    held[lane] = output  # type: ignore[call-overload]
                    self.take_root()
                words = bn.words * len({output for _, output in turned})
                self.act("parameter_buffer", "read", bn.parameter_bits, times=words)
                for _ in together:
                    self.scale_and_shift(psum, bn.parameter_bits)

    def requantize(self, rows: list[Row]) -> None:
        assert self.machine.requantization is not None
        lanes, psum, word = (
            self.machine.requantization.lanes,
            self.machine.array.psum_bits,
            self.machine.bn.parameter_bits,
        )
        block, held = -1, [None] * lanes
        for row in rows:
            if row.block != block:
                block, held = row.block, [None] * lanes
            for together in pieces(row.columns, lanes):
                read = set()
                for lane, (_, output) in enumerate(together):
                    if held[lane] != output:
                        held[lane] = output  # type: ignore[call-overload]
                        read.add(output)
                    self.act("requantizer", "multiply", psum, word)
                    self.act("requantizer", "add", psum)
                    for _bound in ("largest", "smallest"):
                        self.act("requantizer", "compare", psum)
                self.act("parameter_buffer", "read", word, times=len(read) * self.has_multiplier)

    def take_root(self) -> None:
        if self.machine.bn.parameters == "raw":
            bits = self.machine.bn.parameter_bits + 2
            self.act("bn_stage", "add", bits, times=bits // 2)

    def scale_and_shift(self, psum: int, word: int) -> None:
        if self.machine.bn.parameters == "scale_shift":
            self.act("bn_stage", "multiply", psum, word)
        else:
            difference = max(psum, word) + 1
            self.act("bn_stage", "add", difference)
            self.act("bn_stage", "multiply", difference, word)
            self.act("bn_stage", "add", (word + 2) // 2 + 1, times=difference + word)
        self.act("bn_stage", "add", psum)

    def add_residual(self, rows: list[Row]) -> None:
        for _ in elements(rows):
            self.act("residual_buffer", "read", self.machine.array.operand_bits)
            self.act("residual_add", "add", self.machine.array.psum_bits)

    def pool(self, rows: list[Row]) -> None:
        for _ in elements(rows):
            for position in range(self.shape.window.kernel[0] * self.shape.window.kernel[1]):
                if position:
                    self.act("pooling", "compare", self.machine.array.psum_bits)

    def activate(self, rows: list[Row]) -> None:
        for _ in elements(rows):
            self.act("activation", "compare", self.machine.array.psum_bits)

    def read_out(self, rows: list[Row]) -> None:
        for _ in elements(rows):
            for _bound in ("largest", "smallest"):
                self.act("activation", "compare", self.machine.array.psum_bits)
            self.act("ofmap_buffer", "write", self.stored_bits)


class _Stream(_Phase):
    def run(self, tiling: Tiling) -> None:
        channels = [Output(0, channel) for channel in range(self.shape.output.channels)]
        for some in pieces(channels, tiling.out_channels):
            for pixels in self.pixel_tiles(tiling):
                self.drain(list(self.rows_of(pixels, [list(some)])), streamed=True)


class _Convolution(_Phase):
    shape: ConvShape

    def run(self, tiling: Tiling) -> None:
        groups = self.shape.groups
        for pixels in self.pixel_tiles(tiling):
            for some_groups in pieces(range(groups), tiling.groups):
                for channels in pieces(range(self.shape.output.channels // groups), tiling.out_channels):
                    self.tile(tiling, pixels, list(some_groups), list(channels))

    def tile(self, tiling: Tiling, pixels: list[Pixel], groups: list[int], channels: list[int]) -> None:
        self.psums: Counter[tuple[Pixel, Output]] = Counter()
        self.left_out: Counter[tuple[Pixel, Output]] = Counter()
        self.biases: set[object] = set()
        packed = 1
        for inputs in pieces(range(self.shape.input.channels // self.shape.groups), tiling.in_channels):
            packed = self.packed(len(inputs), len(channels))
            for pack in pieces(groups, packed):
                self.fold_pack(pixels, list(pack), channels, list(inputs))
        whole = len(self.taps([0], range(self.shape.input.channels // self.shape.groups)))
        self.begin_what_no_fold_is_left_of(pixels, [Output(g, c) for g, c in product(groups, channels)])
        assert set((self.psums + self.left_out).values()) == {whole}
        assert len(self.psums) == len(pixels) * len(groups) * len(channels)
        packs = [[Output(g, c) for g, c in product(pack, channels)] for pack in pieces(groups, packed)]
        self.drain(list(self.rows_of(pixels, packs)), streamed=False)

    def packed(self, inputs: int, channels: int) -> int:
        array = self.machine.array
        if array.grouped == "sequential":
            return 1
        kernel = self.shape.window.kernel
        taps = len(self.taps([0], range(inputs)))
        depth = taps // (kernel[0] * kernel[1]) if array.ifmap_streaming == "raster" else taps
        return max(1, min(array.rows // depth, array.cols // channels))

    def fold_pack(self, pixels: list[Pixel], groups: list[int], channels: list[int], inputs: list[int]) -> None:
        array, kernel = self.machine.array, self.shape.window.kernel
        offsets = list(product(range(kernel[0]), range(kernel[1])))
        taps = self.taps(groups, inputs)
        outputs = [Output(g, c) for g, c in product(groups, channels)]
        if array.dataflow == "is":
            for columns in pieces(pixels, array.cols):
                for rows in pieces(taps, array.rows):
                    self.fold(self.input_stationary, rows, outputs, columns)
        elif array.dataflow == "os":
            for few in pieces(outputs, array.cols):
                for some in pieces(pixels, array.rows):
                    self.fold(self.output_stationary, taps, few, some)
        elif array.ifmap_streaming == "im2col":
            for few in pieces(outputs, array.cols):
                for rows in pieces(taps, array.rows):
                    self.fold(self.weight_stationary, rows, few, pixels)
        else:
            for few, offset in product(pieces(outputs, array.cols), offsets):
                for rows in pieces([tap for tap in taps if (tap.ky, tap.kx) == offset], array.rows):
                    self.fold(self.raster, rows, few, pixels)

    def fold(self, execute: Fold, taps: Sequence[Tap], outputs: Sequence[Output], pixels: Sequence[Pixel]) -> None:
        """Execute a fold, unless the array skips it."""
        weights = [(tap, output) for tap, output in product(taps, outputs) if tap.group == output.group]
        if not self.machine.array.skip_zero_folds or any(not self.is_zero(*weight) for weight in weights):
            execute(list(taps), list(outputs), list(pixels))
            return
        for (_, output), pixel in product(weights, pixels):
            self.left_out[pixel, output] += 1

    def is_zero(self, tap: Tap, output: Output) -> bool:
        """Tell whether a kept weight is zero: of a block, those that are not are kept before those that are."""
        number = output.group * (self.shape.output.channels // self.shape.groups) + output.channel
        zeros = [
            any(
                zero.first_output <= number < zero.end_output and zero.first_input <= channel < zero.end_input
                for zero in self.shape.zero_kernels
            )
            for channel in range(tap.channel, tap.channel + tap.block)
        ]
        return sorted(zeros)[tap.slot]

    def begin_what_no_fold_is_left_of(self, pixels: list[Pixel], outputs: list[Output]) -> None:
        """Write a bias, or zero, for outputs that the array has delivered nothing for."""
        for some in pieces(pixels, self.machine.array.cols):
            for pixel, output in product(some, outputs):
                if (pixel, output) not in self.psums:
                    self.psums[pixel, output] = 0
                    self.act("accumulator", "write", self.machine.array.psum_bits)
                    self.read_bias((some[0], output) if self.machine.array.dataflow == "is" else output)

    def taps(self, groups: Sequence[int], inputs: Sequence[int]) -> list[Tap]:
        """What the rows hold: of each block of channels, at each position of the kernel, the weights that are kept."""
        sparsity, kernel = self.machine.array.sparsity, self.shape.window.kernel
        return [
            Tap(group, block[0], ky, kx, len(block), slot)
            for group in groups
            for block in pieces(inputs, sparsity.block)
            for ky, kx in product(range(kernel[0]), range(kernel[1]))
            for slot in range(min(sparsity.kept, len(block)))
        ]

    @property
    def stored_weight_bits(self) -> int:
        """Width of a weight with the number of its channel in a block, if more channels are there than are kept."""
        sparsity = self.machine.array.sparsity
        is_selected = sparsity.kept < sparsity.block and sparsity.kept < self.shape.input.channels // self.shape.groups
        return self.weight_bits + (len(f"{sparsity.block - 1:b}") if is_selected else 0)

    def operands(self, taps: Sequence[Tap]) -> Iterator[Tap]:
        """What enters a fold: the channels of each block that rows select from, once for all of these rows."""
        for block in dict.fromkeys(tap._replace(slot=0) for tap in taps):
            for _ in range(block.block):
                yield block

    def read_operands(self, taps: Sequence[Tap], pixel: Pixel) -> None:
        for tap in self.operands(taps):
            self.read_source(*self.input_of(pixel, tap.ky, tap.kx))

    def weight_stationary(self, taps: list[Tap], outputs: list[Output], pixels: list[Pixel]) -> None:
        self.preload_weights(taps, outputs)
        for pixel in pixels:
            self.read_operands(taps, pixel)
            for output in outputs:
                self.accumulate(pixel, output, self.multiply(taps, output), output)

    def raster(self, taps: list[Tap], outputs: list[Output], pixels: list[Pixel]) -> None:
        """One kernel offset; vectors are all padded positions, of which only some belong to an output."""
        self.preload_weights(taps, outputs)
        window, last = self.shape.window, pixels[-1]
        first = pixels[0]
        down, right = taps[0].ky * window.dilation[0], taps[0].kx * window.dilation[1]
        height, width = last.y - first.y + window.extent[0], last.x - first.x + window.extent[1]
        for image, y, x in product(range(first.image, last.image + 1), range(height), range(width)):
            for _ in self.operands(taps):
                self.read_source(first.y + y - window.padding[0], first.x + x - window.padding[1])
            pixel = Pixel(image, first.y + y - down, first.x + x - right)
            is_output = first.y <= pixel.y <= last.y and first.x <= pixel.x <= last.x
            for output in outputs:
                products = self.multiply(taps, output)
                if is_output:
                    self.accumulate(pixel, output, products, output)

    def input_stationary(self, taps: list[Tap], outputs: list[Output], pixels: list[Pixel]) -> None:
        for tap, pixel in product(taps, pixels):
            self.read_source(*self.input_of(pixel, tap.ky, tap.kx))
        for output in outputs:
            for _ in taps:
                self.act("weight_buffer", "read", self.stored_weight_bits)
            for pixel in pixels:
                self.accumulate(pixel, output, self.multiply(taps, output), (pixels[0], output))

    def output_stationary(self, taps: list[Tap], outputs: list[Output], pixels: list[Pixel]) -> None:
        for pixel in pixels:
            self.read_operands(taps, pixel)
        self.act("weight_buffer", "read", self.stored_weight_bits, times=len(taps) * len(outputs))
        for pixel, output in product(pixels, outputs):
            self.accumulate(pixel, output, self.multiply(taps, output), output)

    def preload_weights(self, taps: list[Tap], outputs: list[Output]) -> None:
        for tap, output in product(taps, outputs):
            if tap.group == output.group:
                self.act("weight_buffer", "read", self.stored_weight_bits)

    def multiply(self, taps: list[Tap], output: Output) -> int:
        """Multiply what belongs to the output's group, and return how much that was."""
        array = self.machine.array
        products = sum(tap.group == output.group for tap in taps)
        self.act("conv_array", "multiply", array.operand_bits, self.weight_bits, times=products)
        self.act("conv_array", "add", array.psum_bits, times=products)
        return products

    def accumulate(self, pixel: Pixel, output: Output, products: int, bias: object) -> None:
        """Add a psum of the array to what is there; ``bias`` names the word that it begins with."""
        place, width = (pixel, output), self.machine.array.psum_bits
        if place in self.psums:
            self.act("accumulator", "read", width)
            self.act("accumulator", "add", width)
        elif self.epilogue.bias:
            self.act("accumulator", "add", width)
            self.read_bias(bias)
        self.psums[place] += products
        self.act("accumulator", "write", width)

    def read_bias(self, word: object) -> None:
        """Read the word that an output begins with, if there is any and it has not been read already."""
        if self.epilogue.bias and word not in self.biases:
            self.biases.add(word)
            self.act("parameter_buffer", "read", self.machine.bn.parameter_bits)


def elements(rows: list[Row]) -> Iterator[tuple[Pixel, Output]]:
    """All that lies in rows."""
    for row in rows:
        yield from row.columns


def pieces(whole: Sequence[T], size: int) -> list[Sequence[T]]:
    """Cut a sequence into pieces of ``size``, the last of which may be shorter."""
    return [whole[start : start + size] for start in range(0, len(whole), size)]
