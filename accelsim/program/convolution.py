"""The program of a convolution: its tiles as operations of every unit."""

from __future__ import annotations

from accelsim.config.machine import MachineConfig
from accelsim.layout import FeatureMap
from accelsim.program.conv_tensors import ConvTensors
from accelsim.program.conv_tiles import ConvJob, ConvTiles
from accelsim.program.drain import TileDrain, post_operations, tile_blocks, uses_function_unit
from accelsim.program.fillings import Fillings
from accelsim.program.memory_map import MemoryMap
from accelsim.program.operations import (
    AccumulateOperation,
    ArrayOperation,
    Program,
    Token,
    Tokens,
    free_halves,
)
from accelsim.program.transfers import NOTHING, Load, Step, ordered
from accelsim.requantization import requantizes
from accelsim.timing.work import ArrayWork, Block


def convolution_program(machine: MachineConfig, job: ConvJob, memory: MemoryMap) -> tuple[Program, FeatureMap]:
    """Write the program of a convolution; also return where its result lies in DRAM."""
    writer = _ConvolutionWriter(machine, job, memory)
    return writer.program(), writer.tensors.ofmap


class _ConvolutionWriter:
    def __init__(self, machine: MachineConfig, job: ConvJob, memory: MemoryMap) -> None:
        self.machine = machine
        self.job = job
        self.conv_tiles = ConvTiles(job)
        self.tensors = ConvTensors(machine, job, self.conv_tiles, memory)
        self.indices = self.conv_tiles.order
        self.ifmaps = Fillings([(i.group, i.pixel, i.k) for i in self.indices])
        self.weights = Fillings([(i.group, i.channel, i.k) for i in self.indices])
        self.parameters = Fillings([() if job.parameters_at_once else (i.group, i.channel) for i in self.indices])
        self.outputs = Fillings([(i.group, i.pixel, i.channel) for i in self.indices])
        self.drain_words = job.drain_words(machine)
        self.blocks: dict[ArrayWork[int], tuple[Block[int], ...]] = {}

    def program(self) -> Program:
        """Write all operations."""
        machine = self.machine
        array = [self._array_operation(step) for step in range(len(self.indices))]
        drains = [self._drain(tile) for tile in range(len(self.outputs.last_use))]
        accumulates: list[list[AccumulateOperation]] = [[] for _ in drains]
        if uses_function_unit(machine):
            for operation, use in zip(array, self.outputs.uses, strict=True):
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
            fillings.uses[step] for fillings in (self.ifmaps, self.weights, self.parameters, self.outputs)
        )
        travels = not self.job.ifmap_on_chip
        bias = self.job.epilogue.bias
        is_last = step == len(self.indices) - 1
        # A bias is read as a tile starts, so its half is free when the last tile that starts from it has done so.
        last_start = tile.first and self.parameters.uses[self.outputs.last_use[tile.filling]].last
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
            (Token.PARAMETER_FREE, bias and not self.drain_words and last_start),
            (Token.ACCUMULATOR_FULL, tile.last),
        )
        return ArrayOperation(
            f"multiply {self.indices[step]}",
            self.conv_tiles.work(self.indices[step]),
            _tokens(takes),
            _tokens(gives),
            (Token.ARRAY_STREAM,) if function_unit else (),
        )

    def _drain(self, tile: int) -> TileDrain:
        first, last = self.outputs.first_use[tile], self.outputs.last_use[tile]
        index = self.indices[last]
        has_words = self.drain_words > 0
        stays = self.job.ofmap_on_chip
        return TileDrain(
            name=index.output,
            epilogue=self.job.epilogue,
            requantizes=requantizes(self.machine, self.job.epilogue, convolution=True),
            window=1,
            blocks=self._blocks(self.conv_tiles.work(index)),
            source_full=(Token.ACCUMULATOR_FULL,),
            source_free=(Token.ACCUMULATOR_FREE,),
            parameter_full=_tokens(((Token.PARAMETER_FULL, has_words and self.parameters.uses[first].first),)),
            parameter_free=_tokens(((Token.PARAMETER_FREE, has_words and self.parameters.uses[last].last),)),
            ofmap_free=_tokens(((Token.OFMAP_FREE, not stays or tile == 0),)),
            ofmap_full=_tokens(((Token.OFMAP_FULL, not stays),)),
        )

    def _blocks(self, work: ArrayWork[int]) -> tuple[Block[int], ...]:
        """The blocks of a tile; most tiles are equal."""
        blocks = self.blocks.get(work)
        if blocks is None:
            blocks = self.blocks[work] = tile_blocks(self.machine, work)
        return blocks

    def _step(self, step: int) -> Step:
        index, output = self.indices[step], self.outputs.uses[step]
        buffers, epilogue, tensors = self.machine.buffers, self.job.epilogue, self.tensors
        loads = []
        if self.job.words(self.machine) and self.parameters.uses[step].first:
            gives = _tokens(((Token.BIAS_FULL, epilogue.bias), (Token.PARAMETER_FULL, self.drain_words > 0)))
            loads.append(Load(tensors.load_parameters(index, gives), self._parameters_wait_for(step)))
        if self.ifmaps.uses[step].first and not self.job.ifmap_on_chip:
            loads.append(Load(tensors.load_ifmap(index)))
        if self.weights.uses[step].first:
            loads.append(Load(tensors.load_weight(index)))
        if output.last and epilogue.residual:
            loads.append(Load(tensors.load_residual(index), output.filling - buffers.residual.halves))
        is_stored = output.last and not self.job.ofmap_on_chip
        return Step(loads, tensors.store_ofmap(index) if is_stored else None)

    def _parameters_wait_for(self, step: int) -> int:
        """Return the drain behind the last use of the half; if the array gives it back earlier, this is soon enough.

        So the order of transfers is the same whether BN parameters or biases are loaded, and fusing can only make
        transfers shorter.
        """
        before = self.parameters.uses[step].filling - self.machine.buffers.parameter.halves
        return NOTHING if before < 0 else self.outputs.uses[self.parameters.last_use[before]].filling


def _accumulate(operation: ArrayOperation) -> AccumulateOperation:
    label = operation.label.replace("multiply", "accumulate", 1)
    return AccumulateOperation(label, operation.work, (Token.ARRAY_STREAM,), (), (Token.FUNCTION_UNIT_READY,))


def _tokens(wanted: tuple[tuple[Token, bool], ...]) -> Tokens:
    return tuple([token for token, condition in wanted if condition])
