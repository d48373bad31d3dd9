"""Two results held against each other."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

import accelsim
from accelsim.config.run import Variant
from accelsim.errors import InputError
from accelsim.results.compare import Change, LayerComparison, Pair, VariantComparison, change_percent, compare
from accelsim.results.result import Result
from tests.results.runs import CONFIGS, result_of


@cache
def alpha5(*overrides: str) -> Result:
    return accelsim.simulate(accelsim.load_config(CONFIGS / "alpha5.yaml", overrides))


@pytest.mark.parametrize(
    ("a", "b", "percent"),
    [(200, 150, -25.0), (200, 300, 50.0), (5, 5, 0.0), (5, 0, -100.0), (0, 5, None), (None, 5, None), (5, None, None)],
)
def test_a_change_in_per_cent(a: float | None, b: float | None, percent: float | None) -> None:
    assert change_percent(a, b) == percent


def test_a_result_is_identical_with_itself() -> None:
    result = result_of("resnet18")
    comparison = compare(result, result)
    assert comparison.identical
    assert (comparison.config, comparison.network) == ({}, None)
    assert [(variant.a, variant.b) for variant in comparison.variants] == [("fused", "fused"), ("unfused", "unfused")]
    assert all(variant.is_same for variant in comparison.variants)
    assert {total.change_percent for total in comparison.variants[0].totals.values()} <= {0.0, None}


def test_a_result_is_identical_with_what_was_written_of_it(tmp_path: Path) -> None:
    accelsim.write_results(alpha5(), tmp_path / "out")
    assert compare(alpha5(), accelsim.load_results(tmp_path / "out")).identical


def test_what_is_set_otherwise_has_the_keys_of_set() -> None:
    other = alpha5(
        "machine.name=other", "machine.bn.flush_cycles=1", "run.tiling.conv.out_channels=4", "run.output=elsewhere"
    )
    comparison = compare(alpha5(), other)
    assert not comparison.identical
    assert comparison.config == {
        "machine.name": Pair("alpha5", "other"),
        "machine.bn.flush_cycles": Pair(0, 1),
        "run.tiling.conv.out_channels": Pair(None, 4),
        "run.tiling.conv.reuse": Pair(None, "weight"),
    }
    assert comparison.network is None
    assert (comparison.a.machine, comparison.b.machine) == ("alpha5", "other")


def other_table(folder: Path, old: str, new: str) -> str:
    """Write the table that ships, with something changed in it."""
    text = (CONFIGS / "energy" / "45nm.yaml").read_text()
    assert text.count(old) == 1
    (folder / "table.yaml").write_text(text.replace(old, new))
    return f"run.energy={folder / 'table.yaml'}"


def test_tables_of_energies_are_told_apart_by_what_is_in_them(tmp_path: Path) -> None:
    assert compare(alpha5(), alpha5(other_table(tmp_path, "\ndram:", "\n\ndram:"))).identical
    other = compare(alpha5(), alpha5(other_table(tmp_path, "{kib: 32, read_pj: 20,", "{kib: 32, read_pj: 21,")))
    assert not other.identical
    assert other.config == {"energy.sram.points.1.read_pj": Pair(20.0, 21.0)}
    assert other.variants[0].totals["energy_by_component_pj.dram"].is_same


def test_a_result_without_energies_can_be_compared() -> None:
    comparison = compare(alpha5("run.energy=null"), alpha5())
    assert comparison.config == {"energy.name": Pair(None, "45 nm, 0.9 V")}
    energy = comparison.variants[0].totals["energy_pj"]
    assert (energy.a, energy.change_percent) == (None, None)
    assert energy.b > 0
    assert comparison.saving["energy_percent"].a is None
    assert compare(alpha5("run.energy=null"), alpha5("run.energy=null")).identical


def test_a_name_is_enough_for_results_not_to_be_identical() -> None:
    comparison = compare(alpha5(), alpha5("machine.name=other"))
    assert not comparison.identical
    assert all(variant.is_same for variant in comparison.variants)


def test_figures_change() -> None:
    # 670 and 688 cycles, 360 and 368 bytes read, and the 16 elements of 8 channels of BN at 4 operations
    (pair,) = compare(alpha5(), alpha5(), ("unfused", "fused")).variants
    assert (pair.a, pair.b) == ("unfused", "fused")
    assert pair.totals["cycles"] == Change(688, 670, 100 * -18 / 688)
    assert pair.totals["dram_read_bytes"] == Change(368, 360, 100 * -8 / 368)
    assert pair.totals["operations.batchnorm"] == Change(512, 0, -100.0)
    assert pair.totals["macs"] == Change(9216, 9216, 0.0)
    assert pair.totals["utilization.function_unit"].a == 372 / 688
    (layer,) = pair.layers
    assert layer.layer == "conv"
    assert layer.figures["cycles"] == Change(688, 670, 100 * -18 / 688)
    assert layer.figures["stall_cycles"] == Change(102, 100, 100 * -2 / 102)
    assert layer.tilings["second_phase_tiling"] == Pair("", "")
    assert not layer.is_same
    assert not pair.is_same


def test_all_figures_of_a_layer_are_compared_but_for_its_start() -> None:
    result = result_of("resnet18")
    columns = result.layers.select_dtypes("number").columns
    assert set(compare(result, result).variants[0].layers[0].figures) == set(columns) - {"start_cycle"}


def test_a_unit_that_one_does_not_have_has_no_share() -> None:
    result = result_of("resnet18")
    (pair,) = compare(result, result, ("fused", "unfused")).variants
    share = pair.layers[0].figures["bn_stage_utilization"]
    assert share.a is None
    assert share.b > 0
    assert share.change_percent is None
    assert pair.totals["utilization.bn_stage"].a is None


def test_a_tiling_alone_makes_a_layer_another() -> None:
    def layer(tiling: str) -> LayerComparison:
        return LayerComparison("conv", {"cycles": Change(1, 1, 0.0)}, {"tiling": Pair("4x4", tiling)})

    assert layer("4x4").is_same
    assert not layer("2x4").is_same


@pytest.mark.parametrize("only", [((), ()), (("bn",), ()), ((), ("bn",))])
def test_a_layer_that_only_one_has_makes_a_difference(only: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
    assert VariantComparison("fused", "fused", {}, (), *only).is_same == (only == ((), ()))


def test_what_fusing_saved_in_both() -> None:
    saving = compare(alpha5(), alpha5("run.variants=[fused]")).saving
    assert saving["cycles_percent"] == Pair(100 * 18 / 688, None)


@pytest.mark.parametrize(
    ("of_a", "of_b", "pairs"),
    [
        ("[fused, unfused]", "[unfused]", [("unfused", "unfused")]),
        ("[unfused, fused]", "[fused, unfused]", [("unfused", "unfused"), ("fused", "fused")]),
        ("[fused]", "[unfused]", [("fused", "unfused")]),
    ],
)
def test_which_variants_are_compared(of_a: str, of_b: str, pairs: list[tuple[Variant, Variant]]) -> None:
    comparison = compare(alpha5(f"run.variants={of_a}"), alpha5(f"run.variants={of_b}"))
    assert [(pair.a, pair.b) for pair in comparison.variants] == pairs
    assert set(comparison.config) == {"run.variants"}
    assert not comparison.identical


@pytest.mark.parametrize(
    ("of_a", "of_b", "variants", "words"),
    [
        ("fused", "unfused", ("fused", "fused"), "the second result has no variant 'fused', but only 'unfused'"),
        ("fused", "unfused", ("unfused", "unfused"), "the first result has no variant 'unfused', but only 'fused'"),
    ],
)
def test_a_variant_that_is_not_there_is_refused(
    of_a: str, of_b: str, variants: tuple[Variant, Variant], words: str
) -> None:
    with pytest.raises(InputError) as caught:
        compare(alpha5(f"run.variants=[{of_a}]"), alpha5(f"run.variants=[{of_b}]"), variants)
    assert str(caught.value) == words


NETWORK = """\
name: one
input: {channels: 8, height: 4, width: 4}
layers:
  - {name: first, op: conv, out_channels: 8, kernel: 1}
  - {name: relu, op: relu}
  - {name: bn, op: batchnorm}
  - {name: second, op: conv, out_channels: 8, kernel: 1}
