"""Energy of layers: actions times their energies, and static power times time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import fsum
from typing import Literal, NamedTuple, get_args

from accelsim.config.machine import MachineConfig
from accelsim.config.run import Variant
from accelsim.energy.action import COMPONENTS, Action, Component, LayerActions
from accelsim.energy.price import action_pj
from accelsim.energy.table import EnergyTable
from accelsim.program.operations import STAGES, Stage

Part = Literal["arithmetic", "on_chip_memory", "dram", "static"]
"""What energy goes into: actions of three kinds; and what components take all the time, whatever they do."""

PARTS: tuple[Part, ...] = get_args(Part)


class ComponentEnergy(NamedTuple):
    """What a component took for one of the parts."""

    component: Component
    part: Part
    energy_pj: float


class LayerEnergy(NamedTuple):
    """What a layer took, in one variant of the network."""

    variant: Variant
    layer: str
    components: tuple[ComponentEnergy, ...]
    """In the order of ``COMPONENTS``, static power behind all actions; what did nothing is left out."""

    @property
    def total_pj(self) -> float:
        """All of it."""
        return fsum(entry.energy_pj for entry in self.components)


def layer_energies(
    machine: MachineConfig,
    table: EnergyTable,
    stages: Iterable[Stage],
    layers: Iterable[LayerActions],
    cycles: Iterable[int],
) -> list[LayerEnergy]:
    """Price all layers of a variant.

    Parameters
    ----------
    machine
        The machine that they run on, whose memories have their capacities.
    table
        What actions take.
    stages
        The stages that the variant's hardware has, from :func:`accelsim.built_stages.built_stages`.
    layers
        The actions of all layers of one variant.
    cycles
        How long each of them runs.
    """
    pj_of = _prices(machine, table)
    powers_mw = static_powers_mw(table, stages)
    return [
        LayerEnergy(
            layer.variant,
            layer.layer,
            (
                *_actions_energy(layer.actions, pj_of),
                *_static_energy(powers_mw, layer_cycles, machine.clock_mhz),
            ),
        )
        for layer, layer_cycles in zip(layers, cycles, strict=True)
    ]


def part_of(action: Action) -> Part:
    """Tell what part of the machine an action is of."""
    if action.component == "dram":
        return "dram"
    return "on_chip_memory" if action.action in ("read", "write") else "arithmetic"


def static_powers_mw(table: EnergyTable, stages: Iterable[Stage]) -> dict[Component, float]:
    """Return the static power of every component that has one and is there, in mW.

    Parameters
    ----------
    table
        What components take.
    stages
        The stages that the hardware has; it has all other components.
    """
    absent: frozenset[str] = frozenset(STAGES).difference(stages)
    powers: dict[Component, float] = {}
    for component in COMPONENTS:
        power = getattr(table.static, component)
        if power is not None and component not in absent:
            powers[component] = power.mw
    return powers


def _actions_energy(actions: Iterable[Action], pj_of: Callable[[Action], float]) -> list[ComponentEnergy]:
    sums: dict[tuple[Component, Part], float] = {}
    for action in actions:
        place = action.component, part_of(action)
        sums[place] = sums.get(place, 0.0) + action.count * pj_of(action)
    return [ComponentEnergy(component, part, energy_pj) for (component, part), energy_pj in sums.items()]


def _static_energy(powers_mw: dict[Component, float], cycles: int, clock_mhz: float) -> list[ComponentEnergy]:
    # mW · cycles / MHz is nJ
    return [ComponentEnergy(component, "static", mw * cycles / clock_mhz * 1e3) for component, mw in powers_mw.items()]


def _prices(machine: MachineConfig, table: EnergyTable) -> Callable[[Action], float]:
    """Return what tells the energy of an action, and works it out once for each kind."""
    known: dict[tuple[str, str, int, int], float] = {}

    def pj_of(action: Action) -> float:
        kind = action.component, action.action, action.width_bits, action.by_bits
        if kind not in known:
            known[kind] = action_pj(machine, table, action)
        return known[kind]

    return pj_of
