"""What the points of a sweep say of two figures: the fronts, which axes matter, and where fusing pays."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from accelsim.config.run import FOLDED
from accelsim.sweep.axes import varied_axes
from accelsim.sweep.importance import importance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accelsim.config.run import Variant
    from accelsim.sweep.axes import VariedAxis
    from accelsim.sweep.importance import Importance
    from accelsim.sweep.trade_off import Design, TradeOff

SAVED = "saved_cycles_percent"
"""What is looked at where fusing pays, unless ``SAVED_OF`` says otherwise."""

SAVED_OF = {
    "energy_pj": "saved_energy_percent",
    "saved_energy_percent": "saved_energy_percent",
    "energy_delay_joule_seconds": "saved_energy_delay_percent",
    "saved_energy_delay_percent": "saved_energy_delay_percent",
}
"""What is looked at instead, by ``y``: of energies it is these that fusing should save."""


class Saved(NamedTuple):
    """What fusing saves at some points."""

    percent: float
    points: tuple[int, ...]
    """Their numbers, ascending."""


class Saving(NamedTuple):
    """Where fusing pays."""

    variant: Variant
    """Into what BatchNorm is folded."""
    figure: str
    """Of what: a column of the table."""

    most: Saved
    least: Saved
    importance: Importance
    """What decides how much it saves."""


class Findings(NamedTuple):
    """What the points of a sweep say of two figures."""

    trade_off: TradeOff
    axes: Sequence[VariedAxis]
    fronts: dict[str, list[Design]]
    """By variant, best in ``x`` first."""

    importances: dict[str, Importance]
    """What matters to ``y``, by variant."""

    saving: Saving | None
    """``None`` if there is only one variant."""


def findings(trade_off: TradeOff) -> Findings:
    """Look for all that there is to say of two figures."""
    axes = varied_axes(trade_off.feasible)
    return Findings(
        trade_off=trade_off,
        axes=axes,
        fronts={variant: trade_off.front(variant) for variant in trade_off.variants},
        importances={
            variant: importance(trade_off.of_variant(variant), axes, trade_off.y) for variant in trade_off.variants
        },
        saving=_saving(trade_off, axes),
    )


def _saving(trade_off: TradeOff, axes: Sequence[VariedAxis]) -> Saving | None:
    figure = SAVED_OF.get(trade_off.y, SAVED)
    for variant in FOLDED:
        points = trade_off.of_variant(variant).set_index("point")
        saved = points[figure].dropna()
        if not saved.empty:
            most, least = (Saved(float(end), tuple(saved.index[saved == end])) for end in (saved.max(), saved.min()))
            return Saving(variant, figure, most, least, importance(points, axes, figure))
    return None
