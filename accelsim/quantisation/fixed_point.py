"""Multiplication by a real number in hardware: by an integer, and a shift to the right that rounds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from accelsim.quantisation.symmetric import Integers
from accelsim.workload.affine import Doubles

MAX_PRODUCT_BITS = 62
"""Of a psum times a mantissa, and of a shift: sums and halves of it still fit 64 bits."""


class FixedPoint(NamedTuple):
    """Real numbers as mantissa · 2^−shift, channel by channel.

    Jacob et al., CVPR 2018 (arXiv:1712.05877), §2.2, equation 6: M = 2^−n · M0, M0 in [0.5, 1) with 32 bits. Here the
    mantissa's width is given, and it has a sign, since γ may be negative.

    Parameters
    ----------
    mantissa
        Two's complement, normalised: 0, or of a magnitude from 2^(bits−2) to 2^(bits−1) − 1. Shape (channels,).
    shift
        Bits by which products are shifted to the right; below 0, to the left. Shape (channels,).
    """

    mantissa: Integers
    shift: Integers

    @property
    def values(self) -> Doubles:
        """The numbers, exactly."""
        return np.ldexp(self.mantissa.astype(np.float64), -self.shift)

    def shifted(self, bits: int) -> FixedPoint:
        """Return the numbers divided by 2^bits."""
        return self._replace(shift=self.shift + bits)

    def times(self, integers: Integers, *, rounding: bool) -> Integers:
        """Return the products with integers.

        Parameters
        ----------
        integers
            Shape (channels, ...).
        rounding
            Whether to round to the nearest, ties up (add a half, and drop the fraction); if not, the fraction is
            dropped as it is.

        Raises
        ------
        OverflowError
            If a product does not fit 62 bits.
        """
        along = (-1, *[1] * (integers.ndim - 1))
        mantissa, shift = (values.reshape(along) for values in self)
        left, right = np.maximum(-shift, 0), np.clip(shift, 0, MAX_PRODUCT_BITS)
        widest = np.abs(integers).astype(np.float64) * np.abs(mantissa) * np.ldexp(1.0, left)
        if (widest >= 2**MAX_PRODUCT_BITS).any():
            raise OverflowError(f"a product of {widest.max():z.3g} does not fit {MAX_PRODUCT_BITS} bits")
        half = np.where((right > 0) & rounding, np.left_shift(1, np.maximum(right - 1, 0)), 0)
        products: Integers = np.right_shift(np.left_shift(integers * mantissa, left) + half, right)
        return np.where(shift > MAX_PRODUCT_BITS, 0, products) if rounding else products


def fixed_point(numbers: npt.ArrayLike, bits: int) -> FixedPoint:
    """Return the nearest numbers whose mantissa has so many bits; off by no more than 2^(1−bits) of themselves.

    Parameters
    ----------
    numbers
        Finite; shape (channels,).
    bits
        Of the mantissa, its sign included; at least 3.
    """
    fractions, exponents = np.frexp(np.asarray(numbers, dtype=np.float64))  # of magnitudes in [0.5, 1)
    mantissa = np.rint(np.ldexp(fractions, bits - 1)).astype(np.int64)
    is_full = np.abs(mantissa) == 2 ** (bits - 1)
    mantissa = np.where(is_full, mantissa // 2, mantissa)
    shift = np.where(mantissa == 0, 0, bits - 1 - exponents.astype(np.int64) - is_full)
    return FixedPoint(mantissa, shift)
