"""The designs of a sweep by two of their figures: all of them, and the best."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.cbook import pts_to_poststep
from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.ticker import LogLocator, NullLocator
from matplotlib.transforms import Bbox

from accelsim.documents.wording import counted
from accelsim.report.energy_unit import energy_unit
from accelsim.report.figures.legend import ENTRY_GAP_EM, PATCH_GAP_EM, ROW_PT
from accelsim.report.figures.roofline import MARKERS, NAME_HEIGHT_IN, TICKS
from accelsim.report.figures.style import (
    CHARACTER_IN,
    DOUBLE_COLUMN_IN,
    MIDDLE_GREY,
    POINTS_PER_INCH,
    VARIANTS,
    house_style,
    new_axes,
    size_in,
)
from accelsim.report.figures.wording import layer_name
from accelsim.sweep.importance import spans_a_decade
from accelsim.sweep.trade_off import trade_off

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from accelsim.sweep.trade_off import Design, TradeOff

HEIGHT_IN = 4.0

MAX_FEW_POINTS = 1000
"""With more the cloud is an image in the figure: shapes of their own would make a file of megabytes."""

CLOUD_PT = {"few": 3, "many": 1.5}
"""Diameters of the points of a cloud."""

CLOUD_ALPHA = {"few": 0.4, "many": 0.25}
"""Where points lie over one another they are darker."""

NAMED_DESIGNS = 8
"""So many designs of a front are named, if there is room."""

FRONT_PT = 1.1

MARKER_PT = 3.5

MARGINS = (0.05, 0.1)
"""Beside the outermost points and below the lowest ones, as shares of the axes: room for a name."""

NAME_GAP_PT = 3
"""Between a point and its name."""

UM2_PER_MM2 = 1e6

PJ_PER_J = 1e12

ROWS, COLS, LANES = "machine.array.rows", "machine.array.cols", "machine.bn.lanes"
"""The keys that name a design."""

TITLES = {
    "milliseconds": "time (ms)",
    "macs": "MACs",
    "ops": "operations",
    "dram_read_bytes": "bytes read from DRAM",
    "dram_write_bytes": "bytes written to DRAM",
    "dram_bytes": "bytes to and from DRAM",
    "average_bandwidth_bytes_per_cycle": "average bandwidth (bytes per cycle)",
    "conv_array_utilization": "utilisation of the array",
    "area_um2": "area (µm²)",
    "buffer_bytes": "buffers (bytes)",
    "cycles_x_area": "cycles × area (µm²)",
    "saved_cycles_percent": "cycles saved by fusing (%)",
    "saved_dram_bytes_percent": "DRAM bytes saved by fusing (%)",
    "saved_energy_percent": "energy saved by fusing (%)",
    "saved_energy_delay_percent": "energy · delay saved by fusing (%)",
}
"""What figures are called whose column does not say it in words."""


class Side(NamedTuple):
    """Where a name is beside its design: -1 for left or below, 1 for right or above."""

    right: int
    up: int


SIDES = ((Side(-1, -1), Side(1, -1)), (Side(1, 1), Side(-1, 1)))
"""Where the names of the first front are tried, and those of the second: where less is better, below is empty."""


class Scale(NamedTuple):
    """How a figure is shown along an axis."""

    title: str
    divisor: float
    """Of the figure's values."""

    is_logarithmic: bool

    @classmethod
    def of(cls, figure: str, values: pd.Series) -> Scale:
        """Return the scale for a figure with some values."""
        is_logarithmic = spans_a_decade(values.to_numpy(dtype=float))
        if figure == "area_um2" and values.max() >= UM2_PER_MM2:
            return cls("area (mm²)", UM2_PER_MM2, is_logarithmic)
        if figure == "energy_pj":
            unit = energy_unit(values.max())
            return cls(f"energy ({unit.name})", unit.pj, is_logarithmic)
        if figure == "energy_delay_joule_seconds":
            unit = energy_unit(values.max() * PJ_PER_J)
            return cls(f"energy · delay ({unit.name}·s)", unit.pj / PJ_PER_J, is_logarithmic)
        return cls(TITLES.get(figure, figure.replace("_", " ")), 1, is_logarithmic)


