"""How every unit spent its cycles: busy, stalled, idle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D

from accelsim.report.figures.legend import add_title, patches
from accelsim.report.figures.style import BLACK, SINGLE_COLUMN_IN, USE, house_style, new_axes
from accelsim.report.figures.wording import of_layers
from accelsim.report.selection import select
from accelsim.report.unit_names import UNIT_NAMES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from accelsim.results.records import Records

BAR_IN = 0.14

GAP = 0.5
"""Between the bars of two units, in bars."""

MARGIN_IN = 1.0
"""Of the height, for the title, the legend and the cycles below."""


@house_style()
def plot_utilization(records: Records, axes: Axes | None = None, layers: Sequence[str] = ()) -> Axes:
    """Draw a bar for every unit and variant, and on those of the conv array a mark for the MACs done of those possible.

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
    percents = _percents(records, shown)
    places = _places(percents)
    axes = axes or new_axes(SINGLE_COLUMN_IN, MARGIN_IN + BAR_IN * (places[-1] + 1))
    left = np.zeros(len(percents))
    for use, look in USE.items():
        axes.barh(places, percents[use], 0.9, left=left, color=look.colour, label=look.name)
        left += percents[use].to_numpy()
    macs = _macs_percent(records, shown)
    array = [place for place, (unit, _) in zip(places, percents.index, strict=True) if unit == "conv_array"]
    mark = Line2D([], [], color=BLACK, marker="D", markersize=3, linewidth=0, label="MACs done of those possible")
    axes.plot(macs, array, color=BLACK, marker="D", markersize=3, linewidth=0, label=mark.get_label())
    axes.set_yticks(places, [f"{UNIT_NAMES[unit]}, {variant}" for unit, variant in percents.index])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(places[-1] + 0.6, -0.6)
    axes.set_xlim(0, 100)
    axes.set_xlabel("cycles (%)")
    add_title(axes, f"Use of the units{of_layers(layers)}", records, patches(USE.values()), [mark])
    return axes


def _percents(records: Records, shown: pd.DataFrame) -> pd.DataFrame:
    """Return one row per unit and variant: busy, stalled and idle cycles in per cent of all."""
    units = records.units[records.units["layer"].isin(shown["layer"])]
    columns = {f"{use}_cycles": use for use in USE}
    cycles = units.groupby(["unit", "variant"], sort=False)[[*columns]].sum().rename(columns=columns)
    order = [(unit, variant) for unit in UNIT_NAMES for variant in records.summary.variants]
    cycles = cycles.reindex([row for row in order if row in cycles.index])
    return 100 * cycles.div(cycles.sum(axis=1), axis=0)


def _places(percents: pd.DataFrame) -> list[float]:
    """Return where the bars are, with gaps between units."""
    units = list(percents.index.get_level_values("unit"))
    return [row + GAP * units[: row + 1].index(unit) for row, unit in enumerate(units)]


def _macs_percent(records: Records, shown: pd.DataFrame) -> list[float]:
    """Return the share of the MACs possible that were done, in each variant."""
    array = records.config.machine.array
    sums = shown.groupby("variant", sort=False)[["executed_macs", "cycles"]].sum()
    return list(100 * sums["executed_macs"] / (array.rows * array.cols * sums["cycles"]))
