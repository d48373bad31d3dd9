"""Simulations that several tests look at, made once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import accelsim
from accelsim.results.result import Result

CONFIGS = Path(__file__).parents[2] / "configs"

CASES = {
    "alpha5": ("alpha5",),
    "resnet18": ("resnet18",),
    "cifar, kept on chip": ("vgg16_bn_cifar10", "machine.keep_on_chip=true", "run.batch=2"),
    "alpha5, requantised": (
        "alpha5",
        "machine.requantization={lanes: 4, weight_scales: per_tensor}",
        "run.variants=[fused, unfused, fused_into_requant]",
    ),
    "mobilenet, off chip": (
        "mobilenet_v2",
        "machine.bn={placement: offchip, lanes: 8, latency_cycles: 3, intermediate_bits: 16, when_fused: bypassed}",
    ),
}
"""All BN placements; tiles, branches, and layers without a convolution."""


@cache
def result_of(case: str) -> Result:
    """Return the result of one of the ``CASES``."""
    name, *overrides = CASES[case]
    return accelsim.simulate(accelsim.load_config(CONFIGS / f"{name}.yaml", overrides))
