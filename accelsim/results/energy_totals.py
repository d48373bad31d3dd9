"""What a variant took in energy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import fsum
from typing import NamedTuple, TypeVar

from accelsim.energy.action import COMPONENTS, Component
from accelsim.energy.estimate import PARTS, LayerEnergy, Part

MW_PER_PJ_PER_MS = 1e-6
"""1 pJ/ms is 1e-9 W."""

JS_PER_PJ_MS = 1e-15
"""1 pJ·ms is 1e-12 J times 1e-3 s."""

K = TypeVar("K", bound=str)


class EnergyTotals(NamedTuple):
    """Energy of a variant: without a table of energies ``None``, and nothing by part or component."""

    energy_pj: float | None
    average_power_mw: float | None
    energy_delay_pj_cycles: float | None
    energy_delay_joule_seconds: float | None
    energy_by_part_pj: dict[Part, float]
    energy_by_component_pj: dict[Component, float]


def energy_totals(energies: Sequence[LayerEnergy], cycles: int, milliseconds: float) -> EnergyTotals:
    """Sum up what all layers of a variant took.

    Parameters
    ----------
    energies
        The layers; none without a table of energies.
    cycles, milliseconds
        How long they ran.
    """
    if not energies:
        return EnergyTotals(None, None, None, None, {}, {})
    taken = [entry for energy in energies for entry in energy.components]
    energy_pj = fsum(entry.energy_pj for entry in taken)
    return EnergyTotals(
        energy_pj=energy_pj,
        average_power_mw=energy_pj / milliseconds * MW_PER_PJ_PER_MS,
        energy_delay_pj_cycles=energy_pj * cycles,
        energy_delay_joule_seconds=energy_pj * milliseconds * JS_PER_PJ_MS,
        energy_by_part_pj=_sums_pj(((entry.part, entry.energy_pj) for entry in taken), PARTS),
        energy_by_component_pj=_sums_pj(((entry.component, entry.energy_pj) for entry in taken), COMPONENTS),
    )


def _sums_pj(taken: Iterable[tuple[K, float]], order: Sequence[K]) -> dict[K, float]:
    amounts_pj: dict[K, list[float]] = {}
    for key, energy_pj in taken:
        amounts_pj.setdefault(key, []).append(energy_pj)
    return {key: fsum(amounts_pj[key]) for key in order if key in amounts_pj}
