"""Compute cycles against SCALE-Sim v3 (Raj et al., 2025): its ResNet-18, layer by layer; reports in tests/data/."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.validation.scalesim import compare_with_scalesim

ROOT = Path(__file__).parents[1]
TOPOLOGY = ROOT / "workloads" / "resnet18_scalesim.csv"
DATA = ROOT / "tests" / "data"


@pytest.mark.parametrize("dataflow", ["ws", "os", "is"])
def test_compute_cycles_are_those_of_scalesim(dataflow: str) -> None:
    report = DATA / f"scalesim3_resnet18_32x32_{dataflow}.csv"
    comparisons = compare_with_scalesim(TOPOLOGY, report, 32, 32, dataflow)
    # One stem, 16 convolutions in blocks, 3 shortcuts, one classifier.
    assert len(comparisons) == 21
    assert [comparison for comparison in comparisons if comparison.difference] == []
