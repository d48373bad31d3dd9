"""Times drawn as bars in a strip of the timeline, each at its place, or where they are too many, by their share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.patches import StepPatch

from accelsim.results.bandwidth import spread_over_windows

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from accelsim.report.figures.style import Look

SEPARATED = 1 / 300
"""Bars from this share of the axis on, about 1.5 pt, are set apart from their neighbours by a thin white line."""


class Strip(NamedTuple):
    """Where bars go: between two heights of an axis that is counted from above. ``name`` labels what is drawn."""

    name: str
    top: float
    bottom: float

    @property
    def height(self) -> float:
        """How high a whole bar is."""
        return self.bottom - self.top


def draw_bars(axes: Axes, strip: Strip, spans: pd.DataFrame, looks: Mapping[str, Look], axis_cycles: int) -> None:
    """Draw a bar for every span.

    Parameters
    ----------
    axes
        Where to draw.
    strip
        Where on it.
    spans
        ``start_cycle``, ``end_cycle``, and the ``look`` of each.
    looks
        What ``look`` may be.
    axis_cycles
        Length of the whole axis.
    """
    for look, chosen in _by_look(spans, looks):
        lengths = (chosen["end_cycle"] - chosen["start_cycle"]).to_numpy()
        axes.broken_barh(
            list(zip(chosen["start_cycle"], lengths, strict=True)),
            (strip.top, strip.height),
            facecolors=look.colour,
            edgecolors="white",
            linewidths=np.where(lengths > SEPARATED * axis_cycles, 0.3, 0),
            label=f"{strip.name}: {look.name}",
        )


def draw_shares(
    axes: Axes, strip: Strip, spans: pd.DataFrame, looks: Mapping[str, Look], edges: NDArray[np.int64]
) -> None:
    """Fill the strip in every window by the share of it that the spans take, from below.

    Parameters
    ----------
    axes
        Where to draw; its limits are set.
    strip
        Where on it.
    spans
        ``start_cycle``, ``end_cycle``, and the ``look`` of each, in order of time.
    looks
        What ``look`` may be.
    edges
        Cycles between the windows, those of both ends among them.
    """
    filled = np.full(len(edges) - 1, strip.bottom)
    for look, chosen in _by_look(spans, looks):
        lengths = (chosen["end_cycle"] - chosen["start_cycle"]).to_numpy()
        share = spread_over_windows(chosen, lengths, edges) / np.diff(edges)
        higher = filled - strip.height * share
        changes = np.append(True, (np.diff(higher) != 0) | (np.diff(filled) != 0))
        # Not by `stairs`, which goes round every corner to find limits for the axes: these have theirs.
        axes.add_artist(
            StepPatch(
                higher[changes],
                np.append(edges[:-1][changes], edges[-1]),
                baseline=filled[changes],
                fill=True,
                facecolor=look.colour,
                linewidth=0,
                label=f"{strip.name}: {look.name}",
            )
        )
        filled = higher


def _by_look(spans: pd.DataFrame, looks: Mapping[str, Look]) -> Iterator[tuple[Look, pd.DataFrame]]:
    for key, look in looks.items():
        chosen = spans[spans["look"] == key]
        if not chosen.empty:
            yield look, chosen
