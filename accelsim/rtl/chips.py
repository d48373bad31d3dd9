"""The machines that random cases run on. What is built into a chip is fixed; the rest of its configuration is drawn."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any, Literal, NamedTuple

from accelsim.config.machine import MachineConfig


class Stage(NamedTuple):
    """Lanes and latency of a stage."""

    lanes: int
    latency_cycles: int


class Stages(NamedTuple):
    """The stages of the post-pipeline; a function unit has their lanes."""

    bn: Stage
    residual_add: Stage
    pooling: Stage
    activation: Stage


class Chip(NamedTuple):
    """What is built into a machine."""

    rows: int
    cols: int
    stages: Stages
    dataflow: Literal["ws", "is", "os"] = "ws"
    shadow: bool = False
    function_unit: bool = False
    bn_removed: bool = False
    """Whether it was built for fused networks, without a BN stage."""
    operand_bits: int = 8
    weight_bits: int = 8
    psum_bits: int = 32
    parameter_bits: int = 32
    parameters: Literal["scale_shift", "raw"] = "scale_shift"
    requantizer: Stage | None = None


_ALIKE = Stages(Stage(4, 1), Stage(4, 0), Stage(4, 0), Stage(4, 1))
_NARROW_BN = Stages(Stage(1, 5), Stage(3, 1), Stage(2, 5), Stage(2, 0))
_NARROW_ADD = Stages(Stage(5, 0), Stage(2, 0), Stage(1, 0), Stage(3, 0))
_NARROW_ACTIVATION = Stages(Stage(4, 2), Stage(3, 5), Stage(1, 1), Stage(1, 3))
_MIXED = Stages(Stage(3, 0), Stage(4, 1), Stage(2, 2), Stage(2, 5))

CHIPS: tuple[Chip, ...] = (
    Chip(4, 3, _NARROW_ADD),
    Chip(
        3,
        5,
        _NARROW_BN,
        shadow=True,
        operand_bits=4,
        weight_bits=8,
        psum_bits=20,
        parameter_bits=64,
        parameters="raw",
        requantizer=Stage(2, 1),
    ),
    Chip(6, 4, _NARROW_ADD, function_unit=True, weight_bits=4, parameter_bits=8, requantizer=Stage(3, 0)),
    Chip(
        2,
        6,
        _NARROW_ACTIVATION,
        shadow=True,
        function_unit=True,
        operand_bits=16,
        parameter_bits=64,
        parameters="raw",
    ),
    Chip(5, 4, _MIXED, dataflow="os", weight_bits=3, requantizer=Stage(2, 0)),
    Chip(3, 6, _NARROW_ADD, dataflow="os", function_unit=True, operand_bits=4, weight_bits=2, requantizer=Stage(4, 0)),
    Chip(4, 5, _NARROW_BN, dataflow="is", weight_bits=4, parameter_bits=16, requantizer=Stage(1, 3)),
    Chip(5, 3, _MIXED, dataflow="is", shadow=True, function_unit=True, requantizer=Stage(2, 0)),
    Chip(3, 4, _NARROW_ACTIVATION, dataflow="is", shadow=True, operand_bits=1, weight_bits=16, parameter_bits=64),
    Chip(7, 8, _NARROW_ADD, bn_removed=True, requantizer=Stage(8, 2)),
    Chip(4, 7, _NARROW_ACTIVATION, dataflow="os", bn_removed=True, operand_bits=16, weight_bits=16, parameter_bits=8),
    Chip(1, 1, _ALIKE),
)
"""Every dataflow, with shadow registers and without, with a post-pipeline and with a function unit, with a requantiser
and without."""


def random_machine(random: Random, chip: Chip) -> MachineConfig:
    """Return a machine with a chip in it that is small, often narrow somewhere, and always legal."""
    ws = chip.dataflow == "ws"
    room = chip.cols - 1 if chip.dataflow == "os" else 2 * chip.rows + chip.cols - 2
    stages = {name: stage._asdict() for name, stage in chip.stages._asdict().items()}
    flushes = chip.function_unit and not chip.shadow
    return MachineConfig.model_validate(
        {
            "array": {
                "rows": chip.rows,
                "cols": chip.cols,
                "dataflow": chip.dataflow,
                "ifmap_streaming": "raster" if ws and random.random() < 0.35 else "im2col",
                "stationary_double_buffer": chip.shadow,
                "operand_bits": chip.operand_bits,
                "weight_bits": chip.weight_bits,
                "psum_bits": chip.psum_bits,
                "grouped": "block_diagonal" if ws and random.random() < 0.5 else "sequential",
            },
            "accumulator": {"psums": random.choice([16, 64, 256, 1024]), "halves": random.choice([1, 2, 2, 3])},
            "buffers": {
                "parameter": {"kib": 1, "halves": random.choice([1, 1, 2, 3])},
                **{name: _random_buffer(random) for name in ("ifmap", "weight", "residual", "ofmap")},
            },
            "dma": {"burst_bytes": random.choice([1, 7, 16, 64])},
            "dram": {
                "bytes_per_cycle": random.choice([1, 2, 16, 64, Fraction(64, 5), Fraction(1, 3)]),
                "read_latency_cycles": random.choice([0, 3, 40]),
            },
            "bn": {
                **stages["bn"],
                "placement": "pass" if chip.function_unit else random.choice(["inline", "offchip"]),
                "flush_cycles": random.randint(0, room) if flushes else 0,
                "parameters": chip.parameters,
                "parameter_bits": chip.parameter_bits,
                "intermediate_bits": random.choice([None, 8, 16, 32]),
                "when_fused": "removed" if chip.bn_removed else "bypassed",
            },
            "requantization": _random_requantization(random, chip.requantizer),
            "residual_add": stages["residual_add"],
            "pooling": stages["pooling"],
            "activation": stages["activation"],
        }
    )


def _random_requantization(random: Random, requantizer: Stage | None) -> dict[str, Any] | None:
    if requantizer is None:
        return None
    return {**requantizer._asdict(), "weight_scales": random.choice(["per_tensor", "per_channel"])}


def _random_buffer(random: Random) -> dict[str, Any]:
    return {"kib": random.choice([1, 1, 2]), "halves": random.choice([1, 2, 2, 3])}
