"""What the components of a machine that take energy are called where people read them."""

from __future__ import annotations

from accelsim.report.unit_names import UNIT_NAMES

COMPONENT_NAMES = {
    "conv_array": UNIT_NAMES["conv_array"],
    "accumulator": "accumulator",
    "bn_stage": UNIT_NAMES["bn_stage"],
    "requantizer": UNIT_NAMES["requantizer"],
    "residual_add": UNIT_NAMES["residual_add"],
    "pooling": UNIT_NAMES["pooling"],
    "activation": UNIT_NAMES["activation"],
    "ifmap_buffer": "ifmap buffer",
    "weight_buffer": "weight buffer",
    "parameter_buffer": "parameter buffer",
    "residual_buffer": "residual buffer",
    "ofmap_buffer": "ofmap buffer",
    "dram": "DRAM",
}
"""By their names in ``energy.csv``, in the order in which tables and figures have them."""

PART_NAMES = {
    "arithmetic": "arithmetic",
    "on_chip_memory": "on-chip memory",
    "dram": "DRAM",
    "static": "static power",
}
"""What energy goes into."""