@house_style()
def plot_pareto(
    table: pd.DataFrame,
    axes: Axes | None = None,
    x: str | None = None,
    y: str = "cycles",
    network: str | None = None,
) -> Axes:
    """Draw all points of a sweep pale, and of each variant the front as a line.

    A front joins the designs that no other dominates: at any point of the line, the best ``y`` that is to be had for
    that ``x``. Some of its designs are named by what varies: rows × columns of the array, and BN lanes.

    Parameters
    ----------
    table
        The table of a sweep.
    axes
        Where to draw; a figure of its own by default.
    x, y
        Columns of figures. By default ``x`` is the area, or the multipliers if most points have no area.
    network
        The network, in the column ``workload``; only needed where there are several.

    Raises
    ------
    InputError
        If there is no such network, or it is not said which of several; if there is no such figure, both are the same,
        or no point has them.
    """
    shown = trade_off(table, x, y, network)
    axes = axes or new_axes(DOUBLE_COLUMN_IN, HEIGHT_IN)
    scales = Scale.of(shown.x, shown.rows[shown.x]), Scale.of(shown.y, shown.rows[shown.y])
    divisors = np.array([scale.divisor for scale in scales])
    fronts = {variant: shown.front(variant) for variant in shown.variants}
    for variant in reversed(fronts):  # fused designs are seldom worse, but often the same: they are not to be covered
        _draw_cloud(axes, shown, variant, divisors)
    lines = [_draw_front(axes, variant, fronts[variant], divisors) for variant in reversed(fronts)][::-1]
    _scale(axes, *scales)
    _name_designs(axes, lines, [list(_names(shown, front)) for front in fronts.values()])
    _add_title(axes, shown, scales, lines)
    return axes


def _draw_cloud(axes: Axes, shown: TradeOff, variant: str, divisors: NDArray[np.float64]) -> None:
    """Draw all points of a variant, those that come to the same once."""
    rows = shown.rows[shown.rows["variant"] == variant]
    points = rows[[shown.x, shown.y]].drop_duplicates().to_numpy(dtype=float) / divisors
    amount = "few" if len(points) <= MAX_FEW_POINTS else "many"
    axes.plot(
        *points.T,
        color=VARIANTS[variant].colour,
        alpha=CLOUD_ALPHA[amount],
        marker="o",
        markersize=CLOUD_PT[amount],
        markeredgewidth=0,
        linewidth=0,
        rasterized=amount == "many",
        zorder=1,
        label=f"_{variant}",
    )


def _draw_front(axes: Axes, variant: str, front: Sequence[Design], divisors: NDArray[np.float64]) -> Line2D:
    places = np.array([(design.x, design.y) for design in front]) / divisors
    (line,) = axes.step(
        *places.T,
        where="post",  # best in x first: up to the next design there is no better y
        color=VARIANTS[variant].colour,
        marker=MARKERS[variant],
        markersize=MARKER_PT,
        linewidth=FRONT_PT,
        label=variant,
    )
    return line


def _scale(axes: Axes, of_x: Scale, of_y: Scale) -> None:
    axes.set(xlabel=of_x.title, ylabel=of_y.title)
    if of_x.is_logarithmic:
        axes.set_xscale("log")
    if of_y.is_logarithmic:
        axes.set_yscale("log")
    for axis, scale in ((axes.xaxis, of_x), (axes.yaxis, of_y)):
        if scale.is_logarithmic:
            axis.set_major_locator(LogLocator(subs=TICKS))
            axis.set_minor_locator(NullLocator())
        axis.set_major_formatter("{x:z,.10g}")


def _names(shown: TradeOff, front: Sequence[Design]) -> Iterator[str]:
    """Name designs by what varies; by nothing if that is neither the array nor the lanes."""
    points = shown.points
    keys = [key for key in (ROWS, COLS, LANES) if key in points.columns and len(points[key].drop_duplicates()) > 1]
    for design in front:
        levels = {key: points.loc[[*design.points], key].drop_duplicates() for key in keys}
        yield ", ".join(_words({key: of_key.item() for key, of_key in levels.items() if len(of_key) == 1}))


