"""The models of the timeline; what a browser makes of them is another test's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from bokeh.models import HoverTool

from accelsim.experiment import UNITS
from accelsim.report.figures.style import WAITS, WORK
from accelsim.report.figures.time_axis import time_axis
from accelsim.report.page.bars import bars_of
from accelsim.report.page.timeline import LAYER_SPAN, OPERATION_SPAN, WAIT_SPAN, timeline
from accelsim.report.selection import Window, select
from accelsim.report.unit_names import UNIT_NAMES
from accelsim.results.records import Records
from tests.report.page.hostile import LAYERS, hostile_result
from tests.results.runs import CASES, result_of


def drawn(
    records: Records, layers: list[str] | None = None, window: Window | None = None, most: int = 10**9
) -> dict[str, Any]:
    """Return the panels of a timeline, plots of Bokeh, by variant."""
    activity = select(records, layers or [], window)
    grid = timeline(activity, bars_of(activity, most), time_axis(activity, layers or [], window))
    return {str(panel.name): panel for panel, *_ in grid.children}


def quads(panel: Any) -> list[tuple[Any, dict[str, Any]]]:
    """Return all glyphs with their data."""
    return [(renderer.glyph, renderer.data_source.data) for renderer in panel.renderers]


def bars(panel: Any) -> pd.DataFrame:
    """Return all bars but those of layers, with the colour of each."""
    frames = [pd.DataFrame(data).assign(colour=quad.fill_color) for quad, data in quads(panel) if "unit" in data]
    return pd.concat(frames, ignore_index=True)


def tooltips(panel: Any) -> list[list[str]]:
    """Return what is told of the bars, kind of bar by kind."""
    hovers: list[Any] = [tool for tool in panel.tools if isinstance(tool, HoverTool)]
    return [[title for title, _ in hover.tooltips] for hover in hovers]


@pytest.mark.parametrize("case", CASES)
def test_every_operation_and_wait_is_drawn_in_the_lane_of_its_unit(case: str) -> None:
    result = result_of(case)
    units = [unit for unit in reversed(UNITS) if unit in set(result.events["unit"])]
    for variant, panel in drawn(result).items():
        shown = bars(panel)
        for frame, span in ((result.events, OPERATION_SPAN), (result.stalls, WAIT_SPAN)):
            of_variant = frame[frame["variant"] == variant]
            expected = pd.DataFrame(
                {
                    "start_cycle": of_variant["start_cycle"],
                    "end_cycle": of_variant["end_cycle"],
                    "bottom": of_variant["unit"].map(units.index) + span.bottom,
                    "unit": of_variant["unit"].map(UNIT_NAMES),
                    "layer": of_variant["layer"],
                }
            )
            found = shown[np.isclose(shown["top"] - shown["bottom"], span.top - span.bottom)][expected.columns]
            order = list(expected.columns)
            pd.testing.assert_frame_equal(
                found.sort_values(order).reset_index(drop=True), expected.sort_values(order).reset_index(drop=True)
            )


def test_colours_are_those_of_the_figures() -> None:
    shown = bars(drawn(result_of("alpha5"))["unfused"])
    colours = shown.set_index("what")["colour"].to_dict()
    assert colours["batchnorm"] == WORK["batchnorm"].colour
    assert colours["store ofmap"] == WORK["store"].colour
    assert colours["accumulate"] == colours["multiply"] == WORK["convolution"].colour
    assert colours["ofmap_full"] == WAITS["ofmap"].colour


def test_batchnorm_is_hatched_and_nothing_else() -> None:
    panels = drawn(result_of("alpha5"))
    hatched = {
        variant: [data["what"] for quad, data in quads(panel) if quad.hatch_pattern]
        for variant, panel in panels.items()
    }
    assert hatched == {"fused": [], "unfused": [["batchnorm"]]}


def test_variants_are_on_one_axis_that_ends_with_the_longer() -> None:
    panels = drawn(result_of("alpha5"))
    assert list(panels) == ["fused", "unfused"]
    axis = panels["fused"].x_range
    assert panels["unfused"].x_range is axis
    assert (axis.start, axis.end, axis.bounds) == (0, 688, (0, 688))
    assert panels["fused"].title.text == "fused: 670 cycles"


def test_a_unit_that_a_variant_lacks_keeps_its_lane() -> None:
    panels = drawn(result_of("resnet18"))
    names = {variant: list(panel.yaxis[0].major_label_overrides.values()) for variant, panel in panels.items()}
    assert names["unfused"][-1] == "layer"
    assert "BN stage" in names["unfused"]
    assert names["fused"] == [name.replace("BN stage", "no BN stage") for name in names["unfused"]]


def test_chosen_layers_begin_at_0_in_both_variants() -> None:
    result = result_of("resnet18")
    cycles = result.layers[result.layers["layer"] == "layer1.0.conv1"].set_index("variant")["cycles"]
    panels = drawn(result, ["layer1.0.conv1"])
    assert (panels["fused"].x_range.start, panels["fused"].x_range.end) == (0, cycles.max())
    for variant, panel in panels.items():
        ((_, layers),) = [found for found in quads(panel) if "unit" not in found[1]]
        assert (list(layers["start_cycle"]), list(layers["end_cycle"])) == ([0], [cycles[variant]])
        assert bars(panel)["start_cycle"].min() == 0


def test_a_window_keeps_its_cycles() -> None:
    panels = drawn(result_of("resnet18"), window=Window(1000, 3000))
    axis = panels["fused"].x_range
    assert (axis.start, axis.end) == (1000, 3000)


def test_layers_are_named_in_plain_text() -> None:
    for panel in drawn(hostile_result()).values():
        ((quad, layers),) = [found for found in quads(panel) if "unit" not in found[1]]
        assert quad.top - quad.bottom == pytest.approx(LAYER_SPAN.top - LAYER_SPAN.bottom)
        assert layers["layer"] == LAYERS
        names = panel.above[0].major_label_overrides.values()
        assert [(type(name).__name__, name.text) for name in names] == [("PlainText", layer) for layer in LAYERS]


def test_what_bars_tell() -> None:
    panel = drawn(result_of("alpha5"))["fused"]
    times = ["start", "end", "length"]
    assert tooltips(panel) == [
        ["layer", *times],
        ["unit", "operation", "tile", "layer", *times, "bytes"],
        ["unit", "operation", "tile", "layer", *times, "busy"],
        ["unit", "stalled on", "layer", *times],
    ]


def test_merged_bars_tell_how_many_they_are_and_are_as_high_as_their_share() -> None:
    result = result_of("resnet18")
    panel = drawn(result, most=2_000)["fused"]
    assert [names[-1] for names in tooltips(panel)] == ["length", "operations", "operations", "stalled"]
    shown = bars(panel)
    assert (shown["count"] > 1).any()
    colours = {look.colour for look in WORK.values()}
    whole = OPERATION_SPAN.top - OPERATION_SPAN.bottom
    operations = shown[shown["colour"].isin(colours)]
    share = operations["covered_cycles"] / (operations["end_cycle"] - operations["start_cycle"])
    assert (operations["top"] - operations["bottom"]).to_numpy() == pytest.approx((whole * share).to_numpy())
    single = bars(drawn(result)["fused"])
    single = single[single["colour"].isin(colours)]
    assert (single["top"] - single["bottom"]).to_numpy() == pytest.approx(whole)
