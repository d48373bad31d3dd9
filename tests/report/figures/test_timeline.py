"""The timeline: bars are the operations, shares add up to them."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from accelsim.report.figures.timeline import MAX_BARS, Lane, plot_timeline
from accelsim.report.selection import Window
from tests.report.figures.drawn import legend_rows, steps
from tests.report.figures.runs import folded_ahead, fused_alone
from tests.results.runs import result_of

Bars = list[tuple[float, float]]


def bars(axes: Axes) -> dict[str, Bars]:
    """Start and end of all bars, by what they are labelled."""
    found: dict[str, Bars] = {}
    for collection in axes.collections:
        extents = [path.get_extents() for path in collection.get_paths()]
        found.setdefault(str(collection.get_label()), []).extend((box.x0, box.x1) for box in extents)
    return found


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_bars_of_alpha5_are_its_operations_and_waits() -> None:
    found = bars(plot_timeline(result_of("alpha5")))
    assert found["fused dma: load"] == [(0, 2), (2, 18), (18, 90)]
    assert found["fused dma: store"] == [(654, 670)]
    assert found["fused dma waits for: ofmap"] == [(90, 654)]
    assert found["fused function_unit: convolution"] == [(100, 622)]
    assert found["fused function_unit: activation, read-out"] == [(622, 638), (638, 654)]
    assert found["unfused function_unit: BatchNorm"] == [(624, 640)]
    assert found["unfused conv_array waits for: weights"] == [(30, 102)]
    assert found["unfused function_unit waits for: another unit"] == [(0, 102), (426, 624)]
    assert "fused function_unit: BatchNorm" not in found


def test_every_operation_and_wait_of_a_layer_has_a_bar() -> None:
    result = result_of("resnet18")
    found = bars(plot_timeline(result, layers=["layer2.0.conv2"]))
    for variant in ("fused", "unfused"):
        (start,) = result.layers.query(f"variant == '{variant}' and layer == 'layer2.0.conv2'")["start_cycle"]
        for frame, mark in ((result.events, ":"), (result.stalls, " waits for:")):
            rows = frame[(frame["variant"] == variant) & (frame["layer"] == "layer2.0.conv2")]
            for unit, of_unit in rows.groupby("unit"):
                expected = zip(of_unit["start_cycle"] - start, of_unit["end_cycle"] - start, strict=True)
                labels = [label for label in found if label.startswith(f"{variant} {unit}{mark}")]
                drawn = [bar for label in labels for bar in found[label]]
                assert sorted(drawn) == sorted(expected)


@pytest.mark.parametrize("case", ["resnet18", "mobilenet, off chip"])
def test_of_many_operations_shares_of_windows_add_up_to_their_cycles(case: str) -> None:
    result = result_of(case)
    assert len(result.events) + len(result.stalls) > MAX_BARS
    drawn = steps(plot_timeline(result))
    lanes = result.units[["variant", "unit"]].drop_duplicates()
    for variant, unit in zip(lanes["variant"], lanes["unit"], strict=True):
        lane = Lane(variant, unit, 0)
        for frame, strip in ((result.events, lane.work), (result.stalls, lane.waits)):
            rows = frame[(frame["variant"] == variant) & (frame["unit"] == unit)]
            areas = [area.area for area in drawn if area.label.startswith(f"{strip.name}:")]
            assert sum(areas) / strip.height == pytest.approx((rows["end_cycle"] - rows["start_cycle"]).sum())


def test_ends_and_what_is_saved_are_marked() -> None:
    axes = plot_timeline(result_of("alpha5"))
    assert "fused: 670 cycles, 18 saved (2.62 %)" in texts(axes)
    assert "unfused: 688 cycles" in texts(axes)
    found = bars(axes)
    assert found["end of fused"] == [(670, 670)]
    assert found["end of unfused"] == [(688, 688)]
    (saved,) = (patch for patch in axes.patches if patch.get_label() == "saved")
    assert isinstance(saved, Rectangle)
    assert (saved.get_x(), saved.get_width()) == (670, 18)
    assert axes.get_xlim() == (0, 688)


def test_fused_is_above_unfused() -> None:
    axes = plot_timeline(result_of("alpha5"))
    places = [float(text.xy[1]) for text in axes.texts if hasattr(text, "xy")]
    bottom, top = axes.get_ylim()
    assert bottom > places[1] > places[0] > top == 0


def test_an_end_out_of_view_is_not_marked() -> None:
    axes = plot_timeline(result_of("alpha5"), window=Window(600, 680))
    assert "fused: 670 cycles" in texts(axes)
    assert "unfused" in texts(axes)
    assert "end of unfused" not in bars(axes)
    assert axes.get_xlim() == (600, 680)


def test_a_window_without_a_wait_has_no_legend_for_waits() -> None:
    # alpha5: the fused variant is over, and of the unfused one only the last store is left
    axes = plot_timeline(result_of("alpha5"), window=Window(672, 688))
    assert bars(axes)["unfused dma: store"] == [(672, 688)]
    assert legend_rows(axes) == [["store"]]


def test_a_layer_begins_at_0_in_both_variants() -> None:
    axes = plot_timeline(result_of("resnet18"), layers=["layer1.0.conv1"])
    found = bars(axes)
    assert min(found["fused dma: load"])[0] == min(found["unfused dma: load"])[0] == 0
    assert axes.get_xlabel() == "cycles from the start of layer1.0.conv1"


def test_layers_have_their_borders_and_names_where_there_is_room() -> None:
    result = result_of("resnet18")
    axes = plot_timeline(result)
    starts = result.layers.loc[result.layers["layer"] == "layer4.0.conv1", ["start_cycle", "cycles"]]
    expected = [(start, start + cycles) for start, cycles in starts.itertuples(index=False)]
    assert bars(axes)["layer4.0.conv1"] == expected
    # of 2.2 million cycles on 6 inches conv1 takes 130,000, a third of an inch; the last pooling 1,000
    assert "conv1" in texts(axes)
    assert "avgpool" not in texts(axes)


def test_lanes_are_the_units_that_do_something() -> None:
    axes = plot_timeline(result_of("resnet18"), layers=["layer1.0.conv1"])
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ["DMA", "conv array", "no BN stage", "activation", "DMA", "conv array", "BN stage", "activation"]


def test_one_variant_has_its_lanes_alone() -> None:
    axes = plot_timeline(fused_alone())
    assert [text.get_text() for text in axes.get_yticklabels()] == ["DMA", "conv array", "function unit"]
    assert "fused: 670 cycles" in texts(axes)


def test_a_layer_of_the_unfused_variant_alone_has_no_saving(tmp_path: Path) -> None:
    axes = plot_timeline(folded_ahead(tmp_path), layers=["层"])
    assert {label.split()[0] for label in bars(axes) if "dma" in label} == {"unfused"}
    assert not any("saved" in text for text in texts(axes))
