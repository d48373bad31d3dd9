"""What was moved, spread over windows of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def window_edges(start_cycle: int, end_cycle: int, window_cycles: int) -> NDArray[np.int64]:
    """Return where windows begin that follow one another from ``start_cycle``, and behind them ``end_cycle``.

    The last window is shorter than ``window_cycles`` where no more is left.
    """
    return np.append(np.arange(start_cycle, end_cycle, window_cycles), end_cycle)


def spread_over_windows(
    spans: pd.DataFrame, amounts: NDArray[np.int64], edges: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the part of the amounts that falls into each window.

    Parameters
    ----------
    spans
        ``start_cycle`` and ``end_cycle`` of what one unit did, in order of time; the unit does one thing at a time.
    amounts
        For each span how much it came to, evenly over its cycles; bytes, for example. One per span.
    edges
        Cycles between the windows, those of both ends among them, as :func:`window_edges` returns them.

    Returns
    -------
    numpy.ndarray
        One figure per window, in the unit of the amounts.
    """
    if spans.empty:
        return np.zeros(len(edges) - 1)
    times = spans[["start_cycle", "end_cycle"]].to_numpy().ravel()
    before = np.repeat(np.cumsum(amounts), 2)
    before[::2] -= amounts
    return np.diff(np.interp(edges, times, before, left=0.0))
