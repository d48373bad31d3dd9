"""The totals of a run, as typed objects and as ``summary.json``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from accelsim.config.machine import MachineConfig
from accelsim.config.run import Config, Variant
from accelsim.documents.json_text import json_text
from accelsim.energy.action import Component
from accelsim.energy.estimate import LayerEnergy, Part
from accelsim.experiment import VariantRun
from accelsim.fusion.match import Match
from accelsim.layers import Layer
from accelsim.results.bandwidth import spread_over_windows, window_edges
from accelsim.results.saved import known_saved_percent
from accelsim.results.variant_totals import VariantTotals, run_totals
from accelsim.workload.nodes import Unmodelled

if TYPE_CHECKING:
    import pandas as pd

    from accelsim.energy.table import EnergyTable
    from accelsim.workload.graph import Graph

SCHEMA_VERSION = 4

PEAK_WINDOW_CYCLES = 1024
"""Peak bandwidth is the average over the busiest window of this length, windows following one another from cycle 0."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OperationCounts(_Record):
    """Arithmetic operations of the network as it is written: a MAC counts 2, BN 4 per element."""

    convolution: int
    fully_connected: int
    batchnorm: int
    residual_add: int
    activation: int
    pooling: int


class VariantSummary(_Record):
    """Totals of one variant.

    ``utilization`` of the conv array is MACs done ÷ MACs possible in ``cycles``; of other units, busy ÷ ``cycles``.
    Without a table of energies their figures are ``None``, and there is nothing by part or component.
    """

    cycles: int
    milliseconds: float
    frames_per_second: float
    macs: int
    executed_macs: int
    skipped_folds: int
    ops: int
    operations: OperationCounts
    compute_cycles: int
    stall_cycles: int
    dram_read_bytes: int
    dram_write_bytes: int
    average_bandwidth_bytes_per_cycle: float
    peak_bandwidth_bytes_per_cycle: float
    average_bandwidth_gb_per_second: float
    utilization: dict[str, float]
    busy_cycles: dict[str, int]
    energy_pj: float | None
    average_power_mw: float | None
    energy_delay_pj_cycles: float | None
    energy_delay_joule_seconds: float | None
    energy_by_part_pj: dict[Part, float]
    energy_by_component_pj: dict[Component, float]


class Saving(_Record):
    """What folding the BatchNorms saved, in per cent of the unfused variant; ``None`` where there is nothing to save.

    ``convolution_ops_percent`` leaves out everything but convolutions and BatchNorms.
    """

    cycles_percent: float | None
    dram_bytes_percent: float | None
    ops_percent: float | None
    convolution_ops_percent: float | None
    function_unit_busy_percent: float | None
    energy_percent: float | None
    energy_delay_percent: float | None


class BatchNormFate(_Record):
    """What became of one BatchNorm: the convolution it was folded into, or why it was not.

    ``ahead`` says that it was ahead of that convolution, not behind it.
    """

    batchnorm: str
    folded_into: str | None
    ahead: bool
    reason: str | None


class UnmodelledOperator(_Record):
    """An operator that took no time for want of a model.

    ``operations`` are those of the whole batch, ``operations_percent`` their share of all operations of the network,
    those that are not modelled among them.
    """

    node: str
    operator: str
    operations: int
    operations_percent: float


class Summary(_Record):
    """Everything that ``summary.json`` holds."""

    schema_version: int
    accelsim_version: str
    config_sha256: str
    network: str
    batch: int
    machine: str
    bn_placement: str
    variants: dict[Variant, VariantSummary]
    saving: Saving | None
    saving_into_requant: Saving | None = None
    batchnorms: list[BatchNormFate]
    unmodelled: list[UnmodelledOperator]

    @property
    def savings(self) -> dict[Variant, Saving]:
        """What each folded variant saved against the unfused one, if both ran."""
        savings: dict[Variant, Saving | None] = {"fused": self.saving, "fused_into_requant": self.saving_into_requant}
        return {variant: saving for variant, saving in savings.items() if saving is not None}

    @property
    def subject(self) -> str:
        """What ran on what, in a line."""
        return f"{self.network}, batch {self.batch}, on {self.machine}, BN {self.bn_placement}"


def summarise_variant(
    machine: MachineConfig, batch: int, run: VariantRun, energies: Sequence[LayerEnergy] = ()
) -> VariantSummary:
    """Sum up one variant, and what its layers took in energy."""
    totals = run_totals(machine, batch, run, energies)
    operations = OperationCounts(**totals.operations._asdict())
    peak = peak_bandwidth(_transfers(run), totals.cycles)
    return VariantSummary(**totals._asdict() | {"operations": operations, "peak_bandwidth_bytes_per_cycle": peak})


