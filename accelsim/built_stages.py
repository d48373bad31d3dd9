"""Which stages behind the array a machine is built with: units, energy, area and RTL all ask here."""

from __future__ import annotations

from collections.abc import Iterable

from accelsim.config.machine import MachineConfig
from accelsim.config.run import Variant
from accelsim.layers import Layer
from accelsim.program.operations import STAGES, Stage


def built_stages(machine: MachineConfig, variant: Variant, layers: Iterable[Layer]) -> tuple[Stage, ...]:
    """Return the stages that the hardware of a variant has, in the order of ``STAGES``.

    A machine for folded BatchNorms has no BN stage where ``bn.when_fused`` is ``removed``, unless a BatchNorm is left
    in some layer. The placement does not matter: a function unit has the lanes of a stage for the pass that takes its
    place, and off chip the second phase streams through the BN stage.

    Parameters
    ----------
    machine
        The machine.
    variant
        The variant that it is built for.
    layers
        All layers of the network in this variant.
    """
    absent: set[Stage] = set()
    if variant != "unfused" and machine.bn.when_fused == "removed" and not _normalise(layers):
        absent.add("bn_stage")
    if machine.requantization is None:
        absent.add("requantizer")
    return tuple(stage for stage in STAGES if stage not in absent)


def _normalise(layers: Iterable[Layer]) -> bool:
    return any(layer.epilogue.batchnorm for layer in layers)
