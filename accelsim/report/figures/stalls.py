"""What the conv array waited for in every layer; or, in one layer, what every unit waited for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Patch

from accelsim.report.figures.layers import bar_places, layer_order, layers_axes, name_layers
from accelsim.report.figures.legend import Heading, add_title, patches
from accelsim.report.figures.style import MIDDLE_GREY, WAITS, count_cycles, house_style
from accelsim.report.figures.waits import awaited
from accelsim.report.figures.wording import of_layers
from accelsim.report.selection import select
from accelsim.report.unit_names import UNIT_NAMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from accelsim.results.records import Records

ABOVE_TALLEST = 1.05
"""The axis ends above the tallest bar, so that no legend touches it."""

HATCHES = {"fused": "", "unfused": "//////", "fused_into_requant": "......"}
"""Colours say what was waited for, so variants are told apart by lines."""


@house_style()
def plot_stalls(records: Records, axes: Axes | None = None, layers: Sequence[str] = ()) -> Axes:
    """Draw the stalled cycles of the conv array in every layer, by what it waited for.

    Of one layer alone, draw those of all its units instead.

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
    activity = select(records, layers)
    stalls = activity.stalls.assign(
        wait=activity.stalls["stalled_on"].map(awaited),
        cycles=activity.stalls["end_cycle"] - activity.stalls["start_cycle"],
    )
    groups = layer_order(activity.layers)
    by, whose = "layer", UNIT_NAMES["conv_array"] + of_layers(layers)
    if len(groups) > 1:
        stalls = stalls[stalls["unit"] == "conv_array"]
    else:
        by, whose = "unit", "units" + of_layers(groups)
        present = {*activity.events["unit"], *stalls["unit"]}
        groups = [unit for unit in UNIT_NAMES if unit in present]
    cycles = stalls.pivot_table(index=by, columns=["variant", "wait"], values="cycles", aggfunc="sum")
    cycles = cycles.reindex(groups).fillna(0)
    axes = axes or layers_axes(len(groups))
    variants = list(activity.windows)
    places, width = bar_places(len(groups), len(variants))
    for place, variant in zip(places, variants, strict=True):
        below = np.zeros(len(groups))
        for wait, look in WAITS.items():
            if (variant, wait) in cycles:
                heights = cycles[variant, wait].to_numpy()
                axes.bar(
                    place,
                    heights,
                    width,
                    bottom=below,
                    color=look.colour,
                    edgecolor="white",
                    linewidth=0,
                    hatch=HATCHES[variant],
                    label=f"{variant}: {look.name}",
                )
                below += heights
    axes.set_ylim(0, ABOVE_TALLEST * cycles.T.groupby("variant").sum().to_numpy().max(initial=1))
    name_layers(axes, [UNIT_NAMES.get(group, group) for group in groups])
    axes.set_ylabel("stalled cycles")
    count_cycles(axes.yaxis)
    bars = [
        Patch(facecolor=MIDDLE_GREY, edgecolor="white", linewidth=0, hatch=HATCHES[variant], label=variant)
        for variant in variants
    ]
    met = [look for wait, look in WAITS.items() if wait in cycles.columns.get_level_values("wait")]
    waiting = [Heading("waits for:"), *patches(met)] if met else []
    add_title(axes, f"Stalls of the {whose}", records, bars, waiting)
    return axes
