from __future__ import annotations

import pytest

from accelsim.report.energy_unit import energy_unit


@pytest.mark.parametrize(
    ("largest_pj", "name"),
    [
        (0, "pJ"),
        (0.5, "pJ"),
        (999, "pJ"),
        (1000, "nJ"),
        (72_906, "nJ"),
        (1e6, "µJ"),
        (5.7e9, "mJ"),
        (1e12, "J"),
        (1e18, "J"),
    ],
)
def test_the_largest_energy_is_at_least_one_of_its_unit(largest_pj: float, name: str) -> None:
    unit = energy_unit(largest_pj)
    assert unit.name == name
    assert largest_pj >= unit.pj or name == "pJ"
