"""A part of a result: some layers, or a window of cycles."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from accelsim.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from accelsim.results.records import Records


class Window(NamedTuple):
    """Cycles of a variant, from ``start_cycle`` to before ``end_cycle``."""

    start_cycle: int
    end_cycle: int


class Activity(NamedTuple):
    """What the units did in a part of a run: the rows of the frames that lie in it, also those that do so only partly.

    docs/results.md describes the columns.
    """

    layers: pd.DataFrame
    events: pd.DataFrame
    stalls: pd.DataFrame
    buffers: pd.DataFrame
    windows: dict[str, Window]
    """By variant, from the first to the last cycle of the part."""


def select(records: Records, layers: Sequence[str] = (), window: Window | None = None) -> Activity:
    """Take a part of a result.

    Parameters
    ----------
    records
        The result.
    layers
        Names of layers; all where there are none.
    window
        Cycles, counted from the start of each variant; all by default.

    Raises
    ------
    InputError
        If there is no such layer, or nothing in the window.
    """
    if not layers and window is None:
        return Activity(records.layers, records.events, records.stalls, records.buffers, _spans(records.layers, None))
    chosen = _of_layers(records.layers, layers)
    ends = chosen["start_cycle"] + chosen["cycles"]
    if window:
        chosen = chosen[(chosen["start_cycle"] < window.end_cycle) & (ends > window.start_cycle)]
        if chosen.empty:
            raise InputError(
                f"there is nothing in the cycles {window.start_cycle:,} to {window.end_cycle:,}: the run "
                f"{'of these layers ' if layers else ''}ends after {max(ends):,}"
            )
    return Activity(
        layers=chosen,
        events=_inside(_of(chosen, records.events), window),
        stalls=_inside(_of(chosen, records.stalls), window),
        buffers=_of(chosen, records.buffers),
        windows=_spans(chosen, window),
    )


def _of_layers(layers: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    known = list(dict.fromkeys(layers["layer"]))
    for name in names:
        if name not in known:
            raise InputError(f"there is no layer '{name}'{did_you_mean(name, known)}")
    return layers[layers["layer"].isin(names)] if names else layers


def _of(layers: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a frame that belong to some layers."""
    return frame[frame.set_index(["variant", "layer"]).index.isin(layers.set_index(["variant", "layer"]).index)]


def _inside(frame: pd.DataFrame, window: Window | None) -> pd.DataFrame:
    if window is None:
        return frame
    return frame[(frame["start_cycle"] < window.end_cycle) & (frame["end_cycle"] > window.start_cycle)]


def _spans(layers: pd.DataFrame, window: Window | None) -> dict[str, Window]:
    return {str(variant): _span(of_variant, window) for variant, of_variant in layers.groupby("variant", sort=False)}


def _span(layers: pd.DataFrame, window: Window | None) -> Window:
    start = int(layers["start_cycle"].min())
    end = int((layers["start_cycle"] + layers["cycles"]).max())
    return Window(max(start, window.start_cycle), min(end, window.end_cycle)) if window else Window(start, end)
