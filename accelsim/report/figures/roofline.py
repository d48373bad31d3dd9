"""The roofline: what every layer attains, below what the array and the DRAM allow.

Williams, Waterman and Patterson, "Roofline: an insightful visual performance model", CACM 52(4), 2009.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator
from matplotlib.transforms import Bbox

from accelsim.report.figures.legend import Heading, add_title
from accelsim.report.figures.style import (
    BLACK,
    CHARACTER_IN,
    MIDDLE_GREY,
    POINTS_PER_INCH,
    SINGLE_COLUMN_IN,
    TEXT_PT,
    VARIANTS,
    house_style,
    new_axes,
    size_in,
)
from accelsim.report.figures.wording import layer_name
from accelsim.report.selection import select

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from accelsim.config.machine import MachineConfig
    from accelsim.results.records import Records

HEIGHT_IN = 3.0

OPS_PER_MAC = 2

MARKERS = {"fused": "o", "unfused": "s", "fused_into_requant": "^"}

MARKER_PT = 3.5

ROOF_PT = 0.9

NAMED_LAYERS = 6
"""So many layers are named, if there is room: those in which most cycles go by that the roof would not ask for."""

NAME_GAP_PT = 4
"""Between a point and its name."""

NAME_HEIGHT_IN = 1.2 * TEXT_PT / POINTS_PER_INCH

BEYOND = 1.6
"""The axes reach so much further than the points and the ridge."""

TICKS = (1, 3)
"""Digits with a tick: about equal steps on a logarithmic axis."""

ROOF_SAMPLES = 200
"""Points of the roof that names keep clear of: closer to one another than the letters are."""


class Roof(NamedTuple):
    """What the machine allows."""

    peak_ops_per_cycle: float
    bytes_per_cycle: float

    @classmethod
    def of(cls, machine: MachineConfig) -> Roof:
        """Return the roof of a machine: a MAC in every PE and cycle, and the DRAM's rate."""
        peak = OPS_PER_MAC * machine.array.rows * machine.array.cols
        return cls(peak, float(machine.dram.bytes_per_cycle))

    def ops_per_cycle(self, intensity: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what is attainable with so many operations per DRAM byte."""
        return np.minimum(self.peak_ops_per_cycle, self.bytes_per_cycle * intensity)


@house_style()
def plot_roofline(records: Records, axes: Axes | None = None, layers: Sequence[str] = ()) -> Axes:
    """Draw a point for every variant of every layer: operations per cycle over operations per DRAM byte.

    The roof is the array's peak, 2 · rows · cols operations per cycle, and the DRAM's bytes per cycle. Of sparse
    weights those operations count that are executed. Layers without an operation, or without a byte to or from DRAM,
    have no place here; a line above says how many there are.

    Parameters
    ----------
    records
        The result.
    axes
        Where to draw; a figure of its own by default.
    layers
        Names of layers; all where there are none.

    Raises
    ------
    InputError
        If there is no such layer.
    """
    shown = select(records, layers).layers
    points = layer_points(shown)
    roof = Roof.of(records.config.machine)
    axes = axes or new_axes(SINGLE_COLUMN_IN, HEIGHT_IN)
    _draw_roof(axes, points, roof)
    for _, of_layer in points.groupby("layer", sort=False):
        axes.plot(of_layer["intensity"], of_layer["attained"], color=MIDDLE_GREY, linewidth=0.5, zorder=1)
    variants = list(dict.fromkeys(shown["variant"]))
    markers = [_markers(axes, points[points["variant"] == variant], variant) for variant in variants]
    _name_layers(axes, points, roof)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=TICKS))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter("{x:z,.10g}")
    axes.set_xlabel("operations per DRAM byte")
    axes.set_ylabel("operations per cycle")
    limits = f"{roof.peak_ops_per_cycle:z,.10g} operations and {roof.bytes_per_cycle:z,.4g} bytes per cycle"
    rows: list[list[Artist]] = [[*markers], [Line2D([], [], color=BLACK, linewidth=ROOF_PT, label=limits)]]
    left_out = shown["layer"].nunique() - points["layer"].nunique()
    if left_out:
        rows.append([Heading(f"not shown, for want of operations or DRAM traffic: {left_out}")])
    add_title(axes, "Roofline", records, *rows)
    return axes


def layer_points(layers: pd.DataFrame) -> pd.DataFrame:
    """Return the layers that have operations and DRAM traffic, with two columns more.

    ``intensity`` is in operations per byte, ``attained`` in operations per cycle.
    """
    moved = layers["dram_read_bytes"] + layers["dram_write_bytes"]
    executed = layers["ops"] - OPS_PER_MAC * (layers["macs"] - layers["executed_macs"])
    with_both = layers[(moved > 0) & (executed > 0)]
    return with_both.assign(intensity=executed / moved, attained=executed / with_both["cycles"])


def _draw_roof(axes: Axes, points: pd.DataFrame, roof: Roof) -> None:
    """Draw the roof, from a little left of the first point to a little right of the last."""
    ridge = roof.peak_ops_per_cycle / roof.bytes_per_cycle
    ends = np.array([min(ridge, *points["intensity"]) / BEYOND, ridge, max(ridge, *points["intensity"]) * BEYOND])
    axes.loglog(ends, roof.ops_per_cycle(ends), color=BLACK, linewidth=ROOF_PT, label="roof")
    highest = max(roof.peak_ops_per_cycle, *points["attained"])
    lowest = min(roof.peak_ops_per_cycle, *points["attained"])
    axes.set_xlim(ends[0], ends[-1])
    axes.set_ylim(lowest / BEYOND, highest * BEYOND)


def _markers(axes: Axes, points: pd.DataFrame, variant: str) -> Line2D:
    (line,) = axes.plot(
        points["intensity"],
        points["attained"],
        color=VARIANTS[variant].colour,
        marker=MARKERS[variant],
        markersize=MARKER_PT,
        markerfacecolor="none",
        linewidth=0,
        label=variant,
    )
    return line


def _name_layers(axes: Axes, points: pd.DataFrame, roof: Roof) -> None:
    """Name layers right or left of their points, where the name lies over no other one, no point and not the roof."""
    lost = points["cycles"] * (1 - points["attained"] / roof.ops_per_cycle(points["intensity"].to_numpy()))
    ranked = points.loc[lost.sort_values(ascending=False, kind="stable").index].drop_duplicates("layer")
    along = np.geomspace(*axes.get_xlim(), ROOF_SAMPLES)
    of_points = _inches(axes, points["intensity"], points["attained"])
    of_roof = _inches(axes, along, roof.ops_per_cycle(along))
    places = _inches(axes, ranked["intensity"], ranked["attained"])
    taken: list[Bbox] = []
    for name, intensity, attained, place in zip(
        ranked["layer"].map(layer_name), ranked["intensity"], ranked["attained"], places, strict=True
    ):
        sides = {align: _box(place, len(name) * CHARACTER_IN, align) for align in ("left", "right")}
        free = [
            align
            for align, box in sides.items()
            if box.x0 >= 0
            and box.x1 <= size_in(axes)[0]
            and not box.padded(MARKER_PT / 2 / POINTS_PER_INCH).count_contains(of_points)
            and not box.count_contains(of_roof)
            and not box.count_overlaps(taken)
        ]
        if free:
            taken.append(sides[free[0]])
            offset_pt = NAME_GAP_PT if free[0] == "left" else -NAME_GAP_PT
            axes.annotate(
                name,
                (intensity, attained),
                (offset_pt, 0),
                textcoords="offset points",
                ha=free[0],
                va="center_baseline",
            )
        if len(taken) == NAMED_LAYERS:
            return


def _box(point_in: NDArray[np.float64], length_in: float, align: str) -> Bbox:
    """Return where a name lies that is aligned to its point on the left, or on the right."""
    gap_in = NAME_GAP_PT / POINTS_PER_INCH
    left = point_in[0] + gap_in if align == "left" else point_in[0] - gap_in - length_in
    return Bbox.from_bounds(left, point_in[1] - NAME_HEIGHT_IN / 2, length_in, NAME_HEIGHT_IN)


def _inches(axes: Axes, intensity: ArrayLike, attained: ArrayLike) -> NDArray[np.float64]:
    """Return where points are, in inches from the corner of the axes."""
    places = (axes.transData - axes.transAxes).transform(np.column_stack([intensity, attained]))
    return np.asarray(places * size_in(axes))
