"""The arithmetic of folding: convolutions that have absorbed a BatchNorm.

For a BatchNorm behind a convolution with weights w and bias b (0 where it has none)::

    scale   = γ / sqrt(σ² + ε)
    w_fused = scale · w
    b_fused = scale · (b − μ) + β

All of it is computed in float64, so that a result in float32 is off by its own rounding alone.
"""

from __future__ import annotations

from math import fsum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from accelsim.workload.affine import Affine, Doubles, batchnorm_affine


class Filters(NamedTuple):
    """What a convolution or fully connected layer multiplies and adds.

    Parameters
    ----------
    weights
        Shape (output channels, input channels ÷ groups, positions of the kernel).
    bias
        Shape (output channels,).
    groups
        Groups of channels.
    """

    weights: Doubles
    bias: Doubles
    groups: int = 1

    def folded_behind(self, affine: Affine) -> Filters:
        """Return the filters with a scale and shift of their outputs folded in, of shape (output channels,)."""
        return self._replace(
            weights=affine.scale[:, None, None] * self.weights, bias=affine.scale * self.bias + affine.shift
        )

    def folded_ahead(self, affine: Affine) -> Filters:
        """Return the filters with a scale and shift of their inputs folded in, of shape (input channels,).

        Exact only where the input is not padded: a padded zero is no shifted zero.
        """
        outputs, per_group, _ = self.weights.shape
        group_of = np.arange(outputs) // (outputs // self.groups)
        scale, shift = (values.reshape(self.groups, per_group)[group_of] for values in affine)
        return self._replace(
            weights=scale[:, :, None] * self.weights,
            bias=self.bias + _sums(self.weights * shift[:, :, None]),
        )

    def apply(self, windows: Doubles) -> Doubles:
        """Return the outputs, of shape (output channels, windows), of input windows.

        Parameters
        ----------
        windows
            Shape (input channels, positions of the kernel, windows).
        """
        outputs, per_group, positions = self.weights.shape
        products: Doubles = np.matmul(
            self.weights.reshape(self.groups, outputs // self.groups, per_group * positions),
            windows.reshape(self.groups, per_group * positions, -1),
        )
        result: Doubles = products.reshape(outputs, -1) + self.bias[:, None]
        return result


def _sums(products: Doubles) -> Doubles:
    """Return the sum of each output channel's products, correctly rounded, in whatever order numpy would add."""
    return np.array([fsum(of_output) for of_output in products.reshape(len(products), -1).tolist()])


def fold_batchnorm(
    weights: npt.NDArray[np.floating],
    bias: npt.NDArray[np.floating] | None,
    *,
    gamma: npt.ArrayLike,
    beta: npt.ArrayLike,
    mean: npt.ArrayLike,
    variance: npt.ArrayLike,
    epsilon: float = 1e-5,
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    """Fold a BatchNorm into the convolution or fully connected layer before it.

    Parameters
    ----------
    weights
        Shape (output channels, ...): (OC, IC ÷ groups, KH, KW) of a convolution, (OC, IC) of a fully connected layer;
        float32 or float64.
    bias
        Shape (output channels,), or ``None``.
    gamma, beta, mean, variance
        γ, β, μ and σ², of shape (output channels,).
    epsilon
        ε.

    Returns
    -------
    tuple
        Weights and bias of the fused layer, in the shape and type of the weights given.

    Raises
    ------
    ValueError
        As :func:`batchnorm_affine`, or if a parameter has another length than there are output channels.
    """
    channels = len(weights)
    for name, values in {"gamma": gamma, "beta": beta, "mean": mean, "variance": variance}.items():
        if np.shape(values) != (channels,):
            raise ValueError(f"{name} has shape {np.shape(values)}, but there are {channels} output channels")
    filters = Filters(
        weights.reshape(channels, -1, 1).astype(np.float64),
        np.zeros(channels) if bias is None else bias.astype(np.float64),
    )
    fused = filters.folded_behind(batchnorm_affine(gamma, beta, mean, variance, epsilon))
    return fused.weights.reshape(weights.shape).astype(weights.dtype), fused.bias.astype(weights.dtype)
