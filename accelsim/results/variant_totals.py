"""The totals of a variant: from its layers' totals alone, so that a sweep need not record what happened when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from accelsim.built_stages import built_stages
from accelsim.config.machine import MachineConfig
from accelsim.config.run import RunConfig, Variant
from accelsim.energy.action import Component, LayerActions
from accelsim.energy.estimate import LayerEnergy, Part, layer_energies
from accelsim.experiment import NetworkPlan, VariantRun, machine_units, totals_by_layer
from accelsim.layers import Layer, Operations
from accelsim.results.energy_totals import energy_totals
from accelsim.totals import LayerTotals, totals_of

if TYPE_CHECKING:
    from accelsim.energy.table import EnergyTable
    from accelsim.memo import Memo


class VariantTotals(NamedTuple):
    """What :class:`accelsim.results.summary.VariantSummary` says, but for what needs the times of transfers."""

    cycles: int
    milliseconds: float
    frames_per_second: float
    macs: int
    executed_macs: int
    skipped_folds: int
    ops: int
    operations: Operations
    compute_cycles: int
    stall_cycles: int
    dram_read_bytes: int
    dram_write_bytes: int
    average_bandwidth_bytes_per_cycle: float
    average_bandwidth_gb_per_second: float
    utilization: dict[str, float]
    busy_cycles: dict[str, int]
    energy_pj: float | None
    average_power_mw: float | None
    energy_delay_pj_cycles: float | None
    energy_delay_joule_seconds: float | None
    energy_by_part_pj: dict[Part, float]
    energy_by_component_pj: dict[Component, float]


def plan_totals(
    machine: MachineConfig, run: RunConfig, plan: NetworkPlan, memo: Memo, energy_table: EnergyTable | None = None
) -> dict[Variant, VariantTotals]:
    """Return the totals of every variant that is to run: those of the summary of a simulation, to the last bit.

    Parameters
    ----------
    machine, run
        The design point.
    plan
        Its network, mapped for it.
    memo
        Knows layers from other design points.
    energy_table
        What actions take in energy, if that is to be estimated.

    Raises
    ------
    DeadlockError
        As :func:`accelsim.experiment.run_experiment`.
    """
    totals = {}
    for variant in run.variants:
        units = machine_units(machine, variant, plan.layers[variant])
        layers = totals_by_layer(machine, plan, variant, memo)
        energies = _energies(machine, plan, variant, memo, layers, energy_table) if energy_table else ()
        totals[variant] = sum_of_layers(machine, run.batch, units, layers, energies)
    return totals


def run_totals(
    machine: MachineConfig, batch: int, run: VariantRun, energies: Sequence[LayerEnergy] = ()
) -> VariantTotals:
    """Return the totals of a variant that was simulated, and what its layers took in energy."""
    layers = [(layer.layer, totals_of(layer.record)) for layer in run.layers]
    return sum_of_layers(machine, batch, run.units, layers, energies)


def sum_of_layers(
    machine: MachineConfig,
    batch: int,
    units: Sequence[str],
    layers: Sequence[tuple[Layer, LayerTotals]],
    energies: Sequence[LayerEnergy] = (),
) -> VariantTotals:
    """Sum up a variant.

    Parameters
    ----------
    machine, batch
        What ran on what.
    units
        The units of the variant's machine.
    layers
        All its layers, one after another.
    energies
        What they took; none without a table of energies.
    """
    totals = [layer_totals for _, layer_totals in layers]
    cycles = sum(layer.cycles for layer in totals)
    read, written = sum(layer.dram_read_bytes for layer in totals), sum(layer.dram_write_bytes for layer in totals)
    milliseconds = cycles / (machine.clock_mhz * 1e3)
    average = (read + written) / cycles
    busy = dict.fromkeys(units, 0)
    for layer in totals:
        for unit in layer.units:
            if unit.unit in busy:
                busy[unit.unit] += unit.busy_cycles
    macs = sum(layer.macs for layer, _ in layers)
    utilization = {unit: count / cycles for unit, count in busy.items()}
    executed = sum(layer.executed.macs for layer in totals)
    utilization["conv_array"] = executed / (machine.array.rows * machine.array.cols * cycles)
    main_units = [layer.main_unit for layer in totals]
    operations = Operations(*map(sum, zip(*(layer.operations for layer, _ in layers), strict=True)))
    return VariantTotals(
        cycles=cycles,
        milliseconds=milliseconds,
        frames_per_second=batch / milliseconds * 1e3,
        macs=macs,
        executed_macs=executed,
        skipped_folds=sum(layer.executed.skipped_folds for layer in totals),
        ops=operations.total,
        operations=operations,
        compute_cycles=sum(unit.busy_cycles for unit in main_units),
        stall_cycles=sum(unit.stalled_cycles for unit in main_units),
        dram_read_bytes=read,
        dram_write_bytes=written,
        average_bandwidth_bytes_per_cycle=average,
        average_bandwidth_gb_per_second=average * machine.clock_mhz * 1e6 / 1e9,
        utilization=utilization,
        busy_cycles=busy,
        **energy_totals(energies, cycles, milliseconds)._asdict(),
    )


def _energies(
    machine: MachineConfig,
    plan: NetworkPlan,
    variant: Variant,
    memo: Memo,
    layers: Sequence[tuple[Layer, LayerTotals]],
    energy_table: EnergyTable,
) -> list[LayerEnergy]:
    mappings = plan.mappings[variant]
    actions = [
        LayerActions(variant, layer.name, memo.layer_actions(machine, layer, mappings[layer.name]))
        for layer, _ in layers
    ]
    stages = built_stages(machine, variant, plan.layers[variant])
    return layer_energies(machine, energy_table, stages, actions, [totals.cycles for _, totals in layers])
