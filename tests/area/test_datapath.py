from __future__ import annotations

from typing import Any

import pytest

from accelsim.area.datapath import Part, Tile, datapath
from accelsim.built_stages import built_stages
from accelsim.config.machine import MachineConfig
from tests.area.machines import small_machine


def unfused_parts(machine: MachineConfig) -> list[Part]:
    return datapath(machine, built_stages(machine, "unfused", ()))


def parts_of(unit: str, machine: MachineConfig) -> list[Part]:
    return [part for part in unfused_parts(machine) if part.unit == unit]


def copies(machine: MachineConfig) -> dict[str, int]:
    return {part.tile.module: part.copies for part in unfused_parts(machine)}


def test_a_pe_for_each_place_an_adder_for_each_column_and_lanes_as_configured() -> None:
    assert copies(small_machine()) == {
        "pe_stationary": 12,
        "accumulator": 3,
        "bn_stage": 2,
        "residual_add": 3,
        "pooling": 1,
        "activation": 3,  # of 64, for a row has 3 psums
    }


@pytest.mark.parametrize(
    ("changes", "module", "values"),
    [
        ({}, "pe_stationary", "STATIONARY_BITS=4 STREAM_BITS=4 PSUM_BITS=16 SHADOW=0"),
        ({"array": {"dataflow": "is"}}, "pe_stationary", "STATIONARY_BITS=4 STREAM_BITS=4 PSUM_BITS=16 SHADOW=0"),
        (
            {"array": {"stationary_double_buffer": True}},
            "pe_stationary",
            "STATIONARY_BITS=4 STREAM_BITS=4 PSUM_BITS=16 SHADOW=1",
        ),
        ({"array": {"weight_bits": 2}}, "pe_stationary", "STATIONARY_BITS=2 STREAM_BITS=4 PSUM_BITS=16 SHADOW=0"),
        (
            {"array": {"weight_bits": 2, "dataflow": "is"}},
            "pe_stationary",
            "STATIONARY_BITS=4 STREAM_BITS=2 PSUM_BITS=16 SHADOW=0",
        ),
        (
            {"array": {"weight_bits": 2, "dataflow": "os"}},
            "array_output",
            "ROWS=4 COLS=1 LEFT_BITS=4 TOP_BITS=2 PSUM_BITS=16",
        ),
        ({"requantization": {"lanes": 1}}, "requantizer", "LANES=1 LATENCY=0 PSUM_BITS=16 PARAMETER_BITS=8"),
        ({}, "bn_stage", "LANES=1 LATENCY=0 PSUM_BITS=16 PARAMETER_BITS=8 RAW=0"),
        ({"bn": {"parameters": "raw"}}, "bn_stage", "LANES=1 LATENCY=0 PSUM_BITS=16 PARAMETER_BITS=8 RAW=1"),
    ],
)
def test_tiles_have_the_parameters_of_the_machine(changes: dict[str, Any], module: str, values: str) -> None:
    tiles = [part.tile for part in unfused_parts(small_machine(**changes))]
    assert [tile.values for tile in tiles if tile.module == module] == [values]


def test_output_stationary_arrays_are_columns_with_a_bus() -> None:
    (array,) = parts_of("conv_array", small_machine(array={"dataflow": "os"}))
    assert array == Part(
        "conv_array",
        Tile("array_output", (("ROWS", 4), ("COLS", 1), ("LEFT_BITS", 4), ("TOP_BITS", 4), ("PSUM_BITS", 16))),
        3,
    )


def test_a_requantiser_has_lanes_and_registers_as_other_stages() -> None:
    machine = small_machine(requantization={"lanes": 64, "latency_cycles": 2})
    lanes, registers = parts_of("requantizer", machine)
    assert (lanes.copies, registers.copies) == (3, 3 * 16 * 2)
    assert parts_of("requantizer", small_machine()) == []


def test_latency_is_a_register_for_each_bit_of_each_lane() -> None:
    lanes, registers = parts_of("bn_stage", small_machine(bn={"latency_cycles": 5}))
    assert (lanes.copies, registers.tile.module, registers.copies) == (2, "delay_line", 2 * 16 * 5)


def test_a_function_unit_has_no_pipeline_registers() -> None:
    assert len(parts_of("bn_stage", small_machine(bn={"latency_cycles": 5, "placement": "pass"}))) == 1


def test_a_stage_that_is_not_built_is_gone_with_its_registers_and_nothing_else_is() -> None:
    machine = small_machine(bn={"latency_cycles": 5})
    without = datapath(machine, ("residual_add", "pooling", "activation"))
    assert [part.unit for part in unfused_parts(machine) if part not in without] == ["bn_stage", "bn_stage"]
    assert [part for part in without if part not in unfused_parts(machine)] == []
