"""Zero kernels of a convolution, cut up among its operations."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from accelsim.layers import ConvShape
from accelsim.program.phases import layer_phases
from accelsim.workload.shapes import ZeroKernels
from tests.hand_built import changed
from tests.random_cases import random_mapping, random_sparse_case, seeded


def mask(blocks: Iterable[ZeroKernels], outputs: int, inputs: int) -> np.ndarray:
    zero = np.zeros((outputs, inputs), dtype=bool)
    for block in blocks:
        zero[block.first_output : block.end_output, block.first_input : block.end_input] = True
    return zero


@pytest.mark.parametrize("seed", range(60))
def test_every_operation_has_those_of_its_weights(seed: int) -> None:
    random = seeded(seed)
    case = random_sparse_case(random)
    mapping = random_mapping(random, case)
    shape = case.unfused.shape
    assert isinstance(shape, ConvShape)
    whole = mask(shape.zero_kernels, shape.output.channels, shape.input.channels // shape.groups)
    skipping = changed(case.machine, array={"skip_zero_folds": True})
    tiles = layer_phases(skipping, case.unfused, mapping)[0].conv_tiles
    assert tiles
    for index in tiles.order:
        work, outputs, inputs = tiles.work(index), tiles.output_channels(index), tiles.ks[index.k]
        found = mask(work.zero_kernels, outputs.size, inputs.size)
        assert (found == whole[outputs.start : outputs.end, inputs.start : inputs.end]).all()


def test_a_machine_that_skips_nothing_does_not_look_at_them() -> None:
    random = seeded(1)
    case = random_sparse_case(random)
    mapping = random_mapping(random, case)
    plain = changed(case.machine, array={"skip_zero_folds": False})
    tiles = layer_phases(plain, case.unfused, mapping)[0].conv_tiles
    assert tiles
    assert not any(tiles.work(index).zero_kernels for index in tiles.order)
