"""What units are called in text."""

from __future__ import annotations

UNIT_NAMES = {
    "dma": "DMA",
    "conv_array": "conv array",
    "bn_stage": "BN stage",
    "requantizer": "requantiser",
    "residual_add": "residual add",
    "pooling": "pooling",
    "activation": "activation",
    "function_unit": "function unit",
}
"""In the order in which data meets the units."""
