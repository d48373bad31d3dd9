"""DRAM as a layer finds it: every tensor where the program's transfers expect it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from accelsim.layout import FeatureMap, Region, Span
from accelsim.program.operations import TransferOperation
from accelsim.program.phases import Phase
from accelsim.rtl.operands import Operands
from accelsim.rtl.packing import packed, unpacked
from accelsim.timing.work import Transfer

if TYPE_CHECKING:
    from accelsim.rtl.packing import Bytes, Integers


class MemoryImage:
    """The bytes of DRAM, random where nothing was placed: what is read by mistake does not pass for a zero.

    Parameters
    ----------
    transfers
        All transfers of the program, which say how large the memory has to be.
    random
        Source of the bytes.
    """

    def __init__(self, transfers: list[Transfer], random: np.random.Generator) -> None:
        size = max((_end(transfer) for transfer in transfers), default=0)
        self.bytes: Bytes = random.integers(0, 256, size, dtype=np.uint8)

    def place(self, address: int, rows: Bytes) -> None:
        """Write rows of bytes one behind the other, and make room for them."""
        content = rows.reshape(-1)
        missing = address + content.size - self.bytes.size
        if missing > 0:
            self.bytes = np.pad(self.bytes, (0, missing))
        self.bytes[address : address + content.size] = content

    def place_weights(self, loads: list[Transfer], phase: Phase, operands: Operands, bits: int) -> None:
        """Write the weights of each load as one run: groups x output channels x taps."""
        for load, (channels, k) in zip(loads, phase.weight_loads, strict=True):
            part = operands.weights[channels.start : channels.start + channels.size, k.start : k.start + k.size]
            self.place(load.address, packed(part.reshape(-1), bits))

    def place_parameters(self, loads: list[Transfer], phase: Phase, operands: Operands, bits: int) -> None:
        """Write the parameters of each load as one run: for each channel its bias, then its BN or its multiplier."""
        for load, channels in zip(loads, phase.parameter_loads, strict=True):
            part = operands.parameters[channels.start : channels.start + channels.size]
            self.place(load.address, packed(part.reshape(-1), bits))

    def place_map(self, tensor: FeatureMap, values: Integers) -> None:
        """Write a feature map."""
        self.place(tensor.address, packed(values, tensor.element_bits))


def read_map(tensor: FeatureMap, memory: Bytes) -> Integers:
    """Return the elements of a feature map in memory."""
    content = memory[tensor.address : tensor.address + tensor.bytes]
    rows = content.reshape(tensor.batch, tensor.shape.channels, tensor.shape.height, tensor.row_bytes)
    return unpacked(rows, tensor.shape.width, tensor.element_bits)


def located(tensor: FeatureMap, operation: TransferOperation, region: Region, channels: Span) -> FeatureMap:
    """Return a feature map at the address that it must have for a transfer to meet some region of it."""
    transfer = operation.transfer
    if transfer.buffer == "weight" or transfer.buffer == "parameter":
        raise ValueError("only feature maps have regions")
    from_its_start = tensor.transfer(transfer.direction, transfer.buffer, region, channels).address
    return tensor._replace(address=transfer.address - from_its_start)


def _end(transfer: Transfer) -> int:
    return (
        transfer.address
        + (transfer.images - 1) * transfer.image_stride_bytes
        + (transfer.planes - 1) * transfer.plane_stride_bytes
        + (transfer.rows - 1) * transfer.row_stride_bytes
        + transfer.row_bytes
    )
