"""Energy of every layer by what takes it, fused beside unfused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelsim.errors import InputError
from accelsim.report.energy_unit import energy_unit
from accelsim.report.figures.layers import layer_order, layers_axes, name_layers
from accelsim.report.figures.legend import add_title, patches
from accelsim.report.figures.stacks import draw_stacks, tallest, variant_patches
from accelsim.report.figures.style import ENERGY, house_style
from accelsim.report.figures.wording import of_layers
from accelsim.report.selection import select

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from accelsim.results.records import Records

GROUPS = {
    "parameter_buffer": "other_buffers",
    "residual_buffer": "other_buffers",
    "ofmap_buffer": "other_buffers",
    "requantizer": "other_units",
    "residual_add": "other_units",
    "pooling": "other_units",
    "activation": "other_units",
}
"""Components that are shown together; they take so little that they could not be seen alone."""


@house_style()
def plot_energy(records: Records, axes: Axes | None = None, layers: Sequence[str] = ()) -> Axes:
    """Draw for every variant of every layer what it took, by component.

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
        If there is no such layer, or the result has no energies.
    """
    shown = select(records, layers).layers
    if records.energy.empty:
        raise InputError("the result has no energies, since its configuration names no table of them (run.energy)")
    names = layer_order(shown)
    energies_pj = _by_group(records.energy, names)
    unit = energy_unit(tallest(energies_pj))
    axes = axes or layers_axes(len(names))
    variants = list(records.summary.variants)
    draw_stacks(axes, energies_pj / unit.pj, ENERGY, variants)
    name_layers(axes, names)
    axes.set_ylabel(f"energy ({unit.name})")
    met = [look for group, look in ENERGY.items() if group in energies_pj.columns.get_level_values("group")]
    what = f"Energy{of_layers(layers) or ' of each layer'}"
    add_title(axes, what, records, variant_patches(variants), patches(met))
    return axes


def _by_group(energy: pd.DataFrame, layers: list[str]) -> pd.DataFrame:
    """Return one row per layer, and one column per variant and key of ``ENERGY``, in pJ."""
    rows = energy[energy["layer"].isin(layers)]
    grouped = rows.assign(group=rows["component"].replace(GROUPS))
    table = grouped.pivot_table(index="layer", columns=["variant", "group"], values="energy_pj", aggfunc="sum")
    return table.reindex(layers).fillna(0)
