"""The totals of a variant: from its layers' totals alone, so that a sweep need not record what happened when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from accelsim.config.machine import MachineConfig
from accelsim.config.run import RunConfig, Variant
from accelsim.experiment import NetworkPlan, VariantRun, machine_units, totals_by_layer
from accelsim.layers import Layer, Operations
from accelsim.totals import LayerTotals, totals_of

if TYPE_CHECKING:
    from accelsim.memo import Memo


class VariantTotals(NamedTuple):
    """What :class:`accelsim.results.summary.VariantSummary` says, but for what needs the times of transfers."""

    cycles: int
    milliseconds: float
    frames_per_second: float
    macs: int
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


def plan_totals(machine: MachineConfig, run: RunConfig, plan: NetworkPlan, memo: Memo) -> dict[Variant, VariantTotals]:
    """Return the totals of every variant that is to run: those of the summary of a simulation, to the last bit.

    Parameters
    ----------
    machine, run
        The design point.
    plan
        Its network, mapped for it.
    memo
        Knows layers from other design points.

    Raises
    ------
    DeadlockError
        As :func:`accelsim.experiment.run_experiment`.
    """
    return {
        variant: sum_of_layers(
            machine,
            run.batch,
            machine_units(machine, variant, plan.layers[variant]),
            totals_by_layer(machine, plan, variant, memo),
        )
        for variant in run.variants
    }


def run_totals(machine: MachineConfig, batch: int, run: VariantRun) -> VariantTotals:
    """Return the totals of a variant that was simulated."""
    layers = [(layer.layer, totals_of(layer.record)) for layer in run.layers]
    return sum_of_layers(machine, batch, run.units, layers)


def sum_of_layers(
    machine: MachineConfig, batch: int, units: Sequence[str], layers: Sequence[tuple[Layer, LayerTotals]]
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
    )
