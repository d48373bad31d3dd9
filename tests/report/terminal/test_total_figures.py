"""How totals are written."""

from __future__ import annotations

import pytest

from accelsim.report.terminal.total_figures import TOTAL_FIGURES, share_text
from accelsim.results.summary import VariantSummary


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("cycles", 2165221, "2,165,221"),
        ("milliseconds", 4.330442, "4.33 ms"),
        ("dram_read_bytes", 17466944, "17,466,944 B"),
        ("average_bandwidth_gb_per_second", 4.6537, "4.654 GB/s"),
        ("macs", None, "-"),
        ("energy_pj", 5_732_099_304.7, "5.732 mJ"),
        ("average_power_mw", 1323.675, "1,324 mW"),
        ("energy_pj", 72_905.7, "72.91 nJ"),
        ("energy_pj", 0.5, "0.5 pJ"),
        ("energy_delay_joule_seconds", 2.4822e-05, "24.82 mJ·ms"),
        ("energy_delay_joule_seconds", 4.8847e-13, "488.5 pJ·ms"),
    ],
)
def test_a_total(name: str, value: float | None, text: str) -> None:
    assert TOTAL_FIGURES[name].text(value) == text


@pytest.mark.parametrize(("share", "text"), [(0.5846, "58.46 %"), (0.0, "0.00 %"), (None, "-")])
def test_a_share(share: float | None, text: str) -> None:
    assert share_text(share) == text


def test_every_total_is_one_of_the_summary() -> None:
    assert set(TOTAL_FIGURES) < set(VariantSummary.model_fields)
