"""The table of energy by component and part."""

from __future__ import annotations

import pytest

from accelsim.report.terminal.energy import energy_table
from tests.report.figures.runs import fused_alone
from tests.report.terminal.printing import printed
from tests.results.runs import result_of


def lines(text: str) -> list[list[str]]:
    """Words of all lines that hold any."""
    return [line.split() for line in text.splitlines() if line.strip() and "─" not in line]


def test_a_line_for_every_component_and_part() -> None:
    heading, *rows = lines(printed(energy_table(result_of("alpha5").summary)))
    assert heading == ["energy,", "nJ", "fused", "unfused", "saved"]
    names = [" ".join(word for word in row if word[0].isalpha()) for row in rows]
    assert names == [
        *("conv array", "accumulator", "BN stage", "activation"),
        *("ifmap buffer", "weight buffer", "parameter buffer", "ofmap buffer", "DRAM"),
        *("arithmetic", "on-chip memory", "DRAM"),
        "total",
    ]
    # 424 and 432 bytes at 162.5 pJ
    assert rows[8] == rows[11] == ["DRAM", "68.9000", "70.2000", "1.85", "%"]
    # 8 and 16 words
    assert rows[6][-2:] == ["50.00", "%"]


def test_what_a_variant_does_not_have_is_a_dash_and_all_saved() -> None:
    rows = lines(printed(energy_table(result_of("alpha5").summary)))
    (stage,) = (row for row in rows if row[0] == "BN")
    assert stage == ["BN", "stage", "-", "0.0578", "100.00", "%"]


def test_the_last_line_is_the_sum_of_the_components_and_of_the_parts() -> None:
    *rows, total = lines(printed(energy_table(result_of("alpha5").summary)))[1:]
    # 72,905.7 and 74,376.7 pJ
    assert total == ["total", "72.9057", "74.3767", "1.98", "%"]
    for of_parts in (rows[:9], rows[9:]):
        assert sum(float(row[-3]) for row in of_parts) == pytest.approx(74.3767, abs=5e-4)


def test_larger_energies_have_larger_units() -> None:
    assert "energy, mJ" in printed(energy_table(result_of("resnet18").summary))


def test_a_single_variant_saves_nothing() -> None:
    heading, array, *_ = lines(printed(energy_table(fused_alone().summary)))
    assert heading == ["energy,", "nJ", "fused"]
    assert array == ["conv", "array", "2.1891"]
