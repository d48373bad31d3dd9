"""Totals and savings, against figures worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from pydantic import ValidationError

import accelsim
from accelsim.config import Variant, resolved_yaml
from accelsim.results.summary import PEAK_WINDOW_CYCLES, UnmodelledOperator, peak_bandwidth, unmodelled_operators
from accelsim.workload.nodes import Unmodelled
from accelsim.workload.shapes import Shape
from tests.results.runs import CONFIGS, result_of


def transfers(*rows: tuple[int, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["start_cycle", "end_cycle", "bytes"])


def test_peak_bandwidth_is_that_of_the_busiest_window() -> None:
    assert PEAK_WINDOW_CYCLES == 1024
    # In window 0: 512 bytes. In window 1 (cycles 1,024 to 2,047): 2,048, and the first half of 1,024. In window 2 the
    # other half.
    moved = transfers((0, 64, 512), (1100, 1300, 2048), (1948, 2148, 1024))
    assert peak_bandwidth(moved, 3072) == (2048 + 512) / 1024


def test_a_last_window_that_is_shorter_counts_by_its_own_length() -> None:
    # 100 bytes in the last 10 of 1,034 cycles.
    assert peak_bandwidth(transfers((0, 1024, 1024), (1024, 1034, 100)), 1034) == 10
    # A whole run shorter than a window: its average.
    assert peak_bandwidth(transfers((10, 20, 50)), 100) == 0.5


def test_a_transfer_longer_than_a_window_is_spread_evenly() -> None:
    # 4,096 cycles of 2 bytes a cycle, from the middle of window 0 to the middle of window 4.
    assert peak_bandwidth(transfers((512, 4608, 8192)), 5120) == 2


def test_nothing_moved_is_no_bandwidth() -> None:
    assert peak_bandwidth(transfers((100, 200, 0)), 1024) == 0


def test_time_and_rates_of_alpha5() -> None:
    # 670 cycles at 100 MHz; 9,216 MACs on 64 multipliers; 360 bytes in and 64 out (tests/test_experiment.py).
    fused = result_of("alpha5").summary.variants["fused"]
    assert fused.cycles == 670
    assert fused.milliseconds == pytest.approx(0.0067)
    assert fused.frames_per_second == pytest.approx(1e5 / 0.67)
    assert fused.utilization["conv_array"] == 9216 / (64 * 670)
    assert fused.average_bandwidth_bytes_per_cycle == (360 + 64) / 670
    assert fused.average_bandwidth_gb_per_second == pytest.approx((360 + 64) / 670 * 0.1)


def test_frames_per_second_count_all_images_of_a_batch() -> None:
    summary = result_of("cifar, kept on chip").summary
    assert summary.batch == 2
    fused = summary.variants["fused"]
    # At 500 MHz; VGG-16 for CIFAR-10 has 313,201,664 MACs an image.
    assert fused.frames_per_second == pytest.approx(2 * 500e6 / fused.cycles)
    assert fused.macs == 2 * 313_201_664


def test_operations_of_alpha5() -> None:
    # 9,216 MACs of 2 operations; 8 x 4 x 4 outputs with 4 operations of BN and one of ReLU.
    operations = result_of("alpha5").summary.variants["unfused"].operations
    assert operations.convolution == 18_432
    assert operations.batchnorm == 512
    assert operations.activation == 128
    assert result_of("alpha5").summary.variants["fused"].operations.batchnorm == 0


def test_share_of_bn_in_the_operations_of_resnet18() -> None:
    # Outputs of the 20 convolutions, He et al. 2016, table 1: the stem, four to a stage, and three shortcuts.
    stages = [64 * 56**2, 128 * 28**2, 256 * 14**2, 512 * 7**2]
    elements = 64 * 112**2 + 4 * sum(stages) + sum(stages[1:])
    convolutions = 2 * (1_814_073_344 - 512 * 1000)
    saving = result_of("resnet18").summary.saving
    assert saving is not None
    assert saving.convolution_ops_percent == 100 * 4 * elements / (convolutions + 4 * elements)
    assert f"{saving.convolution_ops_percent:.2f}" == "0.27"


def test_share_of_bn_in_the_operations_of_mobilenet_v2() -> None:
    # Sandler et al. 2018, table 2: expansion, output channels, blocks and stride of the first of them, from 32 x 112².
    channels, side = 32, 112
    elements = channels * side**2
    for expansion, out, blocks, stride in (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ):
        for block in range(blocks):
            inner = expansion * channels
            elements += inner * side**2 if expansion > 1 else 0
            side //= stride if block == 0 else 1
            elements += inner * side**2 + out * side**2
            channels = out
    elements += 1280 * side**2
    convolutions = 2 * (300_774_272 - 1280 * 1000)
    saving = result_of("mobilenet, off chip").summary.saving
    assert saving is not None
    assert saving.convolution_ops_percent == 100 * 4 * elements / (convolutions + 4 * elements)
    assert f"{saving.convolution_ops_percent:.2f}" == "4.27"


def test_savings_are_in_per_cent_of_the_unfused_variant() -> None:
    # 670 of 688 cycles; 424 of 432 bytes; 18,560 of 19,072 operations; 356 of 372 busy cycles.
    saving = result_of("alpha5").summary.saving
    assert saving is not None
    assert saving.cycles_percent == 100 * 18 / 688
    assert saving.dram_bytes_percent == 100 * 8 / 432
    assert saving.ops_percent == 100 * 512 / 19_072
    assert saving.function_unit_busy_percent == 100 * 16 / 372


def test_energy_of_alpha5() -> None:
    # 424 and 432 bytes of 8 bits at 1,300 pJ for 64. 128 outputs of BN: a multiplication of 16 x 8 bits, which is one
    # of sqrt(128), and an addition of 16; between 8 and 32 bits the energies go from 0.2 to 3.1, from 0.03 to 0.1 pJ.
    variants = result_of("alpha5").summary.variants
    fused, unfused = variants["fused"], variants["unfused"]
    assert fused.energy_by_component_pj["dram"] == fused.energy_by_part_pj["dram"] == 68_900
    assert unfused.energy_by_component_pj["dram"] == 70_200
    multiplication, addition = 0.2 * (3.1 / 0.2) ** 0.25, (0.03 * 0.1) ** 0.5
    assert unfused.energy_by_component_pj["bn_stage"] == pytest.approx(128 * (multiplication + addition))
    assert "bn_stage" not in fused.energy_by_component_pj
    assert list(fused.energy_by_part_pj) == ["arithmetic", "on_chip_memory", "dram"]
    for variant in (fused, unfused):
        assert variant.energy_pj == pytest.approx(sum(variant.energy_by_component_pj.values()))
        assert variant.energy_pj == pytest.approx(sum(variant.energy_by_part_pj.values()))


def test_power_and_energy_times_delay_of_alpha5() -> None:
    fused = result_of("alpha5").summary.variants["fused"]
    joules, seconds = (fused.energy_pj or 0) * 1e-12, 670 / 100e6
    assert fused.average_power_mw == pytest.approx(joules / seconds * 1e3)
    assert fused.energy_delay_joule_seconds == pytest.approx(joules * seconds)
    assert fused.energy_delay_pj_cycles == (fused.energy_pj or 0) * 670


def test_energy_saved_by_alpha5() -> None:
    summary = result_of("alpha5").summary
    assert summary.saving
    ratio = (summary.variants["fused"].energy_pj or 0) / (summary.variants["unfused"].energy_pj or 1)
    assert summary.saving.energy_percent == pytest.approx(100 * (1 - ratio))
    assert summary.saving.energy_delay_percent == pytest.approx(100 * (1 - ratio * 670 / 688))


def test_static_power_is_a_part(tmp_path: Path) -> None:
    # 2 mW for 6.7 µs are 13.4 nJ
    table = (CONFIGS / "energy" / "45nm.yaml").read_text() + "static: {dram: {mw: 2, source: made up}}\n"
    (tmp_path / "table.yaml").write_text(table)
    config = accelsim.load_config(CONFIGS / "alpha5.yaml", [f"run.energy={tmp_path / 'table.yaml'}"])
    fused = accelsim.simulate(config).summary.variants["fused"]
    assert fused.energy_by_part_pj["static"] == pytest.approx(13_400)
    assert fused.energy_by_component_pj["dram"] == pytest.approx(68_900 + 13_400)


def test_without_a_table_there_are_no_energies() -> None:
    summary = accelsim.simulate(accelsim.load_config(CONFIGS / "alpha5.yaml", ["run.energy=null"])).summary
    for variant in summary.variants.values():
        figures = variant.model_dump(include={"energy_pj", "average_power_mw", "energy_delay_joule_seconds"})
        assert set(figures.values()) == {variant.energy_delay_pj_cycles} == {None}
        assert variant.energy_by_component_pj == variant.energy_by_part_pj == {}
    assert summary.saving
    assert (summary.saving.energy_percent, summary.saving.energy_delay_percent) == (None, None)
    assert summary.saving.cycles_percent == 100 * 18 / 688
    assert summary.config_sha256 != result_of("alpha5").summary.config_sha256


def test_the_hash_is_of_what_is_in_the_table_wherever_it_lies(tmp_path: Path) -> None:
    text = (CONFIGS / "energy" / "45nm.yaml").read_text()
    hashes = []
    for name, changed in (("copy", text), ("other", text.replace("pj: 0.2}", "pj: 0.3}"))):
        (tmp_path / f"{name}.yaml").write_text(changed)
        config = accelsim.load_config(CONFIGS / "alpha5.yaml", [f"run.energy={tmp_path / name}.yaml"])
        hashes.append(accelsim.simulate(config).summary.config_sha256)
    same, other = hashes
    assert same == result_of("alpha5").summary.config_sha256 != other


def test_what_the_machine_lacks_saves_nothing() -> None:
    saving = result_of("resnet18").summary.saving
    assert saving is not None
    assert saving.function_unit_busy_percent is None


@pytest.mark.parametrize("variant", ["fused", "unfused"])
def test_a_single_variant_is_compared_with_nothing(variant: Variant) -> None:
    config = accelsim.load_config(CONFIGS / "alpha5.yaml", [f"run.variants=[{variant}]"])
    summary = accelsim.simulate(config).summary
    assert list(summary.variants) == [variant]
    assert summary.saving is None
    assert summary.variants == {variant: result_of("alpha5").summary.variants[variant]}


def test_the_summary_says_what_it_is_of() -> None:
    summary = result_of("resnet18").summary
    assert summary.schema_version == 4
    assert summary.accelsim_version == accelsim.__version__
    assert (summary.network, summary.batch, summary.machine) == ("resnet18", 1, "edge32")
    assert len(summary.config_sha256) == 64


def test_the_hash_changes_with_whatever_determines_the_result() -> None:
    changes: tuple[list[str], ...] = ([], ["machine.dma.burst_bytes=32"], ["run.batch=2"], ["run.variants=[fused]"])
    hashes = set()
    for overrides in changes:
        config = accelsim.load_config(CONFIGS / "alpha5.yaml", overrides)
        hashes.add(accelsim.simulate(config).summary.config_sha256)
        assert "output" not in resolved_yaml(config.config)
    assert len(hashes) == len(changes)
    elsewhere = accelsim.load_config(CONFIGS / "alpha5.yaml", ["run.output=elsewhere"])
    assert accelsim.simulate(elsewhere).summary.config_sha256 in hashes


def test_the_fate_of_every_batchnorm_is_told() -> None:
    fates = result_of("resnet18").summary.batchnorms
    assert len(fates) == 20
    assert all(fate.reason is None for fate in fates)
    assert (fates[1].batchnorm, fates[1].folded_into) == ("layer1.0.bn1", "layer1.0.conv1")
    assert not fates[1].ahead


def test_the_summary_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(result_of("alpha5").summary, "network", "other")  # noqa: B010


def test_what_is_not_modelled_has_its_share_of_the_operations(tmp_path: Path) -> None:
    # 2 images of 4 channels of 4 pixels: 32 elements of BN, 4 operations each, are 128; folding cannot take them away.
    # Of LRN 50 an image are 100; Resize is taken to have none.
    (tmp_path / "net.yaml").write_text(
        "name: net\ninput: {channels: 4, height: 2, width: 2}\nlayers:\n"
        "  - {name: bn, op: batchnorm}\n"
        "  - {name: norm, op: unmodelled, operator: LRN, shape: [4, 2, 2], operations: 50}\n"
        "  - {name: resize, op: unmodelled, operator: Resize, shape: [4, 4, 4]}\n"
    )
    machine = CONFIGS / "machines" / "edge32.yaml"
    (tmp_path / "config.yaml").write_text(f"machine: {machine}\nrun: {{workload: net.yaml, batch: 2}}\n")
    for variants in ("fused, unfused", "fused"):
        config = accelsim.load_config(tmp_path / "config.yaml", [f"run.variants=[{variants}]"])
        summary = accelsim.simulate(config).summary
        assert summary.unmodelled == [
            UnmodelledOperator(node="norm", operator="LRN", operations=100, operations_percent=100 * 100 / 228),
            UnmodelledOperator(node="resize", operator="Resize", operations=0, operations_percent=0.0),
        ]
        # they are not among the operations of the variants
        assert summary.variants["fused"].ops == 128


def test_a_network_without_any_operation_has_no_shares() -> None:
    node = Unmodelled(name="a", inputs=("input",), what="Resize", shape=Shape(1, 1, 1))
    assert unmodelled_operators([node], [], batch=1)[0].operations_percent == 0


def test_what_is_modelled_is_not_told_of() -> None:
    assert result_of("resnet18").summary.unmodelled == []


def test_folding_into_the_requantiser_has_a_saving_of_its_own() -> None:
    # Of alpha5 (tests/test_experiment.py: 670 and 688 cycles) with passes of the requantiser: 16 rows of 8 columns in 4
    # lanes take 32 cycles in each variant. A bias and a multiplier (2 words) are 16 bytes, as many as scale and shift,
    # and take 2 cycles more on the port than a bias alone.
    summary = result_of("alpha5, requantised").summary
    assert {variant: of.cycles for variant, of in summary.variants.items()} == {
        "unfused": 688 + 32,
        "fused": 670 + 32,
        "fused_into_requant": 670 + 32 + 2,
    }
    assert summary.saving is not None
    assert summary.saving_into_requant is not None
    assert summary.saving.cycles_percent == 100 * 18 / 720
    assert summary.saving_into_requant.cycles_percent == 100 * 16 / 720
    assert summary.saving_into_requant.dram_bytes_percent == 0
    assert list(summary.savings) == ["fused", "fused_into_requant"]


@pytest.mark.parametrize("variants", ["[fused, fused_into_requant]", "[unfused, fused_into_requant]"])
def test_savings_are_against_the_unfused_variant(variants: str) -> None:
    settings = ["machine.requantization={lanes: 4}", f"run.variants={variants}"]
    summary = accelsim.simulate(accelsim.load_config(CONFIGS / "alpha5.yaml", settings)).summary
    assert summary.saving is None
    assert (summary.saving_into_requant is not None) == ("unfused" in summary.variants)
