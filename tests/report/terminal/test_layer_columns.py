"""What the columns of a table of layers hold."""

from __future__ import annotations

import math
from typing import Any

import pytest

from accelsim.report.terminal.layer_columns import (
    DEFAULT_COLUMNS,
    DISPENSABLE_COLUMNS,
    LAYER_COLUMNS,
    NOTHING,
)
from tests.results.runs import CASES, result_of

ROW = {
    "kind": "conv",
    "macs": 9216,
    "executed_macs": 4608,
    "skipped_folds": 12,
    "ops": 18560,
    "start_cycle": 1000,
    "cycles": 670,
    "compute_cycles": 324,
    "stall_cycles": 100,
    "dram_read_bytes": 2048,
    "dram_write_bytes": 1024,
    "bandwidth_bytes_per_cycle": 4.585,
    "energy_pj": 72905.64e6,
    "tiling": "1 x 4x4 pixels",
    "second_phase_tiling": "",
    "dma_utilization": 0.25,
    "conv_array_utilization": 0.2149,
    "bn_stage_utilization": math.nan,
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kind", "conv"),
        ("macs", "9,216"),
        ("executed", "4,608"),
        ("skipped", "12"),
        ("ops", "18,560"),
        ("start", "1,000"),
        ("cycles", "670"),
        ("compute", "324"),
        ("stalled", "100"),
        ("read", "2.0"),
        ("written", "1.0"),
        ("dram", "3.0"),
        ("bandwidth", "4.58"),
        ("energy", "72,905.64"),
        ("dma", "25.0"),
        ("array", "21.5"),
        # a unit that this variant does not have, and one that the machine does not have
        ("bn", NOTHING),
        ("function", NOTHING),
        ("tiling", "1 x 4x4 pixels"),
        ("second_tiling", NOTHING),
    ],
)
def test_what_a_column_holds(name: str, text: str) -> None:
    assert LAYER_COLUMNS[name].text(ROW) == text


def test_a_layer_that_is_not_there_has_no_figure() -> None:
    assert {column.text(None) for column in LAYER_COLUMNS.values()} == {NOTHING}


def test_an_idle_unit_has_a_figure() -> None:
    assert LAYER_COLUMNS["dma"].text({"dma_utilization": 0.0}) == "0.0"


def test_titles_are_different() -> None:
    assert len({column.title for column in LAYER_COLUMNS.values()}) == len(LAYER_COLUMNS)


def test_what_is_shown_by_default_exists() -> None:
    assert set(DISPENSABLE_COLUMNS) < set(DEFAULT_COLUMNS) < set(LAYER_COLUMNS)


class Watched(dict[str, Any]):
    """A row that remembers which of its columns were asked for."""

    def __init__(self, row: dict[Any, Any]) -> None:
        super().__init__(row)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


@pytest.mark.parametrize("case", CASES)
def test_every_column_of_the_frame_can_be_shown(case: str) -> None:
    row = Watched(result_of(case).layers.to_dict("records")[0])
    for column in LAYER_COLUMNS.values():
        column.text(row)
    assert set(row) - {"variant", "layer"} <= row.asked
