"""The figures behind the claims: totals of the document's machine, and of three networks in three placements."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from accelsim.area.estimate import ARRAY_AND_BN, MachineArea, machine_area
from accelsim.area.figures import shipped
from accelsim.built_stages import built_stages
from accelsim.claims.identity import largest_errors
from accelsim.config import LoadedConfig, load_config
from accelsim.config.machine import MachineConfig
from accelsim.config.run import Variant
from accelsim.experiment import NetworkPlan, plan_layers, read_layers
from accelsim.memo import Memo
from accelsim.results.saved import known_saved_percent
from accelsim.results.summary import saving_between
from accelsim.results.variant_totals import plan_totals

Placement = Literal["inline", "pass", "offchip"]

PLACEMENTS: tuple[Placement, ...] = ("inline", "pass", "offchip")
DOCUMENTS_MACHINE = "alpha5"
NETWORKS = ("resnet18", "vgg16_bn", "mobilenet_v2")
SEED = 1

_BOTH = "run.variants=[fused, unfused]"


class Measurement(NamedTuple):
    """One network on one machine, with its BatchNorms folded against without; what is saved is in per cent.

    Parameters
    ----------
    network, placement, machine
        What was simulated.
    operations_percent
        Of the operations of convolutions and BatchNorms.
    unit_percent
        Of the busy cycles of the function unit; ``None`` without one.
    cycles_percent
        Of all cycles.
    dram_percent
        Of the bytes to and from DRAM.
    bandwidth
        Average bytes per cycle, fused and unfused.
    array_area_percent, datapath_area_percent, area_percent
        Of the area of array and BN stage, of the datapath, and of the machine with its memories; ``None`` where the
        table that ships lacks a tile.
    intermediate_bytes
        What the convolutions write for BatchNorm to read again, and fused do not.
    float32_error, float64_error
        Largest difference of a folded layer whose weights are stored in this type, relative to the magnitudes that it
        adds up.
    """

    network: str
    placement: Placement
    machine: MachineConfig
    operations_percent: float
    unit_percent: float | None
    cycles_percent: float
    dram_percent: float
    bandwidth: tuple[float, float]
    array_area_percent: float | None
    datapath_area_percent: float | None
    area_percent: float | None
    intermediate_bytes: int
    float32_error: float
    float64_error: float


def measure_claims(configs: Path) -> list[Measurement]:
    """Measure everything that the claims are about.

    Parameters
    ----------
    configs
        The folder with the shipped configurations.

    Raises
    ------
    InputError
        If a configuration is not there.
    """
    measured = _measured(configs / f"{DOCUMENTS_MACHINE}.yaml", ("pass",))
    for network in NETWORKS:
        measured += _measured(configs / f"{network}.yaml", PLACEMENTS)
    return measured


def _measured(path: Path, placements: Sequence[Placement]) -> list[Measurement]:
    configs = [load_config(path, [f"machine.bn.placement={placement}", _BOTH]) for placement in placements]
    memo = Memo()
    plans = [plan_layers(config, read_layers(config), memo) for config in configs]
    errors = largest_errors(plans[0], np.random.default_rng(SEED))
    return [_measurement(config, plan, memo, *errors) for config, plan in zip(configs, plans, strict=True)]


def _measurement(
    config: LoadedConfig, plan: NetworkPlan, memo: Memo, float32_error: float, float64_error: float
) -> Measurement:
    machine = config.machine
    totals = plan_totals(machine, config.run, plan, memo)
    fused, unfused = totals["fused"], totals["unfused"]
    saving = saving_between(fused, unfused)
    fused_area, unfused_area = (_area(machine, plan, variant) for variant in ("fused", "unfused"))
    return Measurement(
        network=plan.graph.name,
        placement=machine.bn.placement,
        machine=machine,
        operations_percent=saving.convolution_ops_percent or 0.0,
        unit_percent=saving.function_unit_busy_percent,
        cycles_percent=saving.cycles_percent or 0.0,
        dram_percent=saving.dram_bytes_percent or 0.0,
        bandwidth=(fused.average_bandwidth_bytes_per_cycle, unfused.average_bandwidth_bytes_per_cycle),
        array_area_percent=known_saved_percent(fused_area.of_units(ARRAY_AND_BN), unfused_area.of_units(ARRAY_AND_BN)),
        datapath_area_percent=known_saved_percent(fused_area.datapath_um2, unfused_area.datapath_um2),
        area_percent=known_saved_percent(fused_area.machine_um2, unfused_area.machine_um2),
        intermediate_bytes=unfused.dram_write_bytes - fused.dram_write_bytes,
        float32_error=float32_error,
        float64_error=float64_error,
    )


def _area(machine: MachineConfig, plan: NetworkPlan, variant: Variant) -> MachineArea:
    return machine_area(machine, built_stages(machine, variant, plan.layers[variant]), shipped())
