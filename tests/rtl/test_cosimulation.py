"""RTL alone, on layers small enough to follow by hand."""

from __future__ import annotations

import pytest

from accelsim.errors import ToolError
from accelsim.rtl.cosimulation import RtlAccount, cosimulate
from accelsim.rtl.memory_image import read_map
from tests.rtl.layers import case_of, convolution


def test_a_layer_of_one_fold() -> None:
    # 4x3 array, 1 byte a cycle, stages as wide as the array without latency.
    # A 1x1 convolution of 4 channels to 3 over 3x3 pixels: ifmap 36 bytes, weights 12, ofmap 27.
    run = cosimulate(case_of(convolution(4, 3)))
    assert run.finished
    # Ifmap and weights 48, array 2R + C + T - 2 = 8 + 3 + 9 - 2 = 18, drain a row a cycle 9, ofmap 27.
    assert run.cycles == 48 + 18 + 9 + 27
    assert run.accounts["conv_array"] == RtlAccount(18, {"ifmap_full": 36, "weight_full": 12})
    assert run.accounts["dma"] == RtlAccount(48 + 27, {"ofmap_full": 18 + 9})
    assert run.accounts["activation"] == RtlAccount(9, {"accumulator_full": 48 + 18})
    assert (run.read_bytes, run.written_bytes) == (48, 27)


def test_results_are_those_of_numpy() -> None:
    case = case_of(convolution(4, 3, kernel=2, bias=True, batchnorm=True, residual=True, activation="relu"))
    memory = cosimulate(case).memory
    for tensor, values in case.expected:
        assert read_map(tensor, memory).tolist() == values.tolist()


def test_a_machine_without_a_bn_stage_runs_fused_layers() -> None:
    case = case_of(convolution(4, 3, bias=True), has_bn=False)
    assert case.parameters.has_bn == 0
    (expected,) = case.expected
    assert read_map(expected.tensor, cosimulate(case).memory).tolist() == expected.values.tolist()


def test_a_simulation_that_fails_says_so() -> None:
    case = case_of(convolution(4, 3))
    with pytest.raises(ToolError, match="the simulation of the RTL fails on case"):
        cosimulate(case._replace(memory=case.memory[:0]))
