"""What the frames hold, and that they agree with one another and with the summary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from accelsim.config import load_config
from accelsim.results.result import Result, simulate
from tests.results.runs import CASES, result_of


@pytest.fixture(params=CASES)
def result(request: pytest.FixtureRequest) -> Result:
    return result_of(request.param)


def test_the_promised_columns_are_there(result: Result) -> None:
    layers = "variant layer macs ops cycles compute_cycles stall_cycles dram_read_bytes dram_write_bytes"
    assert {*layers.split(), "bandwidth_bytes_per_cycle"} <= set(result.layers.columns)
    units = "variant layer unit busy_cycles stalled_cycles stalled_on idle_cycles"
    assert set(units.split()) <= set(result.units.columns)
    assert {f"{unit}_utilization" for unit in result.units["unit"]} <= set(result.layers.columns)
    events = "variant layer unit operation start_cycle end_cycle bytes"
    assert set(events.split()) <= set(result.events.columns)
    assert {"variant", "layer", "unit", "stalled_on", "start_cycle", "end_cycle"} <= set(result.stalls.columns)


def test_the_sums_of_layers_are_the_summary(result: Result) -> None:
    assert set(result.summary.variants) >= {"fused", "unfused"}
    for variant, total in result.summary.variants.items():
        layers = result.layers[result.layers["variant"] == variant]
        for name in ["cycles", "macs", "ops", "compute_cycles", "stall_cycles", "dram_read_bytes", "dram_write_bytes"]:
            assert layers[name].sum() == getattr(total, name), name
        assert sum(total.operations.model_dump().values()) == total.ops


def test_the_sums_of_units_are_the_summary(result: Result) -> None:
    for variant, total in result.summary.variants.items():
        units = result.units[result.units["variant"] == variant]
        assert units.groupby("unit")["busy_cycles"].sum().to_dict() == total.busy_cycles
        for unit, busy in total.busy_cycles.items():
            if unit != "conv_array":  # whose utilisation is that of its multipliers
                assert total.utilization[unit] == busy / total.cycles


def test_layers_follow_one_another_without_a_gap(result: Result) -> None:
    for _, layers in result.layers.groupby("variant"):
        ends = layers["start_cycle"] + layers["cycles"]
        assert layers["start_cycle"].tolist() == [0, *ends[:-1]]


def test_busy_stalled_and_idle_cycles_sum_to_those_of_the_layer(result: Result) -> None:
    cycles = result.layers.set_index(["variant", "layer"])["cycles"]
    units = result.units.set_index(["variant", "layer"])
    total = units["busy_cycles"] + units["stalled_cycles"] + units["idle_cycles"]
    assert (total == cycles.loc[total.index]).all()
    assert units["idle_cycles"].min() >= 0


def test_every_cycle_of_a_unit_is_busy_or_stalled_until_it_is_idle(result: Result) -> None:
    """The busy part of each operation and the stalls, laid one behind the other, leave no gap and no overlap."""
    busy = result.events.assign(end_cycle=result.events["start_cycle"] + result.events["busy_cycles"])
    keys = ["variant", "layer", "unit"]
    pieces = pd.concat([busy, result.stalls])[[*keys, "start_cycle", "end_cycle"]].sort_values(["start_cycle"])
    starts = result.layers.set_index(["variant", "layer"])["start_cycle"].to_dict()
    for (variant, layer, _), unit in pieces.groupby(keys):
        assert unit["start_cycle"].tolist() == [starts[variant, layer], *unit["end_cycle"][:-1]]


def test_stalls_are_those_that_the_units_name(result: Result) -> None:
    stalls = result.stalls.assign(cycles=result.stalls["end_cycle"] - result.stalls["start_cycle"])
    assert stalls["cycles"].min() > 0
    by_cause = stalls.groupby(["variant", "layer", "unit", "stalled_on"])["cycles"].sum().to_dict()
    named = {
        (row.variant, row.layer, row.unit, cause): int(cycles)
        for row in result.units.itertuples()
        for cause, _, cycles in (part.partition("=") for part in str(row.stalled_on).split(";") if part)
    }
    assert by_cause == named
    listed = [[int(part.partition("=")[2]) for part in text.split(";")] for text in result.units["stalled_on"] if text]
    assert listed == [sorted(cycles, reverse=True) for cycles in listed]
    assert [sum(cycles) for cycles in listed] == [cycles for cycles in result.units["stalled_cycles"] if cycles]


def test_operations_lie_inside_their_layer_and_inside_each_other_never(result: Result) -> None:
    layers = result.layers.set_index(["variant", "layer"])
    events = result.events.set_index(["variant", "layer"])
    start = layers["start_cycle"].loc[events.index]
    assert (events["start_cycle"] >= start).all()
    assert (events["end_cycle"] <= start + layers["cycles"].loc[events.index]).all()
    assert (events["busy_cycles"] <= events["end_cycle"] - events["start_cycle"]).all()
    for _, unit in result.events.groupby(["variant", "unit"]):
        assert (unit["start_cycle"].to_numpy()[1:] >= unit["end_cycle"].to_numpy()[:-1]).all()


def test_a_layer_lasts_until_its_last_operation_ends(result: Result) -> None:
    last = result.events.groupby(["variant", "layer"])["end_cycle"].max()
    layers = result.layers.set_index(["variant", "layer"])
    assert (last == (layers["start_cycle"] + layers["cycles"]).loc[last.index]).all()


def test_only_the_dma_moves_bytes_and_they_are_those_of_the_layers(result: Result) -> None:
    moves = result.events["unit"] == "dma"
    assert (result.events["bytes"] > 0).eq(moves).all()
    stores = result.events["operation"].str.startswith("store")
    layers = result.layers.set_index(["variant", "layer"])
    for mask, column in ((moves & ~stores, "dram_read_bytes"), (moves & stores, "dram_write_bytes")):
        moved = result.events[mask].groupby(["variant", "layer"])["bytes"].sum()
        assert (moved.reindex(layers.index, fill_value=0) == layers[column]).all()
    assert (
        layers["bandwidth_bytes_per_cycle"]
        == (layers["dram_read_bytes"] + layers["dram_write_bytes"]) / layers["cycles"]
    ).all()


def test_no_transfer_is_faster_than_the_port(result: Result) -> None:
    transfers = result.events[result.events["unit"] == "dma"]
    port = float(result.config.machine.dram.bytes_per_cycle)
    assert (transfers["bytes"] <= port * (transfers["end_cycle"] - transfers["start_cycle"])).all()
    for total in result.summary.variants.values():
        average = total.average_bandwidth_bytes_per_cycle
        assert average == (total.dram_read_bytes + total.dram_write_bytes) / total.cycles
        assert average <= total.peak_bandwidth_bytes_per_cycle <= port


def test_both_variants_have_the_same_layers_and_tilings(result: Result) -> None:
    fused, unfused = (
        result.layers[result.layers["variant"] == variant].reset_index(drop=True) for variant in ("fused", "unfused")
    )
    assert fused["layer"].is_unique
    for column in ("layer", "kind", "macs", "tiling"):
        assert fused[column].tolist() == unfused[column].tolist()


def test_the_variants_of_a_machine_without_bn_stage_leave_its_column_empty() -> None:
    layers = result_of("resnet18").layers
    fused = layers["variant"] == "fused"
    assert layers[fused]["bn_stage_utilization"].isna().all()
    assert layers[~fused]["bn_stage_utilization"].notna().all()
    assert "bn_stage" not in result_of("resnet18").summary.variants["fused"].utilization


def test_a_bypassed_bn_stage_is_there_and_idle() -> None:
    units = result_of("mobilenet, off chip").units
    bypassed = units[(units["variant"] == "fused") & (units["unit"] == "bn_stage")]
    assert len(bypassed) > 0
    assert (bypassed["busy_cycles"] == 0).all()
    assert (bypassed["stalled_cycles"] == 0).all()


def only_row(frame: pd.DataFrame, **where: str) -> pd.Series[Any]:
    """Return the row that has these values."""
    for column, value in where.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def test_layers_without_a_convolution_are_judged_by_the_busiest_unit_behind_the_array() -> None:
    result = result_of("resnet18")
    layer = only_row(result.layers, variant="fused", layer="maxpool")
    unit = only_row(result.units, variant="fused", layer="maxpool", unit="pooling")
    assert layer["conv_array_utilization"] == 0
    # The pooling stage reads 9 positions for each of the 64 x 56 x 56 outputs, 32 channels a cycle:
    # 2 x 56 x 56 x 9 = 56,448 cycles.
    assert layer["compute_cycles"] == unit["busy_cycles"] == 56_448


def test_the_array_is_judged_by_its_multipliers() -> None:
    # conv1 of ResNet-18: 118,013,952 multiply-accumulates of 1,024 a cycle.
    layer = only_row(result_of("resnet18").layers, variant="fused", layer="conv1")
    assert layer["conv_array_utilization"] == 118_013_952 / (1024 * layer["cycles"])


def test_the_utilisations_of_a_row_stand_side_by_side() -> None:
    columns = result_of("resnet18").layers.columns.tolist()
    shares = [name for name in columns if name.endswith("_utilization")]
    first = columns.index(shares[0])
    assert columns[first : first + len(shares)] == [
        f"{unit}_utilization" for unit in ["dma", "conv_array", "bn_stage", "residual_add", "pooling", "activation"]
    ]


def test_what_a_dense_array_executes_is_the_network(result: Result) -> None:
    assert (result.layers["executed_macs"] == result.layers["macs"]).all()
    assert (result.layers["skipped_folds"] == 0).all()


def test_what_a_sparse_array_executes(repository: Path) -> None:
    result = simulate(load_config(repository / "configs" / "resnet18.yaml", "machine.array.sparsity=2:4"))
    layers = result.layers[result.layers["variant"] == "fused"].set_index("layer")
    kept = layers["executed_macs"] / layers["macs"]
    assert kept["conv1"] == 2 / 3  # of 3 input channels
    assert (kept.drop(["conv1", "maxpool", "avgpool"]) == 1 / 2).all()
    array = result.config.machine.array
    done = layers["executed_macs"] / (array.rows * array.cols * layers["cycles"])
    pd.testing.assert_series_equal(layers["conv_array_utilization"], done, check_names=False)
    total = layers["executed_macs"].sum() / (array.rows * array.cols * layers["cycles"].sum())
    assert result.summary.variants["fused"].utilization["conv_array"] == total


def test_zero_weights_are_skipped_alike_in_both_variants(repository: Path, tmp_path: Path) -> None:
    # 64 -> 64 channels, 3 x 3: 18 blocks of 32 rows x 2 of 32 columns for each of the 8 pixel tiles. Output channels
    # 0 to 31 are zero throughout; of the others, input channels 0 to 15 are, which are 144 rows, 4 whole blocks.
    zeros = "zero_weights: [{outputs: 0-31}, {inputs: 0-15}]"
    convolution = f"{{name: c, op: conv, out_channels: 64, kernel: 3, padding: 1, {zeros}}}"
    layers = f"layers: [{convolution}, {{name: b, op: batchnorm}}]"
    (tmp_path / "n.yaml").write_text(f"name: n\ninput: {{channels: 64, height: 16, width: 16}}\n{layers}\n")
    base = [f"run.workload={tmp_path / 'n.yaml'}", "run.tiling.c.out_height=2", "machine.array.skip_zero_folds=true"]
    result = simulate(load_config(repository / "configs" / "resnet18.yaml", base))
    assert result.layers["skipped_folds"].tolist() == [8 * (18 + 4)] * 2
    macs = result.layers["macs"]
    assert (result.layers["executed_macs"] == macs * (14 * 32 * 32) // (576 * 64)).all()
