"""docs/combinations.md states what its script prints; here for the networks that need no weights."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from accelsim.memo import Memo

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def combinations() -> ModuleType:
    """The script, as a module."""
    path = Path(__file__).parents[1] / "benchmarks" / "combinations.py"
    spec = importlib.util.spec_from_file_location("combinations", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def memo() -> Memo:
    """What the cases have in common."""
    return Memo()


@pytest.mark.parametrize("weights", ["dense", "2:4"])
@pytest.mark.parametrize("network", ["resnet18", "mobilenet_v2"])
@pytest.mark.parametrize("bits", [16, 4])
def test_figures_in_the_docs(
    combinations: ModuleType, memo: Memo, repository: Path, network: str, bits: int, weights: str
) -> None:
    workload = repository / "workloads" / f"{network}.yaml"
    case = combinations.Case(network, bits, weights)
    totals = [combinations.totals_of(case, placement, workload, memo) for placement in combinations.PLACEMENTS]
    name = f"{bits} bit, {weights}"
    docs = (repository / "docs" / "combinations.md").read_text(encoding="utf-8")
    of_network = docs.partition(f"### {network}\n")[2].partition("\n### ")[0]
    assert f"| {' | '.join([name, *combinations.totals_cells(totals[1])])} | " in of_network
    assert f"| {' | '.join([name, *map(combinations.saved_cell, totals)])} |\n" in of_network
