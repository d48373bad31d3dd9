"""The unit in which energies are shown that are held against each other."""

from __future__ import annotations

from typing import NamedTuple


class EnergyUnit(NamedTuple):
    """A unit: its name, and how many pJ it is."""

    name: str
    pj: float


_UNITS = (
    EnergyUnit("J", 1e12),
    EnergyUnit("mJ", 1e9),
    EnergyUnit("µJ", 1e6),
    EnergyUnit("nJ", 1e3),
    EnergyUnit("pJ", 1.0),
)


def energy_unit(largest_pj: float) -> EnergyUnit:
    """Return the largest unit in which the largest of some energies is at least 1; pJ if there is none."""
    return next((unit for unit in _UNITS if unit.pj <= largest_pj), _UNITS[-1])
