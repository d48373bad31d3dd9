"""What weights and their indices take, and what the program loads of them."""

from __future__ import annotations

import pytest

from accelsim.layers import ConvShape
from accelsim.program.layer import layer_program
from accelsim.weight_layout import index_bits, stored_weight_bits, weight_bytes
from accelsim.workload.shapes import Shape, Window
from tests.hand_built import machine
from tests.random_cases import random_mapping, random_sparse_case, seeded


def shape(in_channels: int, groups: int = 1) -> ConvShape:
    """3x3 kernels, 8 output channels."""
    window = Window((3, 3), padding=(1,) * 4)
    return ConvShape(1, Shape(in_channels, 4, 4), Shape(8, 4, 4), window, groups)


def test_by_hand() -> None:
    sparse = machine(array={"rows": 4, "cols": 3, "sparsity": "2:4"})
    # 10 channels: 2 + 2 + 2 kept, 9 positions, 8 kernels, 8 bits and 2 of index each
    assert weight_bytes(sparse, shape(10), 10, 8) == 6 * 9 * 8 * 10 // 8
    # a tile of one block, of 3 kernels: 54 weights are 540 bits
    assert weight_bytes(sparse, shape(10), 4, 3) == 68
    dense = machine(array={"rows": 4, "cols": 3})
    assert weight_bytes(dense, shape(10), 10, 8) == 10 * 9 * 8


def test_nothing_is_selected_in_layers_of_few_channels() -> None:
    sparse = machine(array={"rows": 4, "cols": 3, "sparsity": "2:4"})
    assert [index_bits(sparse.array, shape(channels)) for channels in (1, 2, 3, 4, 64)] == [0, 0, 2, 2, 2]
    assert stored_weight_bits(sparse, shape(8, groups=8)) == 8
    assert weight_bytes(sparse, shape(8, groups=8), 1, 8) == 8 * 9


@pytest.mark.parametrize("seed", range(60))
def test_a_program_loads_kept_weights_and_indices_tile_by_tile(seed: int) -> None:
    random = seeded(seed)
    case = random_sparse_case(random)
    mapping, convolution = random_mapping(random, case), case.unfused.shape
    assert isinstance(convolution, ConvShape)
    sparsity, tiling = case.machine.array.sparsity, mapping.tiling
    of_group = convolution.input.channels // convolution.groups
    indexed = sparsity.kept < sparsity.block and sparsity.kept < of_group
    bits = case.machine.weight_bits + (len(f"{sparsity.block - 1:b}") if indexed else 0)
    sizes = {}
    for group in range(0, convolution.groups, tiling.groups):
        groups = min(tiling.groups, convolution.groups - group)
        outputs = convolution.output.channels // convolution.groups
        for output in range(0, outputs, tiling.out_channels):
            for k in range(0, of_group, tiling.in_channels):
                channels = range(k, min(k + tiling.in_channels, of_group))
                kept = sum(channel % sparsity.block < sparsity.kept for channel in channels)
                weights = groups * min(tiling.out_channels, outputs - output) * kept * convolution.window.positions
                tile = (group // tiling.groups, output // tiling.out_channels, k // tiling.in_channels)
                sizes["load weight g{} n{} k{}".format(*tile)] = (weights * bits + 7) // 8
    loads = [one for one in layer_program(case.machine, case.fused, mapping).transfers if one.label in sizes]
    assert {load.label for load in loads} == sizes.keys()
    assert [load.transfer.bytes for load in loads] == [sizes[load.label] for load in loads]
