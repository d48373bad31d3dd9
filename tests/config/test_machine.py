"""The machine model: exact rates, defaults, derived values, and combinations that no machine has."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError

from accelsim.config.machine import BufferConfig, DramConfig, MachineConfig

MINIMAL: dict[str, Any] = {
    "array": {"rows": 8, "cols": 4},
    "accumulator": {"psums": 64},
    "buffers": {name: {"kib": 4} for name in ("ifmap", "weight", "parameter", "residual", "ofmap")},
    "dram": {"bytes_per_cycle": 16},
    "bn": {"lanes": 4},
    "residual_add": {"lanes": 4},
    "pooling": {"lanes": 4},
    "activation": {"lanes": 4},
}


def machine(**sections: Any) -> MachineConfig:
    return MachineConfig.model_validate(MINIMAL | {name: MINIMAL[name] | values for name, values in sections.items()})


def test_what_is_not_given_has_the_documented_default() -> None:
    config = machine()
    assert (config.array.dataflow, config.array.ifmap_streaming, config.array.grouped) == (
        "ws",
        "im2col",
        "sequential",
    )
    assert (config.array.operand_bits, config.array.psum_bits, config.bn.parameter_bits) == (8, 32, 32)
    assert (config.accumulator.halves, config.buffers.ifmap.halves, config.dma.burst_bytes) == (2, 2, 256)
    assert (config.bn.placement, config.bn.when_fused, config.keep_on_chip) == ("inline", "removed", False)
    assert config.clock_mhz == 500


@pytest.mark.parametrize(
    ("written", "rate"),
    [
        (16, Fraction(16)),
        (12.8, Fraction(64, 5)),
        ("12.8", Fraction(64, 5)),
        ("64/5", Fraction(64, 5)),
        (0.1, Fraction(1, 10)),
        ("1/1024", Fraction(1, 1024)),
        (65536, Fraction(65536)),
        (1e3, Fraction(1000)),
    ],
)
def test_a_rate_is_the_rational_number_that_was_written(written: Any, rate: Fraction) -> None:
    config = DramConfig(bytes_per_cycle=written)
    assert config.bytes_per_cycle == rate
    assert DramConfig.model_validate(config.model_dump()) == config


@pytest.mark.parametrize(
    "written",
    [
        *(0, -1, 65537, "1/1025", math.inf, math.nan, True, None, [16]),
        *("", "abc", "1/0", "1.5/2", "٣", "1e999999999", "9" * 5000),
    ],
)
def test_a_rate_that_no_port_has_is_refused(written: Any) -> None:
    with pytest.raises(ValidationError, match=r"must be|finite"):
        DramConfig(bytes_per_cycle=written)


def test_a_whole_rate_is_written_as_a_number_and_any_other_as_a_fraction() -> None:
    assert DramConfig(bytes_per_cycle=Fraction(16)).model_dump()["bytes_per_cycle"] == 16
    assert DramConfig(bytes_per_cycle=Fraction(64, 5)).model_dump()["bytes_per_cycle"] == "64/5"


def test_derived_values() -> None:
    assert BufferConfig(kib=5, halves=3).half_bytes == 1706  # 5120 / 3, rounded down
    assert machine().bn.words == 2
    assert machine(bn={"parameters": "raw"}).bn.words == 4
    assert machine(array={"operand_bits": 4}).intermediate_bits == 4
    assert machine(bn={"intermediate_bits": 16}).intermediate_bits == 16
    assert machine(array={"operand_bits": 4}).weight_bits == 4
    assert machine(array={"weight_bits": 2}).weight_bits == 2
    assert machine().half_psums == 64


@pytest.mark.parametrize(
    ("kib", "halves", "psum_bits", "psums"),
    [
        (1, 1, 32, 256),  # 8,192 bits
        (1, 3, 32, 85),  # 2,730 bits a half: 85 words of 32 and 10 bits
        (5, 2, 24, 853),  # 20,480 bits
        (1, 16, 64, 8),  # the least there can be
    ],
)
def test_an_accumulator_of_so_many_kib_holds_so_many_psums(kib: int, halves: int, psum_bits: int, psums: int) -> None:
    settings = MINIMAL | {"accumulator": {"kib": kib, "halves": halves}}
    settings["array"] = MINIMAL["array"] | {"psum_bits": psum_bits}
    assert MachineConfig.model_validate(settings).half_psums == psums


def test_an_accumulator_has_one_capacity() -> None:
    with pytest.raises(ValidationError, match="needs a capacity: either psums"):
        MachineConfig.model_validate(MINIMAL | {"accumulator": {"halves": 2}})
    with pytest.raises(ValidationError, match="has two capacities, psums 64 and kib 4"):
        machine(accumulator={"kib": 4})
    assert machine(accumulator={"kib": 4, "psums": None}).half_psums == 512


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"array": {"operand_bits": 8, "psum_bits": 15}}, "psum_bits: 15 is less than the 16 bits of one product"),
        ({"array": {"weight_bits": 25}}, "less than the 33 bits of one product: operand_bits is 8, weight_bits 25"),
        ({"array": {"ifmap_streaming": "raster", "dataflow": "os"}}, "array.ifmap_streaming: 'raster'"),
        ({"array": {"ifmap_streaming": "raster", "dataflow": "is"}}, "not 'is'"),
        (
            {"array": {"stationary_double_buffer": True, "dataflow": "os"}},
            "array.stationary_double_buffer: dataflow 'os'",
        ),
        ({"array": {"grouped": "block_diagonal", "dataflow": "is"}}, "array.grouped: 'block_diagonal'"),
        (
            {"array": {"stationary_double_buffer": True}, "bn": {"placement": "pass", "flush_cycles": 1}},
            "bn.flush_cycles: must be 0",
        ),
        # 2R + C - 2 = 18 in ws and is; C - 1 = 3 in os
        ({"bn": {"placement": "pass", "flush_cycles": 19}}, "bn.flush_cycles: 19 is more than the 18"),
        (
            {"array": {"dataflow": "is"}, "bn": {"placement": "pass", "flush_cycles": 19}},
            "more than the 18 cycles",
        ),
        (
            {"array": {"dataflow": "os"}, "bn": {"placement": "pass", "flush_cycles": 4}},
            "more than the 3 cycles",
        ),
    ],
)
def test_a_combination_that_no_machine_has_is_refused(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        machine(**sections)


@pytest.mark.parametrize(
    "sections",
    [
        {"array": {"operand_bits": 8, "psum_bits": 16}},
        {"array": {"operand_bits": 32, "weight_bits": 32, "psum_bits": 64}},
        {"array": {"ifmap_streaming": "raster"}},
        {"array": {"stationary_double_buffer": True, "dataflow": "is"}},
        {"array": {"grouped": "block_diagonal"}},
        {"bn": {"placement": "pass", "flush_cycles": 18}},
        {"array": {"dataflow": "os"}, "bn": {"placement": "pass", "flush_cycles": 3}},
        {"array": {"stationary_double_buffer": True}, "bn": {"placement": "pass"}},
        {"array": {"stationary_double_buffer": True}, "bn": {"flush_cycles": 9}},
    ],
)
def test_a_combination_at_the_limit_is_accepted(sections: dict[str, Any]) -> None:
    machine(**sections)


@pytest.mark.parametrize(
    "sections",
    [
        {"array": {"rows": 0}},
        {"array": {"rows": 4097}},
        {"array": {"rows": "8"}},
        {"array": {"rows": 8.0}},
        {"array": {"operand_bits": 33, "psum_bits": 64}},
        {"array": {"weight_bits": 33, "psum_bits": 64}},
        {"array": {"weight_bits": 0}},
        {"accumulator": {"psums": None, "kib": 0}},
        {"accumulator": {"psums": 2**32 + 1}},
        {"bn": {"lanes": 0}},
        {"bn": {"colour": "red"}},
    ],
)
def test_values_are_neither_coerced_nor_unbounded(sections: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        machine(**sections)


@pytest.mark.parametrize("clock", [0, -1, 100_001, float("nan"), float("inf"), "500", True])
def test_a_clock_is_a_positive_number(clock: Any) -> None:
    with pytest.raises(ValidationError):
        MachineConfig.model_validate(MINIMAL | {"clock_mhz": clock})
    assert MachineConfig.model_validate(MINIMAL | {"clock_mhz": 800}).clock_mhz == 800


@pytest.mark.parametrize(
    ("pooling", "activation", "placement", "can_pool"),
    [
        (2, 2, "inline", True),
        (2, 1, "inline", False),
        (2, 1, "offchip", False),
        (2, 1, "pass", True),
        (8, 4, "inline", True),
    ],
)
def test_what_pools_needs_an_activation_as_wide(pooling: int, activation: int, placement: str, can_pool: bool) -> None:
    # Of 4 columns, 8 lanes are 4.
    stages = {
        "pooling": {"lanes": pooling},
        "activation": {"lanes": activation},
        "bn": {"lanes": 4, "placement": placement},
    }
    assert MachineConfig.model_validate(MINIMAL | stages).can_pool == can_pool


def test_a_machine_has_a_requantiser_if_it_is_told() -> None:
    assert MachineConfig.model_validate(MINIMAL).requantization is None
    with pytest.raises(ValueError, match="no requantiser"):
        MachineConfig.model_validate(MINIMAL).stage("requantizer")
    config = MachineConfig.model_validate(MINIMAL | {"requantization": {"lanes": 2}})
    for name in ("requantizer", "requantize"):
        assert config.stage(name) is config.requantization
    assert config.requantization is not None
    assert (config.requantization.latency_cycles, config.requantization.weight_scales) == (0, "per_channel")
