"""Whether folding leaves the numbers as they are: tried on every convolution of a network that absorbs a BatchNorm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from accelsim.fusion.fold import Filters
from accelsim.workload.affine import Affine, Doubles, batchnorm_affine
from accelsim.workload.nodes import Conv, Linear

if TYPE_CHECKING:
    from accelsim.experiment import NetworkPlan

WINDOWS = 16


def largest_errors(plan: NetworkPlan, generator: np.random.Generator) -> tuple[float, float]:
    """Return the largest error with folded weights in float32, and in float64, of all layers that absorb a BatchNorm.

    Weights, BatchNorm parameters and inputs are random; a value's error is relative to the magnitudes that it is
    the sum of.
    """
    errors = [
        _errors(node, generator)
        for match in plan.matches
        if isinstance(node := plan.graph.nodes.get(match.into or ""), Conv | Linear)
    ]
    return max(single for single, _ in errors), max(double for _, double in errors)


def _errors(node: Conv | Linear, generator: np.random.Generator) -> tuple[float, float]:
    if isinstance(node, Conv):
        outputs, groups = node.out_channels, node.groups
        per_group, positions = node.in_channels // groups, node.window.positions
    else:
        outputs, groups, per_group, positions = node.out_features, 1, node.in_features, 1
    weights = generator.standard_normal((outputs, per_group, positions)) / np.sqrt(per_group * positions)
    before = Filters(weights, generator.standard_normal(outputs) * node.bias, groups)
    affine = batchnorm_affine(
        generator.uniform(-2, 2, outputs),
        generator.standard_normal(outputs),
        generator.standard_normal(outputs),
        generator.uniform(0.01, 4, outputs),
        1e-5,
    )
    after = before.folded_behind(affine)
    windows = generator.standard_normal((per_group * groups, positions, WINDOWS))
    magnitudes = _normalised(
        Filters(abs(before.weights), abs(before.bias), groups),
        Affine(abs(affine.scale), abs(affine.shift)),
        abs(windows),
    )
    expected = _normalised(before, affine, windows)
    stored = after._replace(weights=_rounded(after.weights), bias=_rounded(after.bias))
    single, double = (abs(filters.apply(windows) - expected) / magnitudes for filters in (stored, after))
    return float(single.max()), float(double.max())


def _rounded(values: Doubles) -> Doubles:
    return values.astype(np.float32).astype(np.float64)


def _normalised(filters: Filters, affine: Affine, windows: Doubles) -> Doubles:
    return affine.scale[:, None] * filters.apply(windows) + affine.shift[:, None]
