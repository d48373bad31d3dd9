"""The program of a convolution: its tiles as operations of every unit."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

from accelsim.config.machine import MachineConfig
from accelsim.layers import ConvShape, Epilogue
from accelsim.layout import FeatureMap
from accelsim.mapping.tiling import Tiling, pixel_tiles, spans
from accelsim.program.drain import TileDrain, post_operations, uses_function_unit
from accelsim.program.fillings import Fillings
from accelsim.program.memory_map import MemoryMap
from accelsim.program.operations import (
    AccumulateOperation,
    ArrayOperation,
    Program,
    Token,
    Tokens,
    TransferOperation,
    free_halves,
)
from accelsim.program.transfers import NOTHING, Load, Step, ordered
from accelsim.timing.array import drain_blocks
from accelsim.timing.integers import ceil_div
from accelsim.timing.work import ArrayWork, Block, Transfer


class ConvJob(NamedTuple):
    """What to write a program for: a convolution and what follows it in the same pass."""

    shape: ConvShape
    epilogue: Epilogue
    tiling: Tiling
    parameters_at_once: bool
    """Whether the parameters of all channels are loaded together."""
    stored_bits: int
    """Width of what is stored."""
    ifmap_on_chip: bool
    """Whether the ifmap lies in an ofmap half already."""
    ofmap_on_chip: bool
    """Whether the result stays in an ofmap half."""


class _Index(NamedTuple):
    """Which tile of every dimension an array operation works on."""

    group: int
    pixel: int
    channel: int
    k: int

    @property
    def output(self) -> str:
        return f"g{self.group} m{self.pixel} n{self.channel}"

    def __str__(self) -> str:
        return f"{self.output} k{self.k}"


def convolution_program(machine: MachineConfig, job: ConvJob, memory: MemoryMap) -> tuple[Program, FeatureMap]:
    """Write the program of a convolution; also return where its result lies in DRAM."""
    writer = _ConvolutionWriter(machine, job, memory)
    return writer.program(), writer.ofmap


class _ConvolutionWriter:
    def __init__(self, machine: MachineConfig, job: ConvJob, memory: MemoryMap) -> None:
        shape, tiling = job.shape, job.tiling
        self.machine = machine
        self.job = job
        self.group_spans = spans(shape.groups, tiling.groups)
        self.pixel_tiles = list(
            pixel_tiles(shape.batch, shape.output, tiling.images, tiling.out_height, tiling.out_width)
        )
        self.channel_spans = spans(shape.output.channels // shape.groups, tiling.out_channels)
        self.k_spans = spans(shape.input.channels // shape.groups, tiling.in_channels)
        self.indices = self._indices()
        self.ifmaps = Fillings([(i.group, i.pixel, i.k) for i in self.indices])
        self.weights = Fillings([(i.group, i.channel, i.k) for i in self.indices])
        self.parameters = Fillings([() if job.parameters_at_once else (i.group, i.channel) for i in self.indices])
        self.tiles = Fillings([(i.group, i.pixel, i.channel) for i in self.indices])
        self.words = job.epilogue.bias + machine.bn.words * job.epilogue.batchnorm
        self._place_tensors(memory)

    def _indices(self) -> list[_Index]:
        groups = range(len(self.group_spans))
        pixels = range(len(self.pixel_tiles))
        channels = range(len(self.channel_spans))
        ks = range(len(self.k_spans))
        if self.job.tiling.reuse == "ifmap":
            return [_Index(g, m, n, k) for g, m, n, k in product(groups, pixels, channels, ks)]
        return [_Index(g, m, n, k) for g, n, m, k in product(groups, channels, pixels, ks)]

    def _place_tensors(self, memory: MemoryMap) -> None:
        job, shape = self.job, self.job.shape
        operand_bits = self.machine.array.operand_bits
        ifmap = FeatureMap(shape.batch, shape.input, operand_bits)
        self.ifmap = ifmap._replace(address=memory.place(0 if job.ifmap_on_chip else ifmap.bytes))
        channel_tiles = list(product(self.group_spans, self.channel_spans))
        weight_bits = operand_bits * shape.window.positions
        self.weight_bytes = [
            ceil_div(g.size * n.size * k.size * weight_bits, 8) for (g, n), k in product(channel_tiles, self.k_spans)
        ]
        self.weight_addresses = memory.place_all(self.weight_bytes)
        word_bits = self.words * self.machine.bn.parameter_bits
        tile_channels = [g.size * n.size for g, n in channel_tiles]
        loaded_channels = [shape.output.channels] if job.parameters_at_once else tile_channels
        self.parameter_bytes = [ceil_div(channels * word_bits, 8) for channels in loaded_channels]
        self.parameter_addresses = memory.place_all(self.parameter_bytes)
        residual = FeatureMap(shape.batch, shape.output, operand_bits)
        self.residual = residual._replace(address=memory.place(residual.bytes if job.epilogue.residual else 0))
        ofmap = FeatureMap(shape.batch, shape.output, job.stored_bits)
        self.ofmap = ofmap._replace(address=memory.place(0 if job.ofmap_on_chip else ofmap.bytes))

    def program(self) -> Program:
        """Write all operations."""
        machine = self.machine
        array = [self._array_operation(step) for step in range(len(self.indices))]
        drains = [self._drain(tile) for tile in range(len(self.tiles.last_use))]
        accumulates: list[list[AccumulateOperation]] = [[] for _ in drains]
        if uses_function_unit(machine):
            for operation, use in zip(array, self.tiles.uses, strict=True):
                accumulates[use.filling].append(_accumulate(operation))
        drain_operations, function_unit = post_operations(machine, drains, accumulates)
        buffers = machine.buffers
        return Program(
            transfers=ordered(
                (self._step(step) for step in range(len(self.indices))),
                lookahead=min(buffers.ifmap.halves, buffers.weight.halves),
                ofmap_halves=buffers.ofmap.halves - self.job.ifmap_on_chip,
            ),
            array=array,
            drains=drain_operations,
            function_unit=function_unit,
            tokens=free_halves(machine, self.job.ifmap_on_chip),
        )

    def _array_operation(self, step: int) -> ArrayOperation:
        ifmap, weight, parameter, tile = (
            fillings.uses[step] for fillings in (self.ifmaps, self.weights, self.parameters, self.tiles)
        )
        travels = not self.job.ifmap_on_chip
        bias = self.job.epilogue.bias
        is_last = step == len(self.indices) - 1
        last_start = tile.first and self.parameters.uses[self.tiles.last_use[tile.filling]].last
        function_unit = uses_function_unit(self.machine)
        takes = (
            (Token.IFMAP_FULL, travels and ifmap.first),
            (Token.WEIGHT_FULL, weight.first),
            (Token.BIAS_FULL, bias and parameter.first),
            (Token.ACCUMULATOR_FREE, tile.first),
            (Token.FUNCTION_UNIT_READY, function_unit),
        )
        gives = (
            (Token.IFMAP_FREE, travels and ifmap.last),
            (Token.OFMAP_FREE, self.job.ifmap_on_chip and is_last),
            (Token.WEIGHT_FREE, weight.last),
            (Token.PARAMETER_FREE, bias and not self.job.epilogue.batchnorm and last_start),
            (Token.ACCUMULATOR_FULL, tile.last),
        )
        return ArrayOperation(
            f"multiply {self.indices[step]}",
            self._work(self.indices[step]),
            _tokens(takes),
            _tokens(gives),
            (Token.ARRAY_STREAM,) if function_unit else (),
        )

    def _work(self, index: _Index) -> ArrayWork[int]:
        pixels = self.pixel_tiles[index.pixel]
        window = self.job.shape.window
        return ArrayWork(
            pixels.pixels,
            pixels.padded_positions(window),
            window.positions,
            self.k_spans[index.k].size,
            self.channel_spans[index.channel].size,
            self.group_spans[index.group].size,
        )

    def _drain(self, tile: int) -> TileDrain:
        first, last = self.tiles.first_use[tile], self.tiles.last_use[tile]
        index = self.indices[last]
        batchnorm = self.job.epilogue.batchnorm
        stays = self.job.ofmap_on_chip
        return TileDrain(
            name=index.output,
            epilogue=self.job.epilogue,
            window=1,
            blocks=_blocks_of(self.machine, self._work(index)),
            source_full=(Token.ACCUMULATOR_FULL,),
            source_free=(Token.ACCUMULATOR_FREE,),
            parameter_full=_tokens(((Token.PARAMETER_FULL, batchnorm and self.parameters.uses[first].first),)),
            parameter_free=_tokens(((Token.PARAMETER_FREE, batchnorm and self.parameters.uses[last].last),)),
            ofmap_free=_tokens(((Token.OFMAP_FREE, not stays or tile == 0),)),
            ofmap_full=_tokens(((Token.OFMAP_FULL, not stays),)),
        )

    def _step(self, step: int) -> Step:
        index = self.indices[step]
        tile = self.tiles.uses[step]
        loads = []
        if self.words and self.parameters.uses[step].first:
            loads.append(Load(self._load_parameters(index), self._parameters_wait_for(step)))
        if self.ifmaps.uses[step].first and not self.job.ifmap_on_chip:
            waits_for = self._array_half_waits_for(self.ifmaps, step, self.machine.buffers.ifmap.halves)
            loads.append(Load(self._load_ifmap(index), waits_for))
        if self.weights.uses[step].first:
            waits_for = self._array_half_waits_for(self.weights, step, self.machine.buffers.weight.halves)
            loads.append(Load(self._load_weight(index), waits_for))
        if tile.last and self.job.epilogue.residual:
            waits_for = tile.filling - self.machine.buffers.residual.halves
            loads.append(Load(self._load_residual(index), waits_for))
        return Step(loads, self._store(index) if tile.last and not self.job.ofmap_on_chip else None)

    def _array_half_waits_for(self, fillings: Fillings, step: int, halves: int) -> int:
        """Return the drain that has to be over before the array can have given back the half that is filled here."""
        before = fillings.uses[step].filling - halves
        if before < 0:
            return NOTHING
        return self._operation_waits_for(fillings.last_use[before])

    def _operation_waits_for(self, step: int) -> int:
        """Return the drain that frees the accumulator half that an array operation works on."""
        halves = 1 if uses_function_unit(self.machine) else self.machine.accumulator.halves
        return self.tiles.uses[step].filling - halves

    def _parameters_wait_for(self, step: int) -> int:
        """Return the drain behind the last use of the half; if the array gives it back earlier, this is soon enough.

        So the order of transfers is the same whether BN parameters or biases are loaded, and fusing can only make
        transfers shorter.
        """
        before = self.parameters.uses[step].filling - self.machine.buffers.parameter.halves
        return NOTHING if before < 0 else self.tiles.uses[self.parameters.last_use[before]].filling

    def _load_parameters(self, index: _Index) -> TransferOperation:
        at_once, epilogue = self.job.parameters_at_once, self.job.epilogue
        number = 0 if at_once else index.group * len(self.channel_spans) + index.channel
        transfer = Transfer("read", "parameter", self.parameter_addresses[number], self.parameter_bytes[number])
        gives = _tokens(((Token.BIAS_FULL, epilogue.bias), (Token.PARAMETER_FULL, epilogue.batchnorm)))
        label = "load parameters" if at_once else f"load parameters g{index.group} n{index.channel}"
        return TransferOperation(label, transfer, (Token.PARAMETER_FREE,), gives)

    def _load_ifmap(self, index: _Index) -> TransferOperation:
        shape = self.job.shape
        group, k = self.group_spans[index.group], self.k_spans[index.k]
        per_group = shape.input.channels // shape.groups
        transfer = self.ifmap.transfer(
            "read",
            "ifmap",
            self.pixel_tiles[index.pixel].input_region(shape.window, shape.input),
            group.start * per_group + k.start,
            group.size * k.size,
        )
        label = f"load ifmap g{index.group} m{index.pixel} k{index.k}"
        return TransferOperation(label, transfer, (Token.IFMAP_FREE,), (Token.IFMAP_FULL,))

    def _load_weight(self, index: _Index) -> TransferOperation:
        number = (index.group * len(self.channel_spans) + index.channel) * len(self.k_spans) + index.k
        transfer = Transfer("read", "weight", self.weight_addresses[number], self.weight_bytes[number])
        label = f"load weight g{index.group} n{index.channel} k{index.k}"
        return TransferOperation(label, transfer, (Token.WEIGHT_FREE,), (Token.WEIGHT_FULL,))

    def _load_residual(self, index: _Index) -> TransferOperation:
        first, count = self._output_channels(index)
        region = self.pixel_tiles[index.pixel].output_region
        transfer = self.residual.transfer("read", "residual", region, first, count)
        label = f"load residual {index.output}"
        return TransferOperation(label, transfer, (Token.RESIDUAL_FREE,), (Token.RESIDUAL_FULL,))

    def _store(self, index: _Index) -> TransferOperation:
        first, count = self._output_channels(index)
        region = self.pixel_tiles[index.pixel].output_region
        transfer = self.ofmap.transfer("write", "ofmap", region, first, count)
        return TransferOperation(f"store ofmap {index.output}", transfer, (Token.OFMAP_FULL,), (Token.OFMAP_FREE,))

    def _output_channels(self, index: _Index) -> tuple[int, int]:
        """First output channel of a tile, and how many."""
        group, channel = self.group_spans[index.group], self.channel_spans[index.channel]
        per_group = self.job.shape.output.channels // self.job.shape.groups
        return group.start * per_group + channel.start, group.size * channel.size


def _accumulate(operation: ArrayOperation) -> AccumulateOperation:
    label = operation.label.replace("multiply", "accumulate", 1)
    return AccumulateOperation(label, operation.work, (Token.ARRAY_STREAM,), (), (Token.FUNCTION_UNIT_READY,))


def _blocks_of(machine: MachineConfig, work: ArrayWork[int]) -> tuple[Block[int], ...]:
    return tuple(block for block in drain_blocks(machine.array, work) if all(block))


def _tokens(wanted: tuple[tuple[Token, bool], ...]) -> Tokens:
    return tuple(token for token, condition in wanted if condition)