def _words(values: Mapping[str, int]) -> Iterator[str]:
    if ROWS in values and COLS in values:
        yield f"{values[ROWS]}×{values[COLS]}"
    elif ROWS in values:
        yield counted(values[ROWS], "row")
    elif COLS in values:
        yield counted(values[COLS], "column")
    if LANES in values:
        yield counted(values[LANES], "BN lane")


def _name_designs(axes: Axes, lines: Sequence[Line2D], names: Sequence[Sequence[str]]) -> None:
    """Name designs of the fronts, each name once, where it lies over no other and over no front."""
    axes.margins(*MARGINS)
    axes.autoscale_view()  # or places are not yet known
    fronts = [_steps_in_inches(axes, line) for line in lines]
    taken: list[Bbox] = []
    for line, names_of_front, sides in zip(lines, names, SIDES, strict=False):
        designs = np.asarray(line.get_xydata())
        places = _inches(axes, designs)
        named = {""}
        for index in _ends_first(len(designs)):
            name = names_of_front[index]
            boxes = {side: _box(places[index], len(name) * CHARACTER_IN, side) for side in sides}
            free = [side for side, box in boxes.items() if _is_free(axes, box, taken, fronts)]
            if free and name not in named and len(named) <= NAMED_DESIGNS:
                named.add(name)
                taken.append(boxes[free[0]])
                _annotate(axes, designs[index], name, free[0])


def _ends_first(count: int) -> list[int]:
    """Return the indices of a sequence: both ends, the middle, the middles between these, and so on."""
    order = dict.fromkeys((0, count - 1))
    parts = 1
    while len(order) < count:
        parts *= 2
        order |= dict.fromkeys(round(part * (count - 1) / parts) for part in range(parts))
    return list(order)


def _annotate(axes: Axes, place: NDArray[np.float64], name: str, side: Side) -> None:
    axes.annotate(
        name,
        (place[0], place[1]),
        (side.right * NAME_GAP_PT, side.up * NAME_GAP_PT),
        textcoords="offset points",
        ha="left" if side.right > 0 else "right",
        va="bottom" if side.up > 0 else "top",
        bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.3},
    )


def _box(place_in: NDArray[np.float64], length_in: float, side: Side) -> Bbox:
    """Return where a name lies that is beside a place."""
    near = place_in + np.array(side) * NAME_GAP_PT / POINTS_PER_INCH
    far = near + np.array(side) * (length_in, NAME_HEIGHT_IN)
    return Bbox([np.minimum(near, far), np.maximum(near, far)])


def _is_free(axes: Axes, box: Bbox, taken: Sequence[Bbox], fronts: Sequence[Path]) -> bool:
    whole = Bbox.from_bounds(0, 0, *size_in(axes))
    inside = whole.count_contains(box.corners()) == len(box.corners())
    on_line = any(front.intersects_bbox(box, filled=False) for front in fronts)
    return inside and not on_line and not box.count_overlaps(taken)


def _steps_in_inches(axes: Axes, line: Line2D) -> Path:
    """Return the path of a front, with the corners between its designs."""
    x, y = pts_to_poststep(*np.asarray(line.get_xydata()).T)
    return Path(_inches(axes, np.column_stack([x, y])))


def _inches(axes: Axes, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where places in the data are, in inches from the corner of the axes."""
    return np.asarray((axes.transData - axes.transAxes).transform(places) * size_in(axes))


def _add_title(axes: Axes, shown: TradeOff, scales: tuple[Scale, Scale], lines: Sequence[Line2D]) -> None:
    x, y = (scale.title.partition(" (")[0] for scale in scales)
    points = len(shown.rows["point"].unique())
    what = f"{y[0].upper()}{y[1:]} against {x}\n{layer_name(shown.network)}, {counted(points, 'point')}"
    axes.set_title(what, pad=3 + ROW_PT)
    other = Line2D([], [], color=MIDDLE_GREY, marker="o", markersize=CLOUD_PT["few"], linewidth=0, label="all points")
    axes.legend(
        handles=[*lines, other],
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=len(lines) + 1,
        borderaxespad=0.2,
        borderpad=0.1,
        handlelength=2,
        handletextpad=PATCH_GAP_EM,
        columnspacing=ENTRY_GAP_EM,
    )
