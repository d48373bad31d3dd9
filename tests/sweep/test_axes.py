"""Axes as the table shows them: what varies, what changes together, and short names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from accelsim.sweep.axes import varied_axes
from tests.sweep.tables import FOUR_SIZES, HandPoint, table_of


def axes_of(columns: Sequence[str], *values: Sequence[Any]) -> list[tuple[str, tuple[str, ...]]]:
    points = [HandPoint(dict(zip(columns, of_point, strict=True)), None) for of_point in values]
    return [(axis.name, axis.columns) for axis in varied_axes(table_of(points))]


def test_axes_are_in_the_order_of_the_table() -> None:
    assert [axis.key for axis in varied_axes(FOUR_SIZES)] == ["machine.array.rows", "machine.bn.lanes"]


def test_keys_that_change_together_are_one_axis() -> None:
    columns = ("machine.array.cols", "machine.bn.placement", "machine.activation.lanes")
    assert axes_of(columns, (4, "pass", 1), (4, "inline", 1), (8, "pass", 2)) == [
        ("cols", ("machine.array.cols", "machine.activation.lanes")),
        ("placement", ("machine.bn.placement",)),
    ]


@pytest.mark.parametrize("values", [[(4, 1), (8, 1), (16, 2)], [(4, 1), (4, 2), (8, 3)]])
def test_a_key_that_only_follows_from_another_one_is_an_axis(values: list[tuple[int, int]]) -> None:
    columns = ("machine.array.cols", "machine.bn.lanes")
    assert [columns for _, columns in axes_of(columns, *values)] == [(column,) for column in columns]


def test_what_has_one_value_is_no_axis() -> None:
    assert axes_of(("machine.array.rows", "run.batch"), (4, 1), (8, 1)) == [("rows", ("machine.array.rows",))]


def test_a_missing_value_is_a_value() -> None:
    assert axes_of(("machine.bn.lanes",), (4,), (None,)) == [("lanes", ("machine.bn.lanes",))]


def test_names_are_as_long_as_they_need_to_be() -> None:
    columns = ("machine.buffers.ifmap.kib", "machine.buffers.weight.kib", "run.batch", "machine.batch.kib")
    found = axes_of(columns, (1, 1, 1, 1), (1, 1, 2, 2), (1, 2, 1, 2), (2, 1, 1, 2))
    assert [name for name, _ in found] == ["ifmap.kib", "weight.kib", "batch", "batch.kib"]


def test_other_columns_are_no_axes() -> None:
    more = FOUR_SIZES.assign(my_own=range(len(FOUR_SIZES)))
    assert varied_axes(more) == varied_axes(FOUR_SIZES)
    assert varied_axes(pd.DataFrame({"point": [1, 2]})) == []
