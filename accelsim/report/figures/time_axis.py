"""Time from left to right, for both variants from a start that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from accelsim.report.figures.style import count_cycles
from accelsim.report.figures.wording import layer_name
from accelsim.report.selection import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from accelsim.report.selection import Activity


class TimeAxis(NamedTuple):
    """What part of time is shown, and from where it is counted."""

    origins: dict[str, int]
    """By variant, the cycle that is shown as 0."""
    spans: dict[str, Window]
    """By variant, what is shown of it, as the axis counts."""
    label: str

    @property
    def start_cycle(self) -> int:
        """First cycle on the axis."""
        return min(span.start_cycle for span in self.spans.values())

    @property
    def end_cycle(self) -> int:
        """The cycle behind the last one on the axis."""
        return max(span.end_cycle for span in self.spans.values())

    @property
    def cycles(self) -> int:
        """Length of the axis."""
        return self.end_cycle - self.start_cycle

    def placed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return rows of a result with their ``start_cycle`` and ``end_cycle`` as the axis counts."""
        origin = frame["variant"].map(self.origins).astype("int64")  # without rows it would be text
        return frame.assign(start_cycle=frame["start_cycle"] - origin, end_cycle=frame["end_cycle"] - origin)

    def label_axes(self, axes: Axes) -> None:
        """Give the axes its limits, ticks and words."""
        axes.set_xlim(self.start_cycle, self.end_cycle)
        axes.set_xlabel(self.label)
        count_cycles(axes.xaxis)


def time_axis(activity: Activity, layers: Sequence[str], window: Window | None) -> TimeAxis:
    """Choose where time begins: where chosen layers do in each variant, so that they can be compared, or the run.

    Parameters
    ----------
    activity
        What is shown.
    layers
        The layers that were chosen, if any.
    window
        The cycles that were chosen, if any; they count from the start of each variant.
    """
    from_layers = bool(layers) and window is None
    origins = {variant: shown.start_cycle if from_layers else 0 for variant, shown in activity.windows.items()}
    spans = {
        variant: Window(shown.start_cycle - origins[variant], shown.end_cycle - origins[variant])
        for variant, shown in activity.windows.items()
    }
    first = layer_name(activity.layers["layer"].iloc[0])
    return TimeAxis(origins, spans, f"cycles from the start of {first}" if from_layers else "cycles")


def averaging_cycles(shown_cycles: int, most: int) -> int:
    """Return the length of the windows to average over: a power of two, the shortest that makes ``most`` at most."""
    return 1 << (-(-shown_cycles // most) - 1).bit_length()
