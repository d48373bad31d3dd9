"""The timeline: what every unit did and waited for, fused above unfused, on one axis of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import TYPE_CHECKING, NamedTuple

from matplotlib.patches import Rectangle

from accelsim.report.figures.legend import Heading, add_title, patches
from accelsim.report.figures.strips import Strip, draw_bars, draw_shares
from accelsim.report.figures.style import (
    BLACK,
    CHARACTER_IN,
    DOUBLE_COLUMN_IN,
    LIGHT_GREY,
    PALE_GREY,
    WAITS,
    WORK,
    house_style,
    new_axes,
    size_in,
)
from accelsim.report.figures.time_axis import averaging_cycles, time_axis
from accelsim.report.figures.waits import awaited
from accelsim.report.figures.wording import layer_name
from accelsim.report.figures.work import work_of
from accelsim.report.selection import Window, select
from accelsim.report.unit_names import UNIT_NAMES
from accelsim.results.bandwidth import window_edges
from accelsim.results.saved import saved_percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes

    from accelsim.report.figures.time_axis import TimeAxis
    from accelsim.results.records import Records

ROW_IN = 0.17

MARGIN_IN = 0.9
"""Of the height, for the title, the legend and the cycles below."""

MAX_BARS = 4000
"""Of more operations and waits most would be narrower than can be seen, so shares of short windows take their place."""

LAYER_COLOURS = (PALE_GREY, LIGHT_GREY)
"""One after the other, so that the border between two layers shows."""

MAX_WINDOWS = 512
"""One for every pixel or two of a screen."""

HEADER_ROWS = 2

GAP_ROWS = 0.5
"""Between the lanes of the two variants."""


class Lane(NamedTuple):
    """A row for one unit of one variant. It begins ``top`` rows below the upper edge."""

    variant: str
    unit: str
    top: float

    @property
    def work(self) -> Strip:
        """Where its operations are."""
        return Strip(f"{self.variant} {self.unit}", self.top + 0.08, self.top + 0.70)

    @property
    def waits(self) -> Strip:
        """Where its waits are: below, and thinner."""
        return Strip(f"{self.variant} {self.unit} waits for", self.top + 0.74, self.top + 0.92)


class Group(NamedTuple):
    """The lanes of one variant, and above them a row that says so and one for its layers."""

    variant: str
    top: float
    lanes: list[Lane]

    @property
    def bottom(self) -> float:
        """The lower edge of the last lane."""
        return self.top + HEADER_ROWS + len(self.lanes)


@house_style()
def plot_timeline(
    records: Records, axes: Axes | None = None, layers: Sequence[str] = (), window: Window | None = None
) -> Axes:
    """Draw a lane for every unit of every variant: its operations, and below them, thinner, its waits.

    Bars are whole operations, also where a unit was busy for a part of one only: it was stalled for the rest, and that
    shows below it. Where there are too many operations to tell them apart, time is cut into short windows, and each
    lane filled in each of them by the share of its cycles.

    Parameters
    ----------
    records
        The result.
    axes
        Where to draw; a figure of its own by default.
    layers
        Names of layers; all where there are none. Time is counted from where they begin, then, in each variant.
    window
        Cycles, from the start of each variant; all by default.

    Raises
    ------
    InputError
        If there is no such layer, or nothing in the window.
    """
    activity = select(records, layers, window)
    time = time_axis(activity, layers, window)
    events = time.placed(activity.events.assign(look=work_of(activity.events)))
    stalls = time.placed(activity.stalls.assign(look=activity.stalls["stalled_on"].map(awaited)))
    active = {*events["unit"], *stalls["unit"]}
    groups = list(_groups(list(time.spans), [unit for unit in UNIT_NAMES if unit in active]))
    lanes = [lane for group in groups for lane in group.lanes]
    axes = axes or new_axes(DOUBLE_COLUMN_IN, MARGIN_IN + ROW_IN * groups[-1].bottom)
    axes.set_ylim(groups[-1].bottom, 0)
    time.label_axes(axes)
    _draw_lanes(axes, lanes, events, stalls, time)
    placed_layers = time.placed(_with_ends(activity.layers))
    ended = _ended(records, activity.windows, window)
    for group in groups:
        of_variant = placed_layers[placed_layers["variant"] == group.variant]
        _draw_layers(axes, group, of_variant)
        _draw_end(axes, group, time, ended)
    axes.set_yticks([lane.top + 0.5 for lane in lanes], [_lane_name(records, lane) for lane in lanes])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    done, awaits = set(events["look"]), set(stalls["look"])
    waits = patches(look for wait, look in WAITS.items() if wait in awaits)
    waiting = [Heading("waits for:"), *waits] if waits else []
    add_title(axes, "Timeline", records, patches(look for work, look in WORK.items() if work in done), waiting)
    return axes


def _groups(variants: Sequence[str], units: Sequence[str]) -> Iterator[Group]:
    for place, variant in enumerate(variants):
        top = place * (HEADER_ROWS + len(units) + GAP_ROWS)
        yield Group(variant, top, [Lane(variant, unit, top + HEADER_ROWS + row) for row, unit in enumerate(units)])


def _lane_name(records: Records, lane: Lane) -> str:
    """Name the unit of a lane, or say that the variant's machine is without it."""
    present = set(records.units.loc[records.units["variant"] == lane.variant, "unit"])
    return UNIT_NAMES[lane.unit] if lane.unit in present else f"no {UNIT_NAMES[lane.unit]}"


