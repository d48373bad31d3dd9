"""What weights take in DRAM and in the weight buffer (docs/microarchitecture.md, §6 and §11)."""

from __future__ import annotations

from accelsim.config.machine import ArrayConfig, MachineConfig
from accelsim.layers import ConvShape
from accelsim.timing.integers import Integer, ceil_div
from accelsim.timing.sparsity import kept_channels


def index_bits(array: ArrayConfig, shape: ConvShape) -> int:
    """Bits of a weight's index: none where the layer has no more input channels than a block keeps."""
    return array.sparsity.index_bits if shape.input.channels // shape.groups > array.sparsity.kept else 0


def stored_weight_bits(machine: MachineConfig, shape: ConvShape) -> int:
    """Bits of a weight, with its index."""
    return machine.weight_bits + index_bits(machine.array, shape)


def kept_weights(array: ArrayConfig, shape: ConvShape, in_channels: Integer, out_channels: Integer) -> Integer:
    """Number of weights of ``out_channels`` kernels (of all groups) over ``in_channels`` channels of a group."""
    return out_channels * kept_channels(array.sparsity, in_channels) * shape.window.positions


def weight_bytes(machine: MachineConfig, shape: ConvShape, in_channels: Integer, out_channels: Integer) -> Integer:
    """Bytes of one load of such weights, packed with their indices."""
    bits = kept_weights(machine.array, shape, in_channels, out_channels) * stored_weight_bits(machine, shape)
    return ceil_div(bits, 8)
