"""Figures that several tests look at, drawn once, and what is drawn on axes, as plain data."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.legend import Legend
from matplotlib.patches import StepPatch

from accelsim.report.figures.kinds import KINDS
from tests.results.runs import result_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


@cache
def figure_of(kind: str, case: str) -> Figure:
    """Return a figure of a case. It can be saved as often as one likes: it is laid out anew each time."""
    return KINDS[kind].draw(result_of(case))


class Steps(NamedTuple):
    """An area between two heights in every window, and what it is labelled."""

    label: str
    edges: NDArray[np.float64]
    baseline: NDArray[np.float64]
    values: NDArray[np.float64]

    @property
    def area(self) -> float:
        """How large it is, wherever it is."""
        return float((np.abs(self.values - self.baseline) * np.diff(self.edges)).sum())


def steps(axes: Axes) -> list[Steps]:
    """Return all areas, in the order in which they were drawn."""
    found = []
    for patch in axes.patches:
        if isinstance(patch, StepPatch):
            values, edges, baseline = patch.get_data()
            found.append(Steps(str(patch.get_label()), edges, np.asarray(baseline), values))
    return found


def legend_rows(axes: Axes) -> list[list[str]]:
    """Return the names in the legend, from its uppermost row down."""
    legends = [child for child in axes.get_children() if isinstance(child, Legend)]
    return [[text.get_text() for text in legend.get_texts()] for legend in reversed(legends)]