def _draw_lanes(axes: Axes, lanes: Sequence[Lane], events: pd.DataFrame, stalls: pd.DataFrame, time: TimeAxis) -> None:
    shares = len(events) + len(stalls) > MAX_BARS
    window_cycles = averaging_cycles(time.cycles, MAX_WINDOWS)
    for lane in lanes:
        for strip, rows, looks in ((lane.work, events, WORK), (lane.waits, stalls, WAITS)):
            spans = rows[(rows["variant"] == lane.variant) & (rows["unit"] == lane.unit)]
            if shares:
                draw_shares(axes, strip, spans, looks, window_edges(*time.spans[lane.variant], window_cycles))
            else:
                draw_bars(axes, strip, spans, looks, time.cycles)
    if shares:
        axes.set_xlabel(f"{time.label} (lanes are filled by their share of each {window_cycles:,} cycles)")


def _with_ends(layers: pd.DataFrame) -> pd.DataFrame:
    return layers.assign(end_cycle=layers["start_cycle"] + layers["cycles"])


def _draw_layers(axes: Axes, group: Group, layers: pd.DataFrame) -> None:
    """Draw above the lanes which layer is executed when, and name it where there is room."""
    start, end = axes.get_xlim()
    inches_per_cycle = size_in(axes)[0] / (end - start)
    middle = group.top + HEADER_ROWS - 0.5
    shown = zip(
        layers["layer"], layers["start_cycle"].clip(lower=start), layers["end_cycle"].clip(upper=end), strict=True
    )
    for place, (name, first, last) in enumerate(shown):
        colour = LAYER_COLOURS[place % len(LAYER_COLOURS)]
        axes.broken_barh([(first, last - first)], (middle - 0.4, 0.8), facecolors=colour, label=name)
        text = layer_name(name)
        if len(text) * CHARACTER_IN < (last - first) * inches_per_cycle:
            axes.text((first + last) / 2, middle, text, ha="center", va="center")


def _ended(records: Records, windows: Mapping[str, Window], window: Window | None) -> set[str]:
    """Return the variants that are shown to their end, or to that of the layers chosen."""
    ends = {str(variant): total.cycles for variant, total in records.summary.variants.items()}
    return {variant for variant, shown in windows.items() if window is None or shown.end_cycle == ends[variant]}


def _draw_end(axes: Axes, group: Group, time: TimeAxis, ended: Set[str]) -> None:
    """Name the variant above its lanes; if it ends, mark that, and how much later the unfused one does."""
    text = group.variant
    if group.variant in ended:
        end = time.spans[group.variant].end_cycle
        text += f": {end:,} cycles"
        top, bottom = group.top + HEADER_ROWS, group.bottom
        axes.vlines(end, top, bottom, color=BLACK, linewidth=0.8, clip_on=False, label=f"end of {group.variant}")
        if group.variant != "unfused" and "unfused" in ended:
            later = time.spans["unfused"].end_cycle
            text += f", {later - end:,} saved ({saved_percent(end, later):z.2f} %)"
            axes.add_patch(
                Rectangle(
                    (end, top),
                    max(later - end, 0),
                    bottom - top,
                    facecolor=PALE_GREY,
                    hatch="////",
                    edgecolor="white",
                    linewidth=0,
                    label="saved",
                )
            )
    axes.annotate(text, (0, group.top + 0.5), xycoords=axes.get_yaxis_transform(), va="center", weight="bold")
