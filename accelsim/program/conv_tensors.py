"""Where the tensors of a convolution lie in DRAM, and the transfers of their tiles."""

from __future__ import annotations

from itertools import product

from accelsim.config.machine import MachineConfig
from accelsim.layout import FeatureMap
from accelsim.program.conv_tiles import ConvJob, ConvTiles, TileIndex
from accelsim.program.memory_map import MemoryMap
from accelsim.program.operations import Token, Tokens, TransferOperation
from accelsim.timing.integers import ceil_div
from accelsim.timing.work import Transfer
from accelsim.weight_layout import weight_bytes


class ConvTensors:
    """The tensors of one convolution.

    Parameters
    ----------
    machine, job, tiles
        What is computed, on what, in which tiles.
    memory
        Gives the addresses.
    """

    def __init__(self, machine: MachineConfig, job: ConvJob, tiles: ConvTiles, memory: MemoryMap) -> None:
        self._job = job
        self._tiles = tiles
        shape, operand_bits = job.shape, machine.array.operand_bits
        self._input_regions = [tile.input_region(shape.window, shape.input) for tile in tiles.pixels]
        ifmap = FeatureMap(shape.batch, shape.input, operand_bits)
        self.ifmap = memory.place_map(ifmap, travels=not job.ifmap_on_chip)
        channel_tiles = [(g.size, n.size) for g, n in product(tiles.groups, tiles.channels)]
        self._weight_bytes = [
            weight_bytes(machine, shape, k.size, g * n) for (g, n), k in product(channel_tiles, tiles.ks)
        ]
        self._weight_addresses = memory.place_all(self._weight_bytes)
        word_bits = job.words(machine) * machine.bn.parameter_bits
        channels_loaded = [shape.output.channels] if job.parameters_at_once else [g * n for g, n in channel_tiles]
        self._parameter_bytes = [ceil_div(channels * word_bits, 8) for channels in channels_loaded]
        self._parameter_addresses = memory.place_all(self._parameter_bytes)
        residual = FeatureMap(shape.batch, shape.output, operand_bits)
        self.residual = memory.place_map(residual, travels=job.epilogue.residual)
        ofmap = FeatureMap(shape.batch, shape.output, job.stored_bits)
        self.ofmap = memory.place_map(ofmap, travels=not job.ofmap_on_chip)

    def load_parameters(self, index: TileIndex, gives: Tokens) -> TransferOperation:
        """Load biases, BN parameters, or both: those of all channels, or of the tile's."""
        at_once = self._job.parameters_at_once
        number = 0 if at_once else self._channel_tile(index)
        transfer = Transfer("read", "parameter", self._parameter_addresses[number], self._parameter_bytes[number])
        label = "load parameters" if at_once else f"load parameters g{index.group} n{index.channel}"
        return TransferOperation(label, transfer, (Token.PARAMETER_FREE,), gives)

    def load_ifmap(self, index: TileIndex) -> TransferOperation:
        """Load the input behind a pixel tile, for some input channels."""
        region = self._input_regions[index.pixel]
        transfer = self.ifmap.transfer("read", "ifmap", region, self._tiles.input_channels(index))
        label = f"load ifmap g{index.group} m{index.pixel} k{index.k}"
        return TransferOperation(label, transfer, (Token.IFMAP_FREE,), (Token.IFMAP_FULL,))

    def load_weight(self, index: TileIndex) -> TransferOperation:
        """Load the weights of a channel tile, for some input channels."""
        number = self._channel_tile(index) * len(self._tiles.ks) + index.k
        transfer = Transfer("read", "weight", self._weight_addresses[number], self._weight_bytes[number])
        label = f"load weight g{index.group} n{index.channel} k{index.k}"
        return TransferOperation(label, transfer, (Token.WEIGHT_FREE,), (Token.WEIGHT_FULL,))

    def load_residual(self, index: TileIndex) -> TransferOperation:
        """Load the residual operand of an output tile."""
        region = self._tiles.pixels[index.pixel].output_region
        transfer = self.residual.transfer("read", "residual", region, self._tiles.output_channels(index))
        label = f"load residual {index.output}"
        return TransferOperation(label, transfer, (Token.RESIDUAL_FREE,), (Token.RESIDUAL_FULL,))

    def store_ofmap(self, index: TileIndex) -> TransferOperation:
        """Store an output tile."""
        region = self._tiles.pixels[index.pixel].output_region
        transfer = self.ofmap.transfer("write", "ofmap", region, self._tiles.output_channels(index))
        label = f"store ofmap {index.output}"
        return TransferOperation(label, transfer, (Token.OFMAP_FULL,), (Token.OFMAP_FREE,))

    def _channel_tile(self, index: TileIndex) -> int:
        return index.group * len(self._tiles.channels) + index.channel
