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
    spans, amounts
        As :func:`amount_until` takes them.
    edges
        Cycles between the windows, those of both ends among them, as :func:`window_edges` returns them.

    Returns
    -------
    numpy.ndarray
        One figure per window, in the unit of the amounts.
    """
    return np.diff(amount_until(spans, amounts, edges))


def amount_until(spans: pd.DataFrame, amounts: NDArray[np.int64], cycles: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the part of the amounts that comes before each of some cycles.

    Parameters
    ----------
    spans
        ``start_cycle`` and ``end_cycle`` of what one unit did, in order of time; the unit does one thing at a time.
    amounts
        For each span how much it came to, evenly over its cycles; bytes, for example. One per span.
    cycles
        Any cycles.
    """
    if spans.empty:
        return np.zeros(len(cycles))
    starts, ends = spans["start_cycle"].to_numpy(), spans["end_cycle"].to_numpy()
    latest = np.maximum(np.searchsorted(starts, cycles, side="right") - 1, 0)  # the last that began before each cycle
    lasts = (ends - starts)[latest]
    under_way = np.clip(cycles - starts[latest], 0, lasts)
    before = (np.cumsum(amounts) - amounts)[latest]
    # Each step is rounded alone; numpy.interp rounds otherwise on processors that multiply and add in one.
    return np.asarray(before + amounts[latest] * under_way / lasts)
