"""DRAM bandwidth over time: read and written, fused above unfused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D

from accelsim.report.figures.legend import add_title, patches
from accelsim.report.figures.style import BLACK, DOUBLE_COLUMN_IN, WORK, Look, house_style, new_axes
from accelsim.report.figures.time_axis import averaging_cycles, time_axis
from accelsim.report.figures.work import work_of
from accelsim.report.selection import Window, select
from accelsim.results.bandwidth import spread_over_windows, window_edges

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from accelsim.results.records import Records

MAX_WINDOWS = 256
"""So many averages are shown, each at least two pixels of a screen wide."""

LANE_IN = 0.9
"""Height of one variant."""

MARGIN_IN = 0.8
"""Of the height, for the title, the legend and the cycles below."""

LANE_LIMITS = 1.4
"""From one variant to the next, in limits of the DRAM: the name of the variant stands between them."""

TRANSFERS = {"load": Look("read", WORK["load"].colour), "store": Look("written", WORK["store"].colour)}


@house_style()
def plot_bandwidth(
    records: Records, axes: Axes | None = None, layers: Sequence[str] = (), window: Window | None = None
) -> Axes:
    """Draw the bytes per cycle that were read and written, averages over short windows, against the DRAM's limit.

    Parameters
    ----------
    records
        The result.
    axes
        Where to draw; a figure of its own by default.
    layers
        Names of layers; all where there are none. Time is counted from where they begin, then.
    window
        Cycles, from the start of each variant; all by default.

    Raises
    ------
    InputError
        If there is no such layer, or nothing in the window.
    """
    activity = select(records, layers, window)
    time = time_axis(activity, layers, window)
    limit = float(records.config.machine.dram.bytes_per_cycle)
    axes = axes or new_axes(DOUBLE_COLUMN_IN, MARGIN_IN + LANE_IN * len(time.spans))
    transfers = time.placed(activity.events[activity.events["unit"] == "dma"])
    work = work_of(transfers)
    window_cycles = averaging_cycles(time.cycles, MAX_WINDOWS)
    offsets = {variant: -LANE_LIMITS * limit * lane for lane, variant in enumerate(time.spans)}
    for variant, span in time.spans.items():
        edges = window_edges(*span, window_cycles)
        moved_bytes = 0.0
        below = np.full(len(edges) - 1, offsets[variant])
        for key, look in TRANSFERS.items():
            moved = transfers[(transfers["variant"] == variant) & (work == key)]
            moved_by_window = spread_over_windows(moved, moved["bytes"].to_numpy(), edges)
            moved_bytes += moved_by_window.sum()
            rate = moved_by_window / np.diff(edges)
            axes.stairs(
                below + rate,
                edges,
                baseline=below,
                fill=True,
                color=look.colour,
                linewidth=0,
                label=f"{variant}: {look.name}",
            )
            below = below + rate
        axes.axhline(offsets[variant] + limit, color=BLACK, linestyle="--", linewidth=0.6)
        axes.axhline(offsets[variant], color=BLACK, linewidth=0.6)
        axes.annotate(
            f"{variant}: {moved_bytes / (span.end_cycle - span.start_cycle):z,.4g} on average",
            (0, offsets[variant] + limit),
            (2, 2),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
        )
    ticks = [(offset + share * limit, share * limit) for offset in offsets.values() for share in (0, 0.5, 1)]
    axes.set_yticks([place for place, _ in ticks], [f"{value:z,.4g}" for _, value in ticks])
    axes.set_ylim(min(offsets.values()), LANE_LIMITS * limit)
    axes.set_ylabel("bytes per cycle")
    time.label_axes(axes)
    line = Line2D([], [], color=BLACK, linestyle="--", linewidth=0.6, label="limit of the DRAM")
    plural = "s" * (window_cycles > 1)
    what = f"DRAM bandwidth, averaged over windows of {window_cycles:,} cycle{plural}"
    add_title(axes, what, records, [*patches(TRANSFERS.values()), line])
    return axes
