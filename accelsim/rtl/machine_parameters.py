"""What of a machine is built into its RTL, and what it takes from configuration registers."""

from __future__ import annotations

from typing import NamedTuple

from accelsim.config.machine import KIB, BnConfig, MachineConfig, StageConfig
from accelsim.errors import InputError
from accelsim.rtl.words import Words, field_words

MAX_SIDE = 64
MAX_OPERAND_BITS = 16
MAX_BUFFER_KIB = 4096
BEAT_BYTES = 64
"""Widest port of the memory in RTL: bytes that move in a cycle."""

MAX_PSUM_ROWS = 65536
"""Rows of the psum memory of each column, all halves together."""

MAX_OPERATIONS = 4096
"""Operations of one unit."""

BUFFERS = ("ifmap", "weight", "parameter", "residual", "ofmap")
"""In the order in which RTL numbers them."""

_DATAFLOWS = ("ws", "is", "os")


class MachineParameters(NamedTuple):
    """Parameters of the top module: one binary is built for each value of this."""

    rows: int
    cols: int
    dataflow: int
    shadow: int
    operand_bits: int
    weight_bits: int
    psum_bits: int
    parameter_bits: int
    function_unit: int
    has_bn: int
    bn_raw: int
    bn_lanes: int
    bn_latency: int
    has_requantizer: int
    requantize_lanes: int
    requantize_latency: int
    add_lanes: int
    add_latency: int
    pool_lanes: int
    pool_latency: int
    activate_lanes: int
    activate_latency: int
    buffer_bytes: int


def machine_parameters(machine: MachineConfig, *, has_bn: bool) -> MachineParameters:
    """Return what is built into a machine.

    Parameters
    ----------
    machine
        The machine.
    has_bn
        Whether its BN stage is there; a machine for fused networks need not have one.

    Raises
    ------
    InputError
        If the machine is larger than what RTL is simulated for, or has a feature that RTL lacks.
    """
    _check_limits(machine)
    array, bn, requantization = machine.array, machine.bn, machine.requantization
    largest = max(getattr(machine.buffers, name).kib for name in BUFFERS) * KIB
    return MachineParameters(
        rows=array.rows,
        cols=array.cols,
        dataflow=_DATAFLOWS.index(array.dataflow),
        shadow=int(array.stationary_double_buffer),
        operand_bits=array.operand_bits,
        weight_bits=machine.weight_bits,
        psum_bits=array.psum_bits,
        parameter_bits=bn.parameter_bits,
        function_unit=int(bn.placement == "pass"),
        has_bn=int(has_bn),
        bn_raw=int(bn.parameters == "raw"),
        bn_lanes=_lanes(machine, bn),
        bn_latency=_latency(machine, bn),
        has_requantizer=int(requantization is not None),
        requantize_lanes=_lanes(machine, requantization) if requantization else 1,
        requantize_latency=_latency(machine, requantization) if requantization else 0,
        add_lanes=_lanes(machine, machine.residual_add),
        add_latency=_latency(machine, machine.residual_add),
        pool_lanes=_lanes(machine, machine.pooling),
        pool_latency=_latency(machine, machine.pooling),
        activate_lanes=_lanes(machine, machine.activation),
        activate_latency=_latency(machine, machine.activation),
        buffer_bytes=max(4 * KIB, 1 << (largest - 1).bit_length()),
    )


def settings_words(machine: MachineConfig) -> Words:
    """Return the configuration registers, as the top module loads them."""
    buffers = [getattr(machine.buffers, name) for name in BUFFERS]
    return field_words(
        [
            machine.dma.burst_bytes,
            machine.bn.flush_cycles,
            machine.accumulator.halves,
            psum_rows_of_half(machine),
            *(buffer.halves for buffer in reversed(buffers)),
            *(buffer.half_bytes for buffer in reversed(buffers)),
        ]
    )


def psum_rows_of_half(machine: MachineConfig) -> int:
    """Rows of the psum memory in one half: every psum may be the only one of its row."""
    return min(machine.half_psums, MAX_PSUM_ROWS // machine.accumulator.halves)


def _lanes(machine: MachineConfig, stage: BnConfig | StageConfig) -> int:
    """Lanes of a stage; no row is wider than the array."""
    return min(stage.lanes, machine.array.cols)


def _latency(machine: MachineConfig, stage: BnConfig | StageConfig) -> int:
    """Latency of a stage; a function unit's passes have none (docs/microarchitecture.md, §5)."""
    return 0 if machine.bn.placement == "pass" else stage.latency_cycles


def _check_limits(machine: MachineConfig) -> None:
    array = machine.array
    if not array.sparsity.is_dense:
        raise InputError(
            f"RTL has no selectors for sparse weights; it is simulated 'dense', not '{array.sparsity}'",
            key="machine.array.sparsity",
        )
    if array.skip_zero_folds:
        raise InputError("RTL skips no folds; it is simulated with false", key="machine.array.skip_zero_folds")
    limits = [
        ("array.rows", array.rows, MAX_SIDE),
        ("array.cols", array.cols, MAX_SIDE),
        ("array.operand_bits", array.operand_bits, MAX_OPERAND_BITS),
        ("array.weight_bits", machine.weight_bits, MAX_OPERAND_BITS),
        ("dram.bytes_per_cycle", machine.dram.bytes_per_cycle, BEAT_BYTES),
        *((f"buffers.{name}.kib", getattr(machine.buffers, name).kib, MAX_BUFFER_KIB) for name in BUFFERS),
    ]
    for key, value, most in limits:
        if value > most:
            raise InputError(f"RTL is simulated up to {most}, not {value}", key=f"machine.{key}")
