"""Models with BatchNorms of which some γ are small."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx

from accelsim.pruning.apply_onnx import PrunedModel, prune_model
from tests.workload.onnx_frontend.models import PATH, Weights, assert_equal_results, random

THRESHOLD = 0.1
SMALL = 0.01
"""A γ below the threshold."""


def batchnorm(letter: str, gamma: Sequence[float], beta: Sequence[float], seed: int = 1) -> Weights:
    """Return the parameters of a BatchNormalization, under names that begin with a letter."""
    generator = np.random.default_rng(seed)
    parameters = {
        "g": np.asarray(gamma),
        "b": np.asarray(beta),
        "m": generator.standard_normal(len(gamma)),
        "v": generator.uniform(0.1, 2, len(gamma)),
    }
    return {f"{letter}{name}": values.astype(np.float32) for name, values in parameters.items()}


def normalised(letter: str, source: str) -> str:
    """Return a BatchNormalization with these parameters as text."""
    return f"BatchNormalization({source}, {letter}g, {letter}b, {letter}m, {letter}v)"


def pruned(original: onnx.ModelProto, threshold: float = THRESHOLD, *, clone_shared: bool = False) -> PrunedModel:
    """Prune, and hold the result against what every result must be."""
    before = original.SerializeToString(deterministic=True)
    result = prune_model(original, PATH, threshold, clone_shared=clone_shared)
    assert original.SerializeToString(deterministic=True) == before
    onnx.checker.check_model(result.model, full_check=True)
    assert result.model.graph.output == original.graph.output
    weights = {tensor.name for tensor in original.graph.initializer}
    fed = [value for value in original.graph.input if value.name not in weights]
    assert [value for value in result.model.graph.input if value.name not in weights] == fed
    assert_equal_results(result.reference, result.model, rounding=1e-5)
    return result


def channels(result: PrunedModel) -> dict[str, int]:
    """Return how many channels are left in the layers that lost some."""
    return {layer.name: layer.left for layer in result.layers if layer.removed}


def reasons(result: PrunedModel) -> list[tuple[str, int, str]]:
    """Return which layers keep how many channels with a small γ, and why."""
    return [(layer.name, kept.channels, kept.reason) for layer in result.layers for kept in layer.kept]


def two_convolutions(between: str, *, pads: int = 0, beta: Sequence[float] = (0.5, -0.7, 0.9, 0.3)) -> Weights:
    """Return the arguments of :func:`model` for two convolutions with ``between``, which makes t of n, between them.

    The first makes 4 channels, of which the second and the fourth have a small γ.
    """
    body = (
        f"c = Conv(x, w) n = {normalised('p', 'c')} {between} y = Conv<pads = [{pads}, {pads}, {pads}, {pads}]>(t, u)"
    )
    return {
        "body": body,
        "w": random(4, 4, 3, 3),
        "u": random(2, 4, 3, 3, seed=2),
        **batchnorm("p", (1, SMALL, -1, -SMALL), beta),
    }