def _transfers(run: VariantRun) -> pd.DataFrame:
    """When something was transferred, and how much."""
    import pandas as pd

    rows = [
        (layer.start_cycle + transfer.start_cycle, layer.start_cycle + transfer.end_cycle, transfer.bytes)
        for layer in run.layers
        for account in layer.record.accounts
        if account.unit == "dma"
        for transfer in account.executions
    ]
    return pd.DataFrame(rows, columns=["start_cycle", "end_cycle", "bytes"])


def peak_bandwidth(transfers: pd.DataFrame, cycles: int) -> float:
    """Return the most bytes per cycle in any window of ``PEAK_WINDOW_CYCLES``.

    Parameters
    ----------
    transfers
        Events of the DMA in order of time; a transfer's bytes are spread evenly over its cycles.
    cycles
        Length of the run; a last window that is shorter counts by its own length.
    """
    edges = window_edges(0, cycles, PEAK_WINDOW_CYCLES)
    moved = spread_over_windows(transfers, transfers["bytes"].to_numpy(), edges)
    return float(np.max(moved / np.diff(edges)))


def savings_of(variants: Mapping[Variant, VariantSummary] | Mapping[Variant, VariantTotals]) -> dict[Variant, Saving]:
    """Compare every folded variant with the unfused one, if that is there."""
    unfused = variants.get("unfused")
    if unfused is None:
        return {}
    return {variant: saving_between(of, unfused) for variant, of in variants.items() if variant != "unfused"}


def saving_between(fused: VariantSummary | VariantTotals, unfused: VariantSummary | VariantTotals) -> Saving:
    """Compare a folded variant with the unfused one."""
    return Saving(
        cycles_percent=known_saved_percent(fused.cycles, unfused.cycles),
        dram_bytes_percent=known_saved_percent(
            fused.dram_read_bytes + fused.dram_write_bytes, unfused.dram_read_bytes + unfused.dram_write_bytes
        ),
        ops_percent=known_saved_percent(fused.ops, unfused.ops),
        convolution_ops_percent=known_saved_percent(
            fused.operations.convolution + fused.operations.batchnorm,
            unfused.operations.convolution + unfused.operations.batchnorm,
        ),
        function_unit_busy_percent=known_saved_percent(
            fused.busy_cycles.get("function_unit", 0), unfused.busy_cycles.get("function_unit", 0)
        ),
        energy_percent=known_saved_percent(fused.energy_pj, unfused.energy_pj),
        energy_delay_percent=known_saved_percent(fused.energy_delay_pj_cycles, unfused.energy_delay_pj_cycles),
    )


def network_hash(network: Graph) -> str:
    """Hash of a network, whatever file it is from."""
    nodes = "\n".join(map(repr, network))
    return hashlib.sha256(f"{network.name}\0{network.input_shape}\0{nodes}".encode()).hexdigest()


def config_hash(config: Config, network: str, energy_table: EnergyTable | None = None) -> str:
    """Hash of all that determines a result: configuration, network (:func:`network_hash`) and table of energies."""
    # network and table say themselves what they are, and where results go changes none
    files = {"run": {"workload", "input_shape", "energy", "output"}}
    values = config.model_dump(mode="json", exclude_none=True, exclude=files)
    resolved = json.dumps(values, sort_keys=True, separators=(",", ":"))
    energies = f"\0{json_text(energy_table)}" if energy_table else ""
    return hashlib.sha256(f"{resolved}\0{network}{energies}".encode()).hexdigest()


def batchnorm_fates(matches: Iterable[Match]) -> list[BatchNormFate]:
    """Return the matcher's decisions in the form of the summary."""
    return [
        BatchNormFate(batchnorm=match.batchnorm, folded_into=match.into, ahead=match.ahead, reason=match.reason or None)
        for match in matches
    ]


def unmodelled_operators(nodes: Sequence[Unmodelled], unfused: Sequence[Layer], batch: int) -> list[UnmodelledOperator]:
    """Return what was not modelled in the form of the summary.

    Parameters
    ----------
    nodes
        The operators.
    unfused
        All layers of the network with its BatchNorms, for the operations that were modelled.
    batch
        Images of the run.
    """
    modelled = sum(layer.operations.total for layer in unfused)
    total = modelled + batch * sum(node.operations for node in nodes)
    return [
        UnmodelledOperator(
            node=node.name,
            operator=node.what,
            operations=batch * node.operations,
            operations_percent=100 * batch * node.operations / total if total else 0.0,
        )
        for node in nodes
    ]
