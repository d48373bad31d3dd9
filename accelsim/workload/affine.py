"""What a BatchNorm of constant statistics is: a scale and a shift by channel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]


class Affine(NamedTuple):
    """``scale · x + shift``, channel by channel; both have shape (channels,)."""

    scale: Doubles
    shift: Doubles


def batchnorm_affine(
    gamma: npt.ArrayLike, beta: npt.ArrayLike, mean: npt.ArrayLike, variance: npt.ArrayLike, epsilon: float
) -> Affine:
    """Return a BatchNorm of constant statistics as scale and shift.

    Parameters
    ----------
    gamma, beta, mean, variance
        γ, β, μ and σ², of shape (channels,).
    epsilon
        ε.

    Raises
    ------
    ValueError
        If a parameter is not finite, the variance is negative, or σ² + ε is zero; names the first channel at fault.
    """
    parameters = {"scale": gamma, "bias": beta, "mean": mean, "variance": variance}
    doubles = {name: np.asarray(values, dtype=np.float64) for name, values in parameters.items()}
    for name, values in doubles.items():
        _refuse(~np.isfinite(values), values, f"its {name} is not finite")
    _refuse(doubles["variance"] < 0, doubles["variance"], "its variance is negative")
    spread = doubles["variance"] + epsilon
    _refuse(~(spread > 0), spread, "its variance and epsilon add up to nothing")
    scale = doubles["scale"] / np.sqrt(spread)
    return Affine(scale, doubles["bias"] - scale * doubles["mean"])


def _refuse(at_fault: npt.NDArray[np.bool_], values: Doubles, what: str) -> None:
    if at_fault.any():
        channel = int(np.argmax(at_fault))
        raise ValueError(f"{what} ({values[channel]:g} in channel {channel})")
