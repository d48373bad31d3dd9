"""The points of a sweep, against the product made by hand."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from accelsim.sweep import space as space_module
from accelsim.sweep.space import Space, with_value
from tests.cli.tiny import NETWORK
from tests.sweep.tiny_sweeps import refusal, tiny_sweep

AXES = """\
  - machine.array.rows: [4, 8]
  - {machine.array.cols: [4, 8, 16], machine.pooling.lanes: [1, 2, 3]}
  - machine.bn.lanes: [2, 4, 8, 16]
"""
CONSTRAINTS = """\
constraints:
  - machine.bn.lanes <= machine.array.cols
  - machine.array.rows * machine.array.cols <= 64
"""


def test_points_are_the_product_networks_outermost_and_the_last_axis_fastest(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(NETWORK)
    space = Space(tiny_sweep(tmp_path, AXES, "workloads: [net.yaml, other.yaml]\n").definition)
    assert list(space.choices()) == list(product(range(2), range(2), range(3), range(4)))
    assert space.count() == 48
    assert space.sizes == (2, 2, 3, 4)


def test_constraints_take_points_away(tmp_path: Path) -> None:
    space = Space(tiny_sweep(tmp_path, AXES, CONSTRAINTS).definition)
    rows, cols, lanes = [4, 8], [4, 8, 16], [2, 4, 8, 16]
    left = [
        (0, row, col, lane)
        for row, col, lane in product(range(2), range(3), range(4))
        if lanes[lane] <= cols[col] and rows[row] * cols[col] <= 64
    ]
    assert list(space.choices()) == left
    assert space.count() == len(left) == 14
    assert [choice for choice in product(range(1), range(2), range(3), range(4)) if space.allows(choice)] == left


@pytest.mark.parametrize(("constraint", "count"), [("1 < 2", 24), ("2 < 1", 0)])
def test_a_constraint_of_numbers_alone_allows_all_or_nothing(tmp_path: Path, constraint: str, count: int) -> None:
    space = Space(tiny_sweep(tmp_path, AXES, f"constraints: [{constraint}]\n").definition)
    assert space.count() == len(list(space.choices())) == count


def test_a_point_has_its_values_and_leaves_the_base_alone(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path, AXES)
    space = Space(sweep.definition)
    machine = space.settings((0, 1, 2, 0))["machine"]
    assert (machine["array"]["rows"], machine["array"]["cols"], machine["pooling"]["lanes"]) == (8, 16, 3)
    assert (machine["bn"]["lanes"], machine["activation"]["lanes"]) == (2, 8)
    assert space.named((0, 1, 2, 0)) == {
        "workload": "net",
        "machine.array.rows": 8,
        "machine.array.cols": 16,
        "machine.pooling.lanes": 3,
        "machine.bn.lanes": 2,
    }
    assert sweep.definition.base["machine"]["array"]["cols"] == 8
    assert sweep.definition.base["machine"]["bn"]["lanes"] == 8


def test_sections_on_the_way_are_made_where_they_are_missing() -> None:
    base: dict[str, Any] = {"run": {"tiling": {}}}
    assert with_value(base, ("run", "tiling", "conv", "out_height"), 2) == {
        "run": {"tiling": {"conv": {"out_height": 2}}}
    }
    assert base == {"run": {"tiling": {}}}
    without = {"machine": {"requantization": None}}
    lanes = ("machine", "requantization", "lanes")
    assert with_value(without, lanes, 8) == {"machine": {"requantization": {"lanes": 8}}}


def test_a_million_million_points_are_counted_at_once(tmp_path: Path) -> None:
    axes = "".join(
        f"  - machine.{key}: {{from: 1, to: 1000, step: 1}}\n"
        for key in ("bn.latency_cycles", "pooling.latency_cycles", "activation.latency_cycles", "dma.burst_bytes")
    )
    more = "constraints: [machine.bn.latency_cycles <= 500]\n"
    assert Space(tiny_sweep(tmp_path, axes, more).definition).count() == 500 * 1000**3


def test_constraints_that_would_take_too_long_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space_module, "MAX_TRIED", 11)
    space = Space(tiny_sweep(tmp_path, AXES, CONSTRAINTS.replace("array.rows *", "bn.lanes *")).definition)
    assert "would have to be tried on 12 combinations of values; at most 11 are" in refusal(space.count)
