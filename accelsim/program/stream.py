"""The program of a layer that streams through the post-pipeline: pooling, additions, and BN on its own."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

from accelsim.config.machine import MachineConfig
from accelsim.layers import Epilogue, StreamShape
from accelsim.layout import FeatureMap, Span
from accelsim.mapping.tiling import PixelTile, Tiling, pixel_tiles, spans
from accelsim.program.drain import TileDrain, post_operations, tile_blocks
from accelsim.program.fillings import Fillings
from accelsim.program.memory_map import MemoryMap
from accelsim.program.operations import Program, Token, TransferOperation, free_halves
from accelsim.program.transfers import NOTHING, Load, Step, ordered
from accelsim.requantization import drain_words, requantizes
from accelsim.timing.integers import ceil_div
from accelsim.timing.work import ArrayWork, Transfer


class StreamJob(NamedTuple):
    """What to write a program for."""

    shape: StreamShape
    epilogue: Epilogue
    tiling: Tiling
    parameters_at_once: bool
    """Whether the parameters of all channels are loaded together."""
    ifmap_on_chip: bool
    """Whether what is streamed lies in an ofmap half already."""
    ofmap_on_chip: bool
    """Whether the result stays in an ofmap half."""


class _Tile(NamedTuple):
    channels: Span
    pixels: PixelTile
    name: str


def stream_program(machine: MachineConfig, job: StreamJob, source: FeatureMap, memory: MemoryMap) -> Program:
    """Write the program of a streamed layer whose input lies at ``source``."""
    return _StreamWriter(machine, job, source, memory).program()


class _StreamWriter:
    def __init__(self, machine: MachineConfig, job: StreamJob, source: FeatureMap, memory: MemoryMap) -> None:
        shape, tiling = job.shape, job.tiling
        self.machine = machine
        self.job = job
        self.source = source
        channel_spans = spans(shape.output.channels, tiling.out_channels)
        pixels = list(pixel_tiles(shape.batch, shape.output, tiling.images, tiling.out_height, tiling.out_width))
        self.tiles = [
            _Tile(channels, tile, f"n{n} m{m}")
            for (n, channels), (m, tile) in product(enumerate(channel_spans), enumerate(pixels))
        ]
        self.parameters = Fillings([None if job.parameters_at_once else tile.channels for tile in self.tiles])
        word_bits = drain_words(machine, job.epilogue, convolution=False) * machine.bn.parameter_bits
        tile_channels = [channels.size for channels in channel_spans]
        loaded_channels = [shape.output.channels] if job.parameters_at_once else tile_channels
        self.parameter_bytes = [ceil_div(channels * word_bits, 8) for channels in loaded_channels]
        self.parameter_addresses = memory.place_all(self.parameter_bytes)
        operand = FeatureMap(shape.batch, shape.output, machine.array.operand_bits)
        self.residual = memory.place_map(operand, travels=job.epilogue.residual)
        self.ofmap = memory.place_map(operand, travels=not job.ofmap_on_chip)

    def program(self) -> Program:
        """Write all operations."""
        drains = [self._drain(number) for number in range(len(self.tiles))]
        drain_operations, function_unit = post_operations(self.machine, drains, [()] * len(drains))
        return Program(
            transfers=ordered(
                (self._step(number) for number in range(len(self.tiles))),
                lookahead=self.machine.buffers.ifmap.halves,
                ofmap_halves=self.machine.buffers.ofmap.halves - self.job.ifmap_on_chip,
            ),
            array=[],
            drains=drain_operations,
            function_unit=function_unit,
            tokens=free_halves(self.machine, self.job.ifmap_on_chip),
        )

    def _drain(self, number: int) -> TileDrain:
        tile = self.tiles[number]
        use = self.parameters.uses[number]
        batchnorm = self.job.epilogue.batchnorm
        stays, is_there = self.job.ofmap_on_chip, self.job.ifmap_on_chip
        is_last = number == len(self.tiles) - 1
        return TileDrain(
            name=tile.name,
            epilogue=self.job.epilogue,
            requantizes=requantizes(self.machine, self.job.epilogue, convolution=False),
            window=self.job.shape.window.positions,
            # the rows in which a convolution with this output would leave it
            blocks=tile_blocks(self.machine, ArrayWork(tile.pixels.pixels, 0, 1, 1, tile.channels.size, 1)),
            source_full=() if is_there else (Token.IFMAP_FULL,),
            source_free=((Token.OFMAP_FREE,) if is_last else ()) if is_there else (Token.IFMAP_FREE,),
            parameter_full=(Token.PARAMETER_FULL,) if batchnorm and use.first else (),
            parameter_free=(Token.PARAMETER_FREE,) if batchnorm and use.last else (),
            ofmap_free=() if stays and number > 0 else (Token.OFMAP_FREE,),
            ofmap_full=() if stays else (Token.OFMAP_FULL,),
        )

    def _step(self, number: int) -> Step:
        tile, use = self.tiles[number], self.parameters.uses[number]
        buffers, epilogue = self.machine.buffers, self.job.epilogue
        loads = []
        if epilogue.batchnorm and use.first:
            loads.append(Load(self._load_parameters(use.filling), self._parameters_wait_for(use.filling)))
        if not self.job.ifmap_on_chip:
            loads.append(Load(self._load_ifmap(tile)))
        if epilogue.residual:
            loads.append(Load(self._load_residual(tile), number - buffers.residual.halves))
        return Step(loads, None if self.job.ofmap_on_chip else self._store(tile))

    def _parameters_wait_for(self, filling: int) -> int:
        before = filling - self.machine.buffers.parameter.halves
        return NOTHING if before < 0 else self.parameters.last_use[before]

    def _load_parameters(self, filling: int) -> TransferOperation:
        transfer = Transfer("read", "parameter", self.parameter_addresses[filling], self.parameter_bytes[filling])
        label = "load parameters" if self.job.parameters_at_once else f"load parameters n{filling}"
        return TransferOperation(label, transfer, (Token.PARAMETER_FREE,), (Token.PARAMETER_FULL,))

    def _load_ifmap(self, tile: _Tile) -> TransferOperation:
        region = tile.pixels.input_region(self.job.shape.window, self.job.shape.input)
        transfer = self.source.transfer("read", "ifmap", region, tile.channels)
        return TransferOperation(f"load ifmap {tile.name}", transfer, (Token.IFMAP_FREE,), (Token.IFMAP_FULL,))

    def _load_residual(self, tile: _Tile) -> TransferOperation:
        region = tile.pixels.output_region
        transfer = self.residual.transfer("read", "residual", region, tile.channels)
        return TransferOperation(f"load residual {tile.name}", transfer, (Token.RESIDUAL_FREE,), (Token.RESIDUAL_FULL,))

    def _store(self, tile: _Tile) -> TransferOperation:
        region = tile.pixels.output_region
        transfer = self.ofmap.transfer("write", "ofmap", region, tile.channels)
        return TransferOperation(f"store ofmap {tile.name}", transfer, (Token.OFMAP_FULL,), (Token.OFMAP_FREE,))