"""


def network(folder: Path, name: str, *changes: tuple[str, str]) -> Result:
    """Simulate a network that is changed by replacing text."""
    text = NETWORK
    for right, other in changes:
        assert text.count(right) == 1
        text = text.replace(right, other)
    (folder / f"{name}.yaml").write_text(text)
    return alpha5(f"run.workload={folder / name}.yaml")


def test_networks_of_the_same_content_are_the_same_wherever_they_lie(tmp_path: Path) -> None:
    assert compare(network(tmp_path, "here"), network(tmp_path, "there")).identical


def test_in_what_networks_differ(tmp_path: Path) -> None:
    other = network(
        tmp_path,
        "other",
        ("name: one", "name: two"),
        ("height: 4", "height: 6"),
        ("{name: relu, op: relu}", "{name: relu6, op: relu6}"),
        ("{name: second, op: conv, out_channels: 8", "{name: second, op: conv, out_channels: 16"),
    )
    comparison = compare(network(tmp_path, "one"), other)
    assert not comparison.identical
    change = comparison.network
    assert change
    assert (change.name, change.input_shape) == (Pair("one", "two"), Pair("8x4x4", "8x6x4"))
    assert (change.only_a, change.only_b) == (("relu",), ("relu6",))
    # bn reads another node
    assert (change.changed, change.same) == (("bn", "second"), 1)


@pytest.mark.parametrize("change", [("name: one", "name: two"), ("height: 4", "height: 5")])
def test_a_name_or_a_shape_alone_makes_another_network(change: tuple[str, str], tmp_path: Path) -> None:
    found = compare(network(tmp_path, "one"), network(tmp_path, "other", change)).network
    assert found
    assert (found.only_a, found.only_b, found.changed, found.same) == ((), (), (), 4)


def test_layers_that_only_one_has(tmp_path: Path) -> None:
    # The BatchNorm is a layer of its own, which is gone when it is folded into the convolution after it.
    result = network(tmp_path, "one")
    (pair,) = compare(result, result, ("unfused", "fused")).variants
    assert [layer.layer for layer in pair.layers] == ["first", "second"]
    assert (pair.only_a, pair.only_b) == (("bn",), ())
    (pair,) = compare(result, result, ("fused", "unfused")).variants
    assert (pair.only_a, pair.only_b) == ((), ("bn",))
    assert not pair.is_same


def test_any_two_results_can_be_compared_and_written_as_json() -> None:
    comparison = compare(result_of("resnet18"), result_of("mobilenet, off chip"))
    assert not comparison.identical
    text = json.dumps(asdict(comparison), allow_nan=False)
    assert json.loads(text)["network"]["name"] == {"a": "resnet18", "b": "mobilenet_v2"}


def test_the_frames_have_figures_that_are_missing() -> None:
    # What is tested above would mean nothing if no share were missing.
    layers: pd.DataFrame = result_of("resnet18").layers
    assert any(math.isnan(share) for share in layers["bn_stage_utilization"])
