"""What is known of a point once it has been evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from accelsim.sweep.columns import FIGURES

if TYPE_CHECKING:
    from accelsim.sweep.objectives import Objective
    from accelsim.sweep.space import Choice

_FIGURE_AT = {name: index for index, name in enumerate(FIGURES)}


class Point(NamedTuple):
    """A point by its number in the sweep, and by the indices of what is chosen at it."""

    number: int
    choice: Choice


class Evaluation(NamedTuple):
    """A point and its figures, or why it has none."""

    point: Point
    config_sha256: str | None
    """As in ``summary.json``; ``None`` if there is no such configuration."""

    reason: str | None
    """Why the point is infeasible."""

    figures: dict[str, list[Any]]
    """By variant, in the order of ``FIGURES``."""

    def value(self, objective: Objective) -> float | None:
        """Return the figure that an objective speaks of, if the point has it."""
        figures = self.figures.get(objective.variant)
        value: float | None = figures[_FIGURE_AT[objective.figure]] if figures else None
        return value
