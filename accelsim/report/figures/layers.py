"""One group of bars per layer, in the order of execution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from accelsim.report.figures.style import CHARACTER_IN, DOUBLE_COLUMN_IN, SINGLE_COLUMN_IN, TEXT_PT, new_axes, size_in
from accelsim.report.figures.wording import layer_name
from accelsim.report.layer_order import execution_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

GROUP_WIDTH = 0.8
"""Bars of a layer take so much of its place, the gap to the next one the rest."""

MAX_LAYERS_IN_COLUMN = 12
"""With more the figure is as wide as the page."""

MAX_NAMES = 60
"""So many names of 7 pt, turned upright, stand beside one another on a page; of more layers every second one is named,
or every third, and so on."""

HEIGHT_IN = 3.0


def layers_axes(layers: int) -> Axes:
    """Return the axes of a figure with room for so many layers."""
    return new_axes(SINGLE_COLUMN_IN if layers <= MAX_LAYERS_IN_COLUMN else DOUBLE_COLUMN_IN, HEIGHT_IN)


def by_layer(layers: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return one row per layer, in order of execution, and one column per variant.

    Parameters
    ----------
    layers
        The layers of a result.
    column
        A column that holds a number. A layer that a variant does not have counts 0.
    """
    variants = list(dict.fromkeys(layers["variant"]))
    table = layers.pivot_table(index="layer", columns="variant", values=column, aggfunc="sum", fill_value=0)
    return table.loc[layer_order(layers), variants]


def layer_order(layers: pd.DataFrame) -> list[str]:
    """Return the names of the layers of a result in the order in which they are executed."""
    return execution_order(list(names) for _, names in layers.groupby("variant", sort=False)["layer"])


def bar_places(groups: int, bars: int) -> tuple[np.ndarray, float]:
    """Return where the bars of some groups are, a row per bar of a group, and how wide they are.

    Groups are 1 apart, the first one around 0.
    """
    width = GROUP_WIDTH / bars
    offsets = (np.arange(bars) - (bars - 1) / 2) * width
    return offsets[:, np.newaxis] + np.arange(groups), width


def name_layers(axes: Axes, names: Sequence[str]) -> None:
    """Write the names of layers below their bars, upright if need be, and only some where there are too many."""
    step = -(-len(names) // MAX_NAMES)
    places = range(0, len(names), step)
    shown = [layer_name(names[place]) for place in places]
    lying = all(len(name) * CHARACTER_IN * len(shown) < size_in(axes)[0] for name in shown)
    axes.set_xticks(places, shown, rotation=0 if lying else 90, fontsize=TEXT_PT)
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.grid(axis="y")
