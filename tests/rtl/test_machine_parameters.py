from __future__ import annotations

from typing import Any

import pytest

from accelsim.errors import InputError
from accelsim.rtl.machine_parameters import MAX_PSUM_ROWS, machine_parameters, psum_rows_of_half, settings_words
from tests.hand_built import machine
from tests.rtl.layers import alike


def test_no_stage_is_built_wider_than_a_row() -> None:
    parameters = machine_parameters(machine(), has_bn=True)
    # 4 and 8 lanes are more than the 3 columns
    lanes = (parameters.bn_lanes, parameters.add_lanes, parameters.pool_lanes, parameters.activate_lanes)
    assert lanes == (3, 2, 1, 3)


def test_the_passes_of_a_function_unit_have_no_latency() -> None:
    inline = machine_parameters(machine(), has_bn=True)
    passes = machine_parameters(machine(bn={"placement": "pass"}), has_bn=True)
    assert (inline.bn_latency, inline.activate_latency, inline.function_unit) == (2, 3, 0)
    assert (passes.bn_latency, passes.activate_latency, passes.function_unit) == (0, 0, 1)


def test_weights_are_as_wide_as_operands_unless_they_have_a_width_of_their_own() -> None:
    widths = [
        machine_parameters(alike(array=array), has_bn=True)[4:6]
        for array in ({"operand_bits": 4}, {"operand_bits": 4, "weight_bits": 2})
    ]
    assert widths == [(4, 4), (4, 2)]


def test_a_requantiser_is_built_only_where_there_is_one() -> None:
    built = machine_parameters(alike(requantization={"lanes": 64, "latency_cycles": 2}), has_bn=True)
    assert (built.has_requantizer, built.requantize_lanes, built.requantize_latency) == (1, 3, 2)
    assert machine_parameters(alike(), has_bn=True).has_requantizer == 0


def test_dataflows_are_numbered_as_in_rtl() -> None:
    numbers = [machine_parameters(alike(array={"dataflow": flow}), has_bn=True).dataflow for flow in ("ws", "is", "os")]
    assert numbers == [0, 1, 2]


def test_buffers_are_built_as_large_as_the_largest_and_a_power_of_two() -> None:
    assert machine_parameters(alike(), has_bn=True).buffer_bytes == 4096
    buffers = {name: {"kib": 5} for name in ("ifmap", "weight", "parameter", "residual", "ofmap")}
    assert machine_parameters(machine(buffers=buffers), has_bn=True).buffer_bytes == 8192


@pytest.mark.parametrize(
    ("section", "changed", "message"),
    [
        (
            "array",
            {"weight_bits": 17},
            "machine.array.weight_bits: RTL is simulated up to 16, not 17",
        ),
        ("array", {"cols": 65}, "machine.array.cols: RTL is simulated up to 64, not 65"),
        (
            "array",
            {"operand_bits": 17, "weight_bits": 8},
            "machine.array.operand_bits: RTL is simulated up to 16, not 17",
        ),
        (
            "array",
            {"sparsity": "2:4"},
            "machine.array.sparsity: RTL has no selectors for sparse weights; it is simulated 'dense', not '2:4'",
        ),
        (
            "array",
            {"skip_zero_folds": True},
            "machine.array.skip_zero_folds: RTL skips no folds; it is simulated with false",
        ),
        ("dram", {"bytes_per_cycle": 65}, "machine.dram.bytes_per_cycle: RTL is simulated up to 64, not 65"),
    ],
)
def test_beyond_the_limits(section: str, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        machine_parameters(alike(**{section: changed}), has_bn=True)
    assert str(error.value) == message


def test_settings_are_in_the_order_of_the_struct() -> None:
    # from the lowest: half_bytes of ifmap .. ofmap, halves of the same, accumulator, flush cycles, burst bytes
    words = settings_words(alike(accumulator={"psums": 100, "halves": 3}, dma={"burst_bytes": 32}))
    assert words == (512, 512, 512, 512, 512, 2, 2, 2, 2, 2, 100, 3, 0, 32)


def test_halves_share_the_psum_memory() -> None:
    assert psum_rows_of_half(alike(accumulator={"psums": 100, "halves": 3})) == 100
    assert psum_rows_of_half(alike(accumulator={"psums": 2**30, "halves": 4})) == MAX_PSUM_ROWS // 4
