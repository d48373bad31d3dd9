"""Parameter words per channel, and what passes the requantiser, phase by phase: written from
docs/microarchitecture.md (§4, §5, §7) alone.
"""

from __future__ import annotations

from typing import NamedTuple

from accelsim.config.machine import MachineConfig
from accelsim.layers import ConvShape, Layer


class Phase(NamedTuple):
    """What one phase of a layer takes of the parameter buffer, and whether its drains pass the requantiser."""

    bias: int
    batchnorm: int
    multipliers: int
    requantizes: bool

    @property
    def words(self) -> int:
        return self.bias + self.batchnorm + self.multipliers


def phases_of(machine: MachineConfig, layer: Layer) -> list[Phase]:
    """Return the phases of a layer as one variant has it, in order."""
    epilogue = layer.epilogue
    batchnorm = {"scale_shift": 2, "raw": 4}[machine.bn.parameters] if epilogue.batchnorm else 0
    bias = 1 if epilogue.bias else 0
    has_requantizer = machine.requantization is not None
    if not isinstance(layer.shape, ConvShape):
        return [Phase(0, batchnorm, 0, has_requantizer and epilogue.batchnorm)]
    if not epilogue.batchnorm:
        return [Phase(bias, 0, _multipliers(machine, layer), has_requantizer)]
    if machine.bn.placement == "offchip":
        first = Phase(bias, 0, _multipliers(machine, layer), has_requantizer)
        return [first, Phase(0, batchnorm, 0, has_requantizer)]
    return [Phase(bias, batchnorm, 0, has_requantizer)]


def _multipliers(machine: MachineConfig, layer: Layer) -> int:
    """Multipliers of a convolution in a phase without BN."""
    if machine.requantization is None:
        return 0
    if layer.epilogue.folded_scale:  # that of the BatchNorm that the requantiser has absorbed
        return 1
    return {"per_tensor": 0, "per_channel": 1}[machine.requantization.weight_scales]
