"""Cycles of every layer, fused beside unfused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelsim.report.figures.layers import bar_places, by_layer, layers_axes, name_layers
from accelsim.report.figures.legend import add_title, patches
from accelsim.report.figures.style import VARIANTS, count_cycles, house_style
from accelsim.report.selection import select

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from accelsim.results.records import Records


@house_style()
def plot_cycles(records: Records, axes: Axes | None = None, layers: Sequence[str] = ()) -> Axes:
    """Draw a bar for every variant of every layer.

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
    cycles = by_layer(select(records, layers).layers, "cycles")
    axes = axes or layers_axes(len(cycles))
    places, width = bar_places(*cycles.shape)
    for place, variant in zip(places, cycles.columns, strict=True):
        axes.bar(place, cycles[variant], width, color=VARIANTS[variant].colour, label=variant)
    name_layers(axes, list(cycles.index))
    axes.set_ylabel("cycles")
    count_cycles(axes.yaxis)
    add_title(axes, "Cycles of each layer", records, patches(VARIANTS[variant] for variant in cycles.columns))
    return axes
