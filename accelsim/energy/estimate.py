"""Energy of layers and networks: actions times their energies, and static power times time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from accelsim.config.machine import MachineConfig
from accelsim.config.run import Variant
from accelsim.energy.action import COMPONENTS, Action, Component, LayerActions, summed
from accelsim.energy.price import action_pj
from accelsim.energy.table import EnergyTable

Part = Literal["arithmetic", "on_chip_memory", "dram"]

PARTS: tuple[Part, ...] = ("arithmetic", "on_chip_memory", "dram")
"""Into which the energy of all actions falls."""

JOULES_PER_PJ = 1e-12


class Energy(NamedTuple):
    """What actions took: as much by component as by part."""

    by_component_pj: dict[Component, float]
    by_part_pj: dict[Part, float]

    @property
    def total_pj(self) -> float:
        """All of it."""
        return sum(self.by_component_pj.values())


class VariantEnergy(NamedTuple):
    """What a variant of the network took on its machine."""

    variant: Variant
    cycles: int
    clock_mhz: float
    actions: Energy
    static_pj: dict[Component, float]
    """What components took all the time, by component; empty where the table does not say."""

    @property
    def total_pj(self) -> float:
        """All of it."""
        return self.actions.total_pj + sum(self.static_pj.values())

    @property
    def millijoules(self) -> float:
        """All of it, in mJ."""
        return self.total_pj * JOULES_PER_PJ * 1e3

    @property
    def seconds(self) -> float:
        """How long the network took."""
        return self.cycles / (self.clock_mhz * 1e6)

    @property
    def average_mw(self) -> float:
        """Energy over time."""
        return self.millijoules / self.seconds

    @property
    def energy_delay_pj_cycles(self) -> float:
        """Energy times cycles."""
        return self.total_pj * self.cycles

    @property
    def energy_delay_joule_seconds(self) -> float:
        """Energy times time."""
        return self.total_pj * JOULES_PER_PJ * self.seconds


class EnergySaving(NamedTuple):
    """What folding the BatchNorms saved, in per cent of the unfused variant; ``None`` where that took nothing."""

    energy_percent: float | None
    energy_delay_percent: float | None
    by_part_percent: dict[Part, float | None]


def actions_energy(machine: MachineConfig, table: EnergyTable, actions: Iterable[Action]) -> Energy:
    """Price actions: those of one layer, or of many.

    Parameters
    ----------
    machine
        The machine, whose memories have their capacities.
    table
        What actions take.
    actions
        What was done.

    Returns
    -------
    Energy
        In pJ. Components that did nothing are left out, parts are not.
    """
    by_component: dict[Component, float] = {}
    by_part: dict[Part, float] = dict.fromkeys(PARTS, 0.0)
    for action in summed(actions):
        energy_pj = action.count * action_pj(machine, table, action)
        by_component[action.component] = by_component.get(action.component, 0.0) + energy_pj
        by_part[part_of(action)] += energy_pj
    return Energy(by_component, by_part)


def part_of(action: Action) -> Part:
    """Tell what part of the machine an action is of."""
    if action.component == "dram":
        return "dram"
    return "on_chip_memory" if action.action in ("read", "write") else "arithmetic"


def variant_energy(
    machine: MachineConfig, table: EnergyTable, variant: Variant, layers: Iterable[LayerActions], cycles: int
) -> VariantEnergy:
    """Price one variant of a network.

    Parameters
    ----------
    machine
        The machine.
    table
        What actions take.
    variant
        Which of the variants.
    layers
        The actions of all layers; those of other variants are passed over.
    cycles
        Cycles of the variant.
    """
    actions = summed(action for layer in layers if layer.variant == variant for action in layer.actions)
    energy = actions_energy(machine, table, actions)
    return VariantEnergy(variant, cycles, machine.clock_mhz, energy, _static_pj(machine, table, energy, cycles))


def saving_between(fused: VariantEnergy, unfused: VariantEnergy) -> EnergySaving:
    """Compare the two variants."""
    parts: Mapping[Part, float] = fused.actions.by_part_pj
    return EnergySaving(
        energy_percent=_percent(fused.total_pj, unfused.total_pj),
        energy_delay_percent=_percent(fused.energy_delay_pj_cycles, unfused.energy_delay_pj_cycles),
        by_part_percent={part: _percent(parts[part], unfused.actions.by_part_pj[part]) for part in PARTS},
    )


def _static_pj(machine: MachineConfig, table: EnergyTable, energy: Energy, cycles: int) -> dict[Component, float]:
    """Static power times time, of what the machine has: a BN stage that has nothing to do may have been removed."""
    absent: set[Component] = set()
    if machine.bn.when_fused == "removed" and "bn_stage" not in energy.by_component_pj:
        absent.add("bn_stage")
    if machine.requantization is None:
        absent.add("requantizer")
    static: dict[Component, float] = {}
    for component in COMPONENTS:
        power = getattr(table.static, component)
        if power is not None and component not in absent:
            # mW · cycles / MHz is nJ
            static[component] = power.mw * cycles / machine.clock_mhz * 1e3
    return static


def _percent(now: float, before: float) -> float | None:
    return 100 * (before - now) / before if before else None
