"""A small machine and operations for programs that are written by hand, so that every cycle can be."""

from __future__ import annotations

from typing import Any, Literal

from accelsim.config.machine import MachineConfig
from accelsim.program.operations import (
    AccumulateOperation,
    ArrayOperation,
    DrainOperation,
    FunctionUnitOperation,
    Pass,
    PassOperation,
    Program,
    Stage,
    Token,
    Tokens,
    TransferOperation,
)
from accelsim.timing.work import ArrayWork, Block, Transfer

SECTIONS: dict[str, dict[str, Any]] = {
    "array": {"rows": 4, "cols": 3},
    "accumulator": {"psums": 1024},
    "buffers": {name: {"kib": 1} for name in ("ifmap", "weight", "parameter", "residual", "ofmap")},
    "dma": {"burst_bytes": 256},
    "dram": {"bytes_per_cycle": 1},
    "bn": {"lanes": 4, "latency_cycles": 2},
    "residual_add": {"lanes": 2, "latency_cycles": 1},
    "pooling": {"lanes": 1},
    "activation": {"lanes": 8, "latency_cycles": 3},
}


def machine(**sections: dict[str, Any]) -> MachineConfig:
    """Build a machine with a 4×3 array, a port of 1 byte per cycle and stages that all differ."""
    return MachineConfig.model_validate(SECTIONS | {name: SECTIONS.get(name, {}) | sections[name] for name in sections})


def changed(machine: MachineConfig, **sections: dict[str, Any]) -> MachineConfig:
    """Return a machine like this one but for some keys."""
    written = machine.model_dump()
    for name, values in sections.items():
        written[name] = (written[name] or {}) | values
    return MachineConfig.model_validate(written)


def program(
    *,
    transfers: tuple[TransferOperation, ...] = (),
    array: tuple[ArrayOperation, ...] = (),
    drains: tuple[DrainOperation, ...] = (),
    function_unit: tuple[FunctionUnitOperation, ...] = (),
    tokens: dict[Token, int] | None = None,
) -> Program:
    """Build a program whose units have no more to do than is said."""
    return Program(transfers=transfers, array=array, drains=drains, function_unit=function_unit, tokens=tokens or {})


def work(
    pixels: int, kc: int, n: int, *, kernel: int = 1, groups: int = 1, positions: int | None = None
) -> ArrayWork[int]:
    """Describe an array operation; under ``im2col`` the padded positions do not matter."""
    return ArrayWork(pixels, pixels if positions is None else positions, kernel, kc, n, groups)


def convolve(shape: ArrayWork[int], takes: Tokens = (), gives: Tokens = ()) -> ArrayOperation:
    """Multiply."""
    return ArrayOperation("multiply", shape, takes, gives)


def read(
    buffer: Literal["ifmap", "weight", "parameter", "residual"],
    row_bytes: int,
    takes: Tokens = (),
    gives: Tokens = (),
) -> TransferOperation:
    """Load one contiguous run."""
    return TransferOperation(f"load {buffer}", Transfer("read", buffer, 0, row_bytes), takes, gives)


def write(row_bytes: int, takes: Tokens = (), gives: Tokens = ()) -> TransferOperation:
    """Store one contiguous run."""
    return TransferOperation("store ofmap", Transfer("write", "ofmap", 0, row_bytes), takes, gives)


def drain(
    stages: tuple[Stage, ...], *blocks: Block[int], takes: Tokens = (), gives: Tokens = (), window: int = 1
) -> DrainOperation:
    """Drain blocks through stages of the post-pipeline."""
    return DrainOperation("drain", stages, window, blocks, takes, gives)


def make_pass(
    kind: Pass, *blocks: Block[int], takes: Tokens = (), gives: Tokens = (), window: int = 1
) -> PassOperation:
    """Make a pass of the function unit."""
    return PassOperation(kind, kind, window, blocks, takes, gives)


def accumulated(
    shape: ArrayWork[int], takes: Tokens = (), gives: Tokens = ()
) -> tuple[ArrayOperation, AccumulateOperation]:
    """Return an operation of the array and the function unit's side of it."""
    ready, stream = (Token.FUNCTION_UNIT_READY,), (Token.ARRAY_STREAM,)
    return (
        ArrayOperation("multiply", shape, takes + ready, gives, stream),
        AccumulateOperation("accumulate", shape, stream, (), ready),
    )
