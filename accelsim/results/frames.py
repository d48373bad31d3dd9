"""Records as pandas frames: layers, units, events, stalls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import nan
from typing import Any

import pandas as pd

from accelsim.config.machine import MachineConfig
from accelsim.energy.estimate import LayerEnergy
from accelsim.experiment import UNITS, Experiment, LayerRun, VariantRun
from accelsim.hardware.account import Account
from accelsim.results.columns import COLUMNS
from accelsim.totals import totals_of


def layers_frame(machine: MachineConfig, experiment: Experiment, energies: Iterable[LayerEnergy] = ()) -> pd.DataFrame:
    """One row per variant and layer.

    ``compute_cycles`` are those in which the conv array was busy, or in layers without a convolution the busiest unit
    behind it; ``stall_cycles`` those in which that unit was stalled. ``conv_array_utilization`` is the share of the
    multiply-accumulates possible in ``cycles`` that were executed; those of the other units are the share of ``cycles``
    in which they were busy. Units that the variant's machine does not have are left empty, and so is ``energy_pj`` of
    layers that are not among ``energies``.
    """
    energies_pj = {(energy.variant, energy.layer): energy.total_pj for energy in energies}
    rows = [
        _layer_row(machine, run, layer, energies_pj.get((run.variant, layer.layer.name), nan))
        for run in experiment.variants
        for layer in run.layers
    ]
    present = {unit for run in experiment.variants for unit in run.units}
    shares = [f"{unit}_utilization" for unit in UNITS if unit in present]
    return pd.DataFrame(rows, columns=[*COLUMNS["layers"], *shares])


def units_frame(experiment: Experiment) -> pd.DataFrame:
    """One row per variant, layer and unit; busy, stalled and idle cycles sum to the layer's.

    ``stalled_on`` lists causes and their cycles, longest first: ``ifmap_full=120;accumulator_free=7``.
    """
    rows = []
    for run, layer, account in _accounts(experiment):
        stalls = sorted(account.stalled_cycles.items(), key=lambda item: (-item[1], item[0]))
        rows.append(
            (
                run.variant,
                layer.layer.name,
                account.unit,
                account.busy_cycles,
                sum(cycles for _, cycles in stalls),
                ";".join(f"{cause}={cycles}" for cause, cycles in stalls),
                account.idle_cycles(layer.record.cycles),
            )
        )
    return pd.DataFrame(rows, columns=COLUMNS["units"])


def events_frame(experiment: Experiment) -> pd.DataFrame:
    """One row per operation and unit, in cycles of the whole variant.

    The operation was under way from ``start_cycle`` to before ``end_cycle`` and the unit busy for ``busy_cycles`` of
    that; ``bytes`` are those of a DMA transfer.
    """
    rows = [
        (
            run.variant,
            layer.layer.name,
            account.unit,
            execution.operation,
            layer.start_cycle + execution.start_cycle,
            layer.start_cycle + execution.end_cycle,
            execution.bytes,
            execution.busy_cycles,
        )
        for run, layer, account in _accounts(experiment)
        for execution in account.executions
    ]
    return pd.DataFrame(rows, columns=COLUMNS["events"])


def stalls_frame(experiment: Experiment) -> pd.DataFrame:
    """One row per stall: from ``start_cycle`` to before ``end_cycle`` of the whole variant, and on what."""
    rows = [
        (
            run.variant,
            layer.layer.name,
            account.unit,
            stall.cause,
            layer.start_cycle + stall.start_cycle,
            layer.start_cycle + stall.end_cycle,
        )
        for run, layer, account in _accounts(experiment)
        for stall in account.stalls
    ]
    return pd.DataFrame(rows, columns=COLUMNS["stalls"])


def _accounts(experiment: Experiment) -> Iterator[tuple[VariantRun, LayerRun, Account]]:
    for run in experiment.variants:
        for layer in run.layers:
            for account in layer.record.accounts:
                if account.unit in run.units:
                    yield run, layer, account


def _layer_row(machine: MachineConfig, run: VariantRun, layer: LayerRun, energy_pj: float) -> dict[str, Any]:
    totals = totals_of(layer.record)
    return {
        "variant": run.variant,
        "layer": layer.layer.name,
        "kind": layer.layer.kind,
        "macs": layer.layer.macs,
        "executed_macs": totals.executed.macs,
        "skipped_folds": totals.executed.skipped_folds,
        "ops": layer.layer.operations.total,
        "start_cycle": layer.start_cycle,
        "cycles": totals.cycles,
        "compute_cycles": totals.main_unit.busy_cycles,
        "stall_cycles": totals.main_unit.stalled_cycles,
        "dram_read_bytes": totals.dram_read_bytes,
        "dram_write_bytes": totals.dram_write_bytes,
        "bandwidth_bytes_per_cycle": (totals.dram_read_bytes + totals.dram_write_bytes) / totals.cycles,
        "energy_pj": energy_pj,
        **{
            f"{account.unit}_utilization": _utilization(machine, layer, account)
            for account in layer.record.accounts
            if account.unit in run.units
        },
        "tiling": str(layer.mapping.tiling),
        "second_phase_tiling": str(layer.mapping.second_phase or ""),
    }


def _utilization(machine: MachineConfig, layer: LayerRun, account: Account) -> float:
    if account.unit == "conv_array":
        return layer.record.executed.macs / (machine.array.rows * machine.array.cols * layer.record.cycles)
    return account.busy_cycles / layer.record.cycles
