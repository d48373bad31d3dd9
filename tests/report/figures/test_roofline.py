"""The roofline: points at their intensity, below their roof."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

import accelsim
from accelsim.report.figures.roofline import NAMED_LAYERS, Roof, layer_points, plot_roofline
from tests.report.figures.drawn import legend_rows
from tests.results.runs import CASES, CONFIGS, result_of


def line(axes: Axes, label: str) -> Line2D:
    (found,) = (line for line in axes.lines if line.get_label() == label)
    return found


def points(axes: Axes, variant: str) -> list[tuple[float, float]]:
    x, y = line(axes, variant).get_data()
    return list(zip(np.asarray(x).tolist(), np.asarray(y).tolist(), strict=True))


def test_the_roof_is_that_of_the_machine() -> None:
    # 8 x 8 PEs do 128 operations a cycle; 4 bytes a cycle: the ridge is at 32 operations a byte
    roof = Roof.of(result_of("alpha5").config.machine)
    assert (roof.peak_ops_per_cycle, roof.bytes_per_cycle) == (128, 4)
    assert list(roof.ops_per_cycle(np.array([1.0, 16.0, 32.0, 100.0]))) == [4, 64, 128, 128]
    x, y = line(plot_roofline(result_of("alpha5")), "roof").get_data()
    np.testing.assert_allclose(np.asarray(x), [32 / 1.6, 32, 19_072 / 432 * 1.6])
    np.testing.assert_allclose(np.asarray(y), [80, 128, 128])


def test_points_of_alpha5() -> None:
    # 18,560 operations and 424 bytes in 670 cycles; 19,072 and 432 in 688
    axes = plot_roofline(result_of("alpha5"))
    assert points(axes, "fused") == [pytest.approx((18_560 / 424, 18_560 / 670))]
    assert points(axes, "unfused") == [pytest.approx((19_072 / 432, 19_072 / 688))]


@pytest.mark.parametrize("case", CASES)
def test_every_layer_with_operations_and_traffic_is_a_point(case: str) -> None:
    layers = result_of(case).layers
    axes = plot_roofline(result_of(case))
    for variant in ("fused", "unfused"):
        rows = layers[layers["variant"] == variant]
        moved = rows["dram_read_bytes"] + rows["dram_write_bytes"]
        both = (moved > 0) & (rows["ops"] > 0)
        expected = np.column_stack([rows["ops"] / moved, rows["ops"] / rows["cycles"]])[both]
        np.testing.assert_allclose(points(axes, variant), expected)


@pytest.mark.parametrize("case", CASES)
def test_no_layer_is_faster_than_the_dram_allows(case: str) -> None:
    shown = layer_points(result_of(case).layers)
    rate = float(result_of(case).config.machine.dram.bytes_per_cycle)
    assert (shown["attained"] <= rate * shown["intensity"] * (1 + 1e-12)).all()


def test_layers_without_traffic_are_counted_and_left_out() -> None:
    # A pooling between two layers, all of whose maps stay on chip, reads and writes nothing in DRAM.
    result = result_of("cifar, kept on chip")
    moved = result.layers["dram_read_bytes"] + result.layers["dram_write_bytes"]
    silent = set(result.layers.loc[moved == 0, "layer"])
    assert silent
    axes = plot_roofline(result)
    assert legend_rows(axes)[-1] == [f"not shown, for want of operations or DRAM traffic: {len(silent)}"]
    assert not silent & {text.get_text() for text in axes.texts}


def test_where_all_layers_are_shown_nothing_is_said_of_others() -> None:
    assert legend_rows(plot_roofline(result_of("alpha5"))) == [
        ["fused", "unfused"],
        ["128 operations and 4 bytes per cycle"],
    ]


def test_some_layers_are_named_and_no_name_lies_over_another() -> None:
    axes = plot_roofline(result_of("mobilenet, off chip"))
    axes.figure.draw_without_rendering()  # type: ignore[union-attr]
    boxes = [text.get_window_extent() for text in axes.texts]
    assert 1 <= len(boxes) <= NAMED_LAYERS
    for number, box in enumerate(boxes):
        assert not box.count_overlaps(boxes[:number])
        assert axes.bbox.containsx(box.x0)
        assert axes.bbox.containsx(box.x1)


def test_variants_of_a_layer_are_joined() -> None:
    axes = plot_roofline(result_of("alpha5"))
    (joint,) = (line for line in axes.lines if str(line.get_label()).startswith("_"))
    x, _ = joint.get_data()
    assert list(np.asarray(x)) == pytest.approx([18_560 / 424, 19_072 / 432])


@pytest.mark.parametrize("skip", ["false", "true"])
def test_points_of_sparse_weights_stay_under_the_roof(tmp_path: Path, skip: str) -> None:
    (tmp_path / "net.yaml").write_text(
        "name: net\ninput: {channels: 64, height: 16, width: 16}\nlayers:\n"
        "  - {name: conv, op: conv, out_channels: 64, kernel: 3, padding: 1, zero_weights: [{outputs: 0-55}]}\n"
    )
    changes = ["machine.array.sparsity=2:4", f"machine.array.skip_zero_folds={skip}", "machine.array.dataflow=os"]
    settings = [f"run.workload={tmp_path / 'net.yaml'}", "machine.array.ifmap_streaming=im2col", *changes]
    result = accelsim.simulate(accelsim.load_config(CONFIGS / "alpha5.yaml", settings))
    shown = layer_points(result.layers)
    roof = Roof.of(result.config.machine)
    assert (shown["attained"] <= roof.ops_per_cycle(shown["intensity"].to_numpy())).all()
    (executed,) = set(shown["executed_macs"])
    assert executed == 64 * 256 * 9 * 32 // (8 if skip == "true" else 1)
