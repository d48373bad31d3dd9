"""The tables of ``accelsim compare``."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

import accelsim
from accelsim.report.terminal.compare import (
    MAX_LAYERS,
    config_table,
    heading_lines,
    layers_lines,
    layers_shown,
    layers_tables,
    network_lines,
    saving_tables,
    totals_table,
)
from accelsim.report.terminal.console import print_table
from accelsim.results.compare import (
    Change,
    Comparison,
    LayerComparison,
    NetworkChange,
    Pair,
    Side,
    VariantComparison,
    change_percent,
    compare,
)
from tests.report.terminal.printing import printed
from tests.results.runs import CONFIGS, result_of


def fused_and_unfused() -> Comparison:
    """Alpha5 unfused (688 cycles, 368 + 64 bytes) and fused (670 cycles, 360 + 64 bytes)."""
    return compare(result_of("alpha5"), result_of("alpha5"), ("unfused", "fused"))


def layer(name: str, a: int, b: int, **more: tuple[int, int]) -> LayerComparison:
    """Make a layer of which only the cycles differ, if nothing more is said."""
    values = {"cycles": (a, b), "stall_cycles": (0, 0), "dram_read_bytes": (1024, 1024), "dram_write_bytes": (0, 0)}
    return LayerComparison(
        name,
        {column: Change(*pair, change_percent(*pair)) for column, pair in (values | more).items()},
        {"tiling": Pair("4x4", "4x4")},
    )


def variant(*layers: LayerComparison, **more: Any) -> VariantComparison:
    return VariantComparison("fused", "fused", {}, layers, **({"only_a": (), "only_b": ()} | more))


def rows(*tables: Table) -> list[list[str]]:
    """Words of all lines that hold any."""
    return [line.split() for line in printed(*tables).splitlines() if line.strip() and "─" not in line]


def row(table: Table, *words: str) -> list[str]:
    """Return what stands behind these words in the only line that begins with them."""
    (found,) = (line[len(words) :] for line in rows(table) if line[: len(words)] == list(words))
    return found


def test_what_the_two_are() -> None:
    comparison = compare(result_of("alpha5"), result_of("resnet18"))
    assert list(heading_lines(comparison, "old", "new")) == [
        "A: old: alpha5, batch 1, on alpha5",
        "B: new: resnet18, batch 1, on edge32",
    ]


def test_variants_that_are_not_the_same_are_named() -> None:
    assert list(heading_lines(fused_and_unfused(), "r", "r"))[2:] == ["A is shown unfused, B fused"]


def test_versions_that_are_not_the_same_are_named() -> None:
    comparison = compare(result_of("alpha5"), result_of("alpha5"))
    newer: Side = replace(comparison.b, accelsim_version="99.0")
    *_, last = heading_lines(replace(comparison, b=newer), "old", "new")
    assert last == f"A was simulated by accelsim {accelsim.__version__}, B by 99.0"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (32, "32"),
        ("64/5", "64/5"),
        (True, "true"),
        (None, "-"),
        (["fused", "unfused"], "[fused, unfused]"),
        ("[red]edge[/red]", "[red]edge[/red]"),
    ],
)
def test_a_setting(value: object, text: str) -> None:
    comparison = replace(fused_and_unfused(), config={"machine.name": Pair(value, "other")})
    assert rows(config_table(comparison)) == [["configuration", "A", "B"], ["machine.name", *text.split(), "other"]]


def test_the_same_network_needs_no_words() -> None:
    assert list(network_lines(None)) == []


def test_in_what_networks_differ() -> None:
    change = NetworkChange(
        name=Pair("one", "two"),
        input_shape=Pair("8x4x4", "8x6x4"),
        only_a=("relu",),
        only_b=tuple(f"node{index}" for index in range(5)),
        changed=("bn", "second"),
        same=1234,
    )
    assert list(network_lines(change)) == [
        "networks differ: one and two, 8x4x4 and 8x6x4",
        "nodes that are the same in both: 1,234",
        "nodes that differ: 2 (bn, second)",
        "nodes only in A: 1 (relu)",
        "nodes only in B: 5 (node0, node1, node2, node3, ...)",
    ]


def test_networks_that_differ_in_a_node_alone() -> None:
    same = Pair("net", "net")
    change = NetworkChange(name=same, input_shape=same, only_a=(), only_b=(), changed=("conv",), same=2)
    assert list(network_lines(change)) == [
        "networks differ",
        "nodes that are the same in both: 2",
        "nodes that differ: 1 (conv)",
    ]


def test_what_fusing_saved_is_compared_by_points() -> None:
    saving = {"cycles_percent": Pair(14.25, 4.5), "dram_bytes_percent": Pair(1.0, None), "ops_percent": Pair(0.3, 0.3)}
    assert rows(next(saving_tables(replace(fused_and_unfused(), saving=saving)))) == [
        ["saved", "by", "fusing", "A", "B", "B", "-", "A"],
        ["cycles", "14.25", "%", "4.50", "%", "-9.75", "points"],
        ["DRAM", "bytes", "1.00", "%", "-", "-"],
        ["operations", "0.30", "%", "0.30", "%", "same"],
    ]


def test_savings_that_neither_has_are_left_out() -> None:
    saving = {"cycles_percent": Pair(1.0, 1.0), "function_unit_busy_percent": Pair(None, None)}
    assert len(rows(next(saving_tables(replace(fused_and_unfused(), saving=saving))))) == 2


def test_every_saving_has_a_title() -> None:
    assert len(rows(next(saving_tables(fused_and_unfused())))) == 1 + len(fused_and_unfused().saving)


def test_totals() -> None:
    (pair,) = fused_and_unfused().variants
    table = totals_table(pair)
    assert row(table, "total,") == ["unfused", "and", "fused", "A", "B", "change"]
    assert row(table, "cycles") == ["688", "670", "-2.62", "%"]
    assert row(table, "DRAM", "read") == ["368", "B", "360", "B", "-2.17", "%"]
    assert row(table, "DRAM", "written") == ["64", "B", "64", "B", "same"]
    assert row(table, "MACs") == ["9,216", "9,216", "same"]
    # 372 of 688 cycles are 54.07 %, 356 of 670 are 53.13 %: 0.936 points less
    assert row(table, "function", "unit", "utilisation") == ["54.07", "%", "53.13", "%", "-0.94", "points"]


def test_totals_of_a_unit_that_only_one_has() -> None:
    (pair,) = compare(result_of("resnet18"), result_of("resnet18"), ("fused", "unfused")).variants
    _, share, percent, change = row(totals_table(pair), "BN", "stage", "utilisation")
    assert float(share) > 0
    assert (percent, change) == ("%", "-")
    assert not [line for line in rows(totals_table(pair)) if line[0] == "function"]


def test_one_variant_in_both_is_named_once() -> None:
    pair, _ = compare(result_of("alpha5"), result_of("alpha5")).variants
    assert rows(totals_table(pair))[0] == ["total,", "fused", "A", "B", "change"]


MANY = [layer(f"conv{index}", 1000, 1000 + index) for index in range(MAX_LAYERS + 5)]


def test_layers_that_changed_most_come_first() -> None:
    compared = variant(layer("a", 100, 101), layer("b", 100, 100), layer("c", 100, 40), layer("d", 100, 130))
    assert [shown.layer for shown in layers_shown(compared, every=False)] == ["c", "d", "a"]
    assert [shown.layer for shown in layers_shown(compared, every=True)] == ["a", "b", "c", "d"]


def test_layers_that_changed_equally_keep_their_order() -> None:
    compared = variant(layer("a", 10, 12), layer("b", 30, 28), layer("c", 100, 100, stall_cycles=(1, 2)))
    assert [shown.layer for shown in layers_shown(compared, every=False)] == ["a", "b", "c"]


def test_of_many_layers_some_are_shown() -> None:
    shown = layers_shown(variant(*MANY), every=False)
    assert [compared.layer for compared in shown] == [f"conv{index}" for index in range(24, 4, -1)]
    assert list(layers_lines(variant(*MANY), len(shown))) == [
        "layers in both: 25, of which 24 changed; the 20 that changed most are shown, --all shows every layer"
    ]


def test_how_many_layers_there_are() -> None:
    compared = variant(layer("a", 1, 2), layer("b", 3, 3), only_a=("c", "d"), only_b=("e",))
    assert list(layers_lines(compared, 1)) == [
        "layers in both: 2, of which 1 changed",
        "layers only in A: 2 (c, d)",
        "layers only in B: 1 (e)",
    ]


def test_every_layer_that_changed_is_shown_where_they_are_few() -> None:
    assert list(layers_lines(variant(*MANY), 25)) == ["layers in both: 25, of which 24 changed"]


def test_a_line_of_the_layers() -> None:
    (pair,) = fused_and_unfused().variants
    # 432 and 424 bytes: 1.85 % less
    table, *_ = layers_tables(pair.layers, wide=False)
    assert [" ".join(words) for words in rows(table)] == [
        "cycles cycles change stalled stalled DRAM KiB DRAM KiB change energy µJ energy µJ array % array %",
        "layer A B % A B A B % A B A B",
        "conv 688 670 -2.62 102 100 0.4 0.4 -1.85 0.07 0.07 20.9 21.5",
    ]


def test_a_figure_that_was_nothing_before_has_no_change_in_per_cent() -> None:
    table = next(layers_tables([layer("a", 5, 5, dram_read_bytes=(0, 1024))], wide=False))
    assert rows(table)[-1] == ["a", "5", "5", "same", "0", "0", "0.0", "1.0", "-"]


def test_all_columns_with_a_value_can_be_shown() -> None:
    (table,) = layers_tables([layer("a", 5, 6)], wide=True)
    words = "cycles cycles change stalled stalled read KiB read KiB written KiB written KiB DRAM KiB DRAM KiB change"
    assert " ".join(rows(table)[0]) == words
    assert rows(table)[1][-1] == "tiling"


def on_terminal(width: int, *tables: Table) -> Sequence[str]:
    file = io.StringIO()
    print_table(Console(file=file, width=width), *tables)
    return [line for line in file.getvalue().splitlines() if line]


def test_everything_fits_80_columns() -> None:
    changes = ["machine.bn.placement=pass", "machine.array.rows=64", "run.batch=2"]
    other = accelsim.simulate(accelsim.load_config(CONFIGS / "resnet18.yaml", changes))
    comparison = compare(result_of("resnet18"), other)
    tables = [[config_table(comparison)], [next(saving_tables(comparison))]]
    for pair in comparison.variants:
        tables += [[totals_table(pair)], list(layers_tables(pair.layers, wide=False))]
    lines = [line for choice in tables for line in on_terminal(80, *choice)]
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line.split()[0] in ("utilisation", "B/cycle", "points")]  # nothing is broken
