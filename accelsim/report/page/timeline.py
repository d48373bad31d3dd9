"""The timeline: what every unit did, fused above unfused, on one axis that can be zoomed and dragged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from bokeh.layouts import gridplot
from bokeh.models import (
    BoxZoomTool,
    ColumnDataSource,
    FixedTicker,
    HoverTool,
    LinearAxis,
    NoOverlap,
    NumeralTickFormatter,
    PanTool,
    PlainText,
    Range1d,
    ResetTool,
    WheelZoomTool,
    ZoomInTool,
    ZoomOutTool,
)
from bokeh.models.annotations import BoxAnnotation
from bokeh.plotting import figure

from accelsim.experiment import UNITS
from accelsim.report.figures.style import WAITS, WORK
from accelsim.report.page.stacking import stacked
from accelsim.report.unit_names import UNIT_NAMES

if TYPE_CHECKING:
    import pandas as pd
    from bokeh.models import GridPlot
    from bokeh.models.glyphs import Quad
    from bokeh.models.renderers import DataRenderer, GlyphRenderer
    from bokeh.models.sources import DataDict
    from bokeh.models.text import BaseText

    from accelsim.report.figures.style import Look
    from accelsim.report.figures.time_axis import TimeAxis
    from accelsim.report.page.bars import Bars
    from accelsim.report.selection import Activity

LANE_PIXELS = 34
"""Height of a lane: room for its name, its operations, and its waits below them."""

AXES_PIXELS = 90
"""What the axes above and below the lanes and the title take."""

AXIS_LABEL_PIXELS = 22
"""What the label of the axis takes besides, below the last panel, so that lanes are equally high in all."""

LAYERS_PIXELS = 64
"""Room above the lanes for the title and the names of layers, kept where the view holds the middle of no layer."""

NAMES_PIXELS = 100
"""Room for the names of the units, the same in both panels, so that a cycle is at the same place in both."""

LABELS_FONT_SIZE = "12px"

LABELS_APART_PIXELS = 8
"""Between labels of an axis; names of layers that there is no room for come up when the view is near enough."""

CLOSEST_CYCLES = 10
"""Nearest view: nothing is shorter than a cycle."""

LAYER_COLOURS = ("#c9ced6", "#e2e5ea")
"""In turn, so that neighbours can be told apart."""

BATCHNORM_HATCH = "right_diagonal_line"
"""BatchNorm stands out by more than its colour."""

TRANSFERS = ("load", "store")
"""What is told with its bytes."""

_TIME_COLUMNS = ("start_cycle", "end_cycle", "length")

_COUNT_COLUMNS = ("busy_cycles", "covered_cycles", "bytes", "count")

_NOTHING_LEFT: dict[str, Any] = {"fill_color": "black", "fill_alpha": 0.08, "line_color": None}
"""How the time is shown when a variant is done and the other is not."""


class _Span(NamedTuple):
    """Lower and upper end of bars, in lanes from the middle of their own."""

    bottom: float
    top: float


OPERATION_SPAN, WAIT_SPAN, LAYER_SPAN = _Span(-0.14, 0.40), _Span(-0.38, -0.18), _Span(-0.30, 0.30)

_Tooltips = list[tuple[str, str]]

_TIMES: _Tooltips = [("start", "@start_cycle{0,0}"), ("end", "@end_cycle{0,0}"), ("length", "@length{0,0} cycles")]

_OPERATION: _Tooltips = [("unit", "@unit"), ("operation", "@what"), ("tile", "@tile"), ("layer", "@layer"), *_TIMES]

_WAIT: _Tooltips = [("unit", "@unit"), ("stalled on", "@what"), ("layer", "@layer"), *_TIMES]


def timeline(activity: Activity, bars: Bars, axis: TimeAxis) -> GridPlot:
    """Draw the units of each variant as lanes, with a lane of layers on top.

    Parameters
    ----------
    activity
        The part of the run that is shown.
    bars
        Its bars.
    axis
        How time is counted.

    Returns
    -------
    GridPlot
        A panel per variant, of its name; both have the same axis.
    """
    cycles = Range1d(
        start=axis.start_cycle,
        end=axis.end_cycle,
        bounds=(axis.start_cycle, axis.end_cycle),
        min_interval=min(CLOSEST_CYCLES, axis.cycles),
    )
    present = {*bars.operations["unit"], *bars.waits["unit"]}
    units = [unit for unit in reversed(UNITS) if unit in present]
    lanes = len(units) + 1
    panels = []
    for variant, window in activity.windows.items():
        origin = axis.origins[variant]
        operations, waits, layers = (
            _shifted(frame[frame["variant"] == variant], origin)
            for frame in (bars.operations, bars.waits, _as_bars(activity.layers))
        )
        panel = _panel(variant, lanes, cycles)
        panel.title = f"{variant}: {window.end_cycle - window.start_cycle:,} cycles"
        _name_lanes(panel, units, {*operations["unit"], *waits["unit"]})
        _draw_layers(panel, len(units), layers)
        _draw_operations(panel, units, operations, merged=bars.resolution_cycles > 0)
        _draw_waits(panel, units, waits, merged=bars.resolution_cycles > 0)
        panel.add_layout(BoxAnnotation(left=window.end_cycle - origin, **_NOTHING_LEFT))
        panels.append(panel)
    panels[-1].xaxis[-1].axis_label = "cycles"
    panels[-1].height = AXES_PIXELS + LANE_PIXELS * lanes + AXIS_LABEL_PIXELS
    return gridplot(
        [[panel] for panel in panels],
        sizing_mode="stretch_width",
        toolbar_location="above",
        toolbar_options={"logo": None},
    )


def _as_bars(layers: pd.DataFrame) -> pd.DataFrame:
    return layers.assign(end_cycle=layers["start_cycle"] + layers["cycles"])


def _shifted(bars: pd.DataFrame, cycles: int) -> pd.DataFrame:
    return bars.assign(
        start_cycle=bars["start_cycle"] - cycles,
        end_cycle=bars["end_cycle"] - cycles,
        length=bars["end_cycle"] - bars["start_cycle"],
    )


def _panel(variant: str, lanes: int, cycles: Range1d) -> figure:
    panel = figure(
        name=variant,
        height=AXES_PIXELS + LANE_PIXELS * lanes,
        x_range=cycles,
        y_range=Range1d(start=-0.5, end=lanes - 0.5),
        min_border_left=NAMES_PIXELS,
        min_border_top=LAYERS_PIXELS,
        min_border_right=20,
        tools=[
            PanTool(dimensions="width"),
            BoxZoomTool(dimensions="width"),
            # With a key: without, the page could not be scrolled past the timeline.
            WheelZoomTool(dimensions="width", modifiers="ctrl"),
            ZoomInTool(dimensions="width"),
            ZoomOutTool(dimensions="width"),
            ResetTool(),
        ],
    )
    panel.axis.major_label_text_font_size = LABELS_FONT_SIZE
    panel.xaxis.formatter = NumeralTickFormatter(format="0,0")
    panel.xaxis.major_label_policy = NoOverlap(min_distance=LABELS_APART_PIXELS)
    panel.ygrid.visible = False
    panel.outline_line_color = None
    return panel


def _name_lanes(panel: figure, units: Sequence[str], present: set[str]) -> None:
    names = [UNIT_NAMES[unit] if unit in present else f"no {UNIT_NAMES[unit]}" for unit in units]
    panel.yaxis.ticker = FixedTicker(ticks=list(range(len(names) + 1)))
    panel.yaxis.major_label_overrides = dict(enumerate([*names, "layer"]))
    panel.yaxis.major_tick_line_color = None
    panel.yaxis.axis_line_color = None


def _draw_layers(panel: figure, lane: int, layers: pd.DataFrame) -> None:
    cells: DataDict = {column: layers[column].to_numpy() for column in _TIME_COLUMNS}
    cells["layer"] = layers["layer"].tolist()
    cells["colour"] = [LAYER_COLOURS[index % len(LAYER_COLOURS)] for index in range(len(layers))]
    drawn = panel.quad(
        left="start_cycle",
        right="end_cycle",
        bottom=lane + LAYER_SPAN.bottom,
        top=lane + LAYER_SPAN.top,
        source=ColumnDataSource(cells),
        fill_color="colour",
        line_color=None,
    )
    _explain(panel, [drawn], [("layer", "@layer"), *_TIMES])
    middles = ((layers["start_cycle"] + layers["end_cycle"]) / 2).tolist()
    # As plain text: Bokeh takes other text for a formula if it is in dollars.
    names: dict[float | str, str | BaseText] = {
        middle: PlainText(text=name) for middle, name in zip(middles, layers["layer"], strict=True)
    }
    above = LinearAxis(
        major_label_overrides=names,
        major_label_policy=NoOverlap(min_distance=LABELS_APART_PIXELS),
        major_label_text_font_size=LABELS_FONT_SIZE,
        axis_line_color=None,
    )
    above.ticker = FixedTicker(ticks=middles)  # type: ignore[assignment]  # declared by its default
    panel.add_layout(above, "above")


def _draw_operations(panel: figure, units: Sequence[str], operations: pd.DataFrame, *, merged: bool) -> None:
    transfers: list[DataRenderer] = []
    others: list[DataRenderer] = []
    for work, look, bars in _by_look(stacked(operations, WORK), WORK):
        drawn = _draw(panel, units, bars, OPERATION_SPAN, look.colour)
        if work == "batchnorm":
            drawn.glyph.update(hatch_pattern=BATCHNORM_HATCH, hatch_color="white")
        (transfers if work in TRANSFERS else others).append(drawn)
    count = [("operations", "@count{0,0}")] if merged else []
    _explain(panel, transfers, [*_OPERATION, ("bytes", "@bytes{0,0}"), *count])
    _explain(panel, others, [*_OPERATION, ("busy", "@busy_cycles{0,0} cycles"), *count])


def _draw_waits(panel: figure, units: Sequence[str], waits: pd.DataFrame, *, merged: bool) -> None:
    drawn = [
        _draw(panel, units, bars, WAIT_SPAN, look.colour) for _, look, bars in _by_look(stacked(waits, WAITS), WAITS)
    ]
    count = [("waits", "@count{0,0}"), ("stalled", "@covered_cycles{0,0} cycles")] if merged else []
    _explain(panel, drawn, [*_WAIT, *count])


def _by_look(bars: pd.DataFrame, looks: Mapping[str, Look]) -> Iterator[tuple[str, Look, pd.DataFrame]]:
    for key, look in looks.items():
        chosen = bars[bars["look"] == key]
        if not chosen.empty:
            yield key, look, chosen


def _draw(panel: figure, units: Sequence[str], bars: pd.DataFrame, span: _Span, colour: str) -> GlyphRenderer[Quad]:
    lanes = bars["unit"].map(units.index).to_numpy()
    cells: DataDict = {column: bars[column].to_numpy() for column in (*_TIME_COLUMNS, *_COUNT_COLUMNS)}
    cells |= {column: bars[column].tolist() for column in ("what", "tile", "layer")}
    cells["unit"] = bars["unit"].map(UNIT_NAMES).tolist()
    height = span.top - span.bottom
    cells["bottom"] = lanes + span.bottom + height * bars["base"].to_numpy()
    cells["top"] = cells["bottom"] + height * bars["share"].to_numpy()
    return panel.quad(
        left="start_cycle",
        right="end_cycle",
        bottom="bottom",
        top="top",
        source=ColumnDataSource(cells),
        fill_color=colour,
        line_color=None,
    )


def _explain(panel: figure, drawn: Sequence[DataRenderer], tooltips: _Tooltips) -> None:
    if drawn:
        panel.add_tools(HoverTool(renderers=list(drawn), tooltips=tooltips, visible=False))
