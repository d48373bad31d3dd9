"""Where fusing saves: the part of every layer in what is saved of the whole network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelsim.errors import InputError
from accelsim.report.figures.layers import bar_places, by_layer, layers_axes, name_layers
from accelsim.report.figures.legend import add_title, patches
from accelsim.report.figures.style import BLACK, GREEN, SKY_BLUE, Look, house_style
from accelsim.report.selection import select

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from accelsim.results.records import Records


@house_style()
def plot_saving(records: Records, axes: Axes | None = None, layers: Sequence[str] = ()) -> Axes:
    """Draw the cycles and the DRAM bytes that fusing saves in every layer, in per cent of the whole unfused network's.

    So the bars of all layers add up to what the summary says, and a large saving in a small layer looks small.

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
        If there is no such layer, or fused and unfused did not both run.
    """
    saving = records.summary.saving
    if saving is None:
        ran = " and ".join(records.summary.variants)
        raise InputError(f"what fusing saves shows between fused and unfused, and only {ran} ran")
    shown = select(records, layers).layers
    cycles = _saved_percent(records.layers, shown, ["cycles"])
    traffic = _saved_percent(records.layers, shown, ["dram_read_bytes", "dram_write_bytes"])
    axes = axes or layers_axes(len(cycles))
    looks = [
        Look(f"cycles ({_percent(saving.cycles_percent)} in all)", GREEN),
        Look(f"DRAM bytes ({_percent(saving.dram_bytes_percent)} in all)", SKY_BLUE),
    ]
    places, width = bar_places(len(cycles), len(looks))
    for place, saved, look in zip(places, (cycles, traffic), looks, strict=True):
        axes.bar(place, saved, width, color=look.colour, label=look.name)
    axes.axhline(0, color=BLACK, linewidth=0.6)
    name_layers(axes, list(cycles.index))
    axes.set_ylabel("saved (%)")
    add_title(axes, "Saved by fusing, in % of the whole network", records, patches(looks))
    return axes


def _saved_percent(layers: pd.DataFrame, shown: pd.DataFrame, columns: Sequence[str]) -> pd.Series[float]:
    """Return for every layer that is shown what it saves, in per cent of all unfused layers together."""
    before = layers.loc[layers["variant"] == "unfused", [*columns]].to_numpy().sum()
    amounts = shown.assign(amount=shown[[*columns]].sum(axis=1))
    table = by_layer(amounts, "amount").reindex(columns=["fused", "unfused"], fill_value=0)
    saved: pd.Series[float] = (table["unfused"] - table["fused"]) * 100 / max(before, 1)
    return saved


def _percent(value: float | None) -> str:
    return "nothing to save" if value is None else f"{value:z.2f} %"
