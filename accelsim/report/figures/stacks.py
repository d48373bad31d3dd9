"""Stacked bars, one for every variant of every group; colours say what is stacked, lines whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Patch

from accelsim.report.figures.layers import bar_places
from accelsim.report.figures.style import MIDDLE_GREY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from accelsim.report.figures.style import Look

ABOVE_TALLEST = 1.05
"""The axis ends above the tallest bar, so that no legend touches it."""

HATCHES = {"fused": "", "unfused": "//////", "fused_into_requant": "......"}


def draw_stacks(axes: Axes, amounts: pd.DataFrame, looks: Mapping[str, Look], variants: Sequence[str]) -> None:
    """Draw the bars, from 0 up.

    Parameters
    ----------
    axes
        Where to draw.
    amounts
        One row per group, and one column per variant and key of ``looks`` that it has.
    looks
        What is stacked, from the lowest up.
    variants
        Those that have a bar in every group.
    """
    places, width = bar_places(len(amounts), len(variants))
    for place, variant in zip(places, variants, strict=True):
        below = np.zeros(len(amounts))
        for key, look in looks.items():
            if (variant, key) in amounts:
                heights = amounts[variant, key].to_numpy()
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
    axes.set_ylim(0, ABOVE_TALLEST * tallest(amounts))


def tallest(amounts: pd.DataFrame) -> float:
    """Return the height of the tallest bar, and at least 1, which an axis can have where there is none."""
    return float(amounts.T.groupby("variant").sum().to_numpy().max(initial=1))


def variant_patches(variants: Sequence[str]) -> list[Patch]:
    """Return an entry of the legend for each variant."""
    return [
        Patch(facecolor=MIDDLE_GREY, edgecolor="white", linewidth=0, hatch=HATCHES[variant], label=variant)
        for variant in variants
    ]
