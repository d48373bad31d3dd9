"""Tensors of integers as bytes in memory, and back (docs/microarchitecture.md, §6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Bytes = NDArray[np.uint8]


def packed(values: Integers, bits: int) -> Bytes:
    """Pack each row (the last axis) from its first bit on; rows begin on a byte."""
    places = np.arange(bits, dtype=np.int64)
    ones = (values[..., None] >> places) & 1
    rows = ones.astype(np.uint8).reshape(*values.shape[:-1], -1)
    return np.packbits(rows, axis=-1, bitorder="little")


def unpacked(rows: Bytes, width: int, bits: int) -> Integers:
    """Return the ``width`` signed elements that are packed in each row of bytes."""
    ones = np.unpackbits(rows, axis=-1, bitorder="little")[..., : width * bits].astype(np.int64)
    elements = ones.reshape(*rows.shape[:-1], width, bits)
    weights = np.left_shift(np.int64(1), np.arange(bits, dtype=np.int64))
    weights[-1] = -weights[-1] if bits < 64 else weights[-1]
    values: Integers = (elements * weights).sum(axis=-1)
    return values


def wrapped(values: Integers, bits: int) -> Integers:
    """Keep the lowest ``bits`` bits, as a signed number: what a register of that width holds."""
    spare = np.int64(64 - bits)
    return np.right_shift(np.left_shift(values, spare), spare)
