"""What passes the requantiser, and the parameter words that it takes (docs/microarchitecture.md, §4 and §7).

A phase is a layer, or one of the two that an off-chip BN makes of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accelsim.config.machine import MachineConfig
    from accelsim.layers import Epilogue


def requantizes(machine: MachineConfig, epilogue: Epilogue, *, convolution: bool) -> bool:
    """Whether what leaves a phase passes the requantiser: results of a convolution, and of a BN."""
    return machine.requantization is not None and (convolution or epilogue.batchnorm)


def multiplier_words(machine: MachineConfig, epilogue: Epilogue, *, convolution: bool) -> int:
    """Return the words per channel that the requantiser multiplies by in one phase; without any it uses a register.

    With a BN in the phase there are none, since BN's constants carry the scales of the weights as well.
    """
    if machine.requantization is None or not convolution or epilogue.batchnorm:
        return 0
    return int(epilogue.folded_scale or machine.requantization.weight_scales == "per_channel")


def drain_words(machine: MachineConfig, epilogue: Epilogue, *, convolution: bool) -> int:
    """Return the parameter words per channel that are taken behind the array: BN's, or else the requantiser's."""
    if epilogue.batchnorm:
        return machine.bn.words
    return multiplier_words(machine, epilogue, convolution=convolution)
