"""A machine whose parts can be counted by hand."""

from __future__ import annotations

from typing import Any

from accelsim.config.machine import MachineConfig

SMALL: dict[str, Any] = {
    "array": {"rows": 4, "cols": 3, "operand_bits": 4, "psum_bits": 16},
    "accumulator": {"psums": 6, "halves": 2},
    "buffers": {name: {"kib": 2} for name in ("ifmap", "weight", "parameter", "residual", "ofmap")},
    "dram": {"bytes_per_cycle": 1},
    "bn": {"lanes": 2, "parameter_bits": 8},
    "residual_add": {"lanes": 3},
    "pooling": {"lanes": 1},
    "activation": {"lanes": 64},
}


def small_machine(**changes: dict[str, Any]) -> MachineConfig:
    """The machine, with changes block by block."""
    return MachineConfig.model_validate(
        {**SMALL, **{name: SMALL.get(name, {}) | block for name, block in changes.items()}}
    )
