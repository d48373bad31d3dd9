from __future__ import annotations

import re

import numpy as np
import pytest

from accelsim.layout import Region
from accelsim.program.operations import Token
from accelsim.rtl.build import SOURCES
from accelsim.rtl.case import CONV_ARRAY, DRAIN_UNIT, RtlCase
from accelsim.rtl.cosimulation import CAUSES
from accelsim.rtl.descriptors import DRAIN_FIELDS, TOKENS, transfer_words
from accelsim.rtl.multiplier import mantissas_and_shifts
from tests.hand_built import write
from tests.rtl.layers import alike, case_of, convolution

PACKAGE = (SOURCES / "machine.sv").read_text(encoding="utf-8")


def fields(struct: str) -> list[str]:
    """Names of the fields of a struct of the package; those of a window within it are left out."""
    matched = re.search(r"typedef struct packed \{([^}]*)\} " + struct, PACKAGE)
    assert matched
    return re.findall(r"\]\s+(\w+);", matched[1])


def loaded(case: RtlCase, unit: int, struct: str, windows: int) -> dict[str, int]:
    """Words of the first descriptor of a unit, by name; those of its windows are left out."""
    words = next(load.words for load in case.loads if load.unit == unit)[::-1]
    names = fields(struct)
    before = names.index("pixels" if struct == "product_t" else "parameter_channel")
    return dict(zip(names, (*words[:before], *words[before + windows * len(fields("window_t")) :]), strict=True))


def test_tokens_and_causes_are_numbered_as_in_rtl() -> None:
    numbered = dict(re.findall(r"localparam int (\w+) = (\d+);", PACKAGE))
    for number, token in enumerate(TOKENS):
        assert numbered[token.name] == str(number)
    for number, cause in enumerate(CAUSES[len(TOKENS) :], start=len(TOKENS)):
        assert numbered[f"ON_{cause.upper()}"] == str(number)
    assert set(TOKENS) == set(Token)


def test_a_drain_has_as_many_fields_as_in_rtl() -> None:
    assert len(fields("drain_t")) + 3 * len(fields("window_t")) == DRAIN_FIELDS


def test_a_product_is_loaded_by_name() -> None:
    case = case_of(convolution(4, 6, kernel=2, groups=2, bias=True))
    product = loaded(case, CONV_ARRAY, "product_t", windows=1)
    assert {name: product[name] for name in ("pixels", "kernel_positions", "in_channels", "out_channels")} == {
        "pixels": 4,
        "kernel_positions": 4,
        "in_channels": 2,
        "out_channels": 3,
    }
    assert (product["has_bias"], product["parameter_words"], product["side_by_side"]) == (1, 1, 1)


def test_a_drain_is_loaded_by_name() -> None:
    case = case_of(convolution(4, 3, bias=True, batchnorm=True, residual=True, activation="relu"))
    drain = loaded(case, DRAIN_UNIT, "drain_t", windows=3)
    # bn_stage, residual_add, activation
    assert drain["stages"] == 0b10101
    assert (drain["rows"], drain["extent"], drain["last_extent"]) == (9, 3, 3)
    assert (drain["parameter_words"], drain["stage_word"]) == (3, 1)
    assert (drain["rectify"], drain["clip"], drain["convert"], drain["to_ofmap"]) == (1, 0, 1, 1)


@pytest.mark.parametrize(("weight_scales", "words"), [("per_channel", 1), ("per_tensor", 0)])
def test_multipliers_are_words_behind_the_bias_or_one_of_the_operation(weight_scales: str, words: int) -> None:
    machine = alike(requantization={"lanes": 3, "weight_scales": weight_scales})
    drain = loaded(case_of(convolution(4, 3, bias=True), machine), DRAIN_UNIT, "drain_t", windows=3)
    # requantizer, activation
    assert drain["stages"] == 0b10010
    assert (drain["parameter_words"], drain["stage_word"], drain["has_multipliers"]) == (1 + words, 1, words)
    assert drain["multiplier_low"] > 0


def test_a_multiplier_of_64_bits_takes_two_fields() -> None:
    machine = alike(bn={"parameter_bits": 64}, requantization={"lanes": 3, "weight_scales": "per_tensor"})
    drain = loaded(case_of(convolution(4, 3), machine), DRAIN_UNIT, "drain_t", windows=3)
    word = drain["multiplier_high"] << 32 | drain["multiplier_low"]
    mantissas, shifts = mantissas_and_shifts(np.array([word - (word >> 63 << 64)]), 64)
    assert abs(int(mantissas[0])) > 2**32
    assert shifts[0] > 0


def test_a_write_changes_no_bits_beside_its_columns() -> None:
    # columns 3, 4 and 5 of 4 bits: from the upper half of byte 1 to the end of byte 2
    words = transfer_words(write(2), Region(0, 1, 0, 1, 3, 6), 4)
    assert words[:2] == (0xFF, 0xF0)
    # columns 0 to 2: all of byte 0, the lower half of byte 1
    assert transfer_words(write(2), Region(0, 1, 0, 1, 0, 3), 4)[:2] == (0x0F, 0xFF)


def test_no_descriptor_knows_how_long_it_takes() -> None:
    named = re.findall(r"\]\s+(\w+);", PACKAGE.split("typedef struct packed", maxsplit=2)[2])
    assert not [name for name in named if "cycle" in name or "latency" in name]
