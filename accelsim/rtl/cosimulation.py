"""Run a case on the simulation of the RTL, and read what became of it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from accelsim.errors import ToolError
from accelsim.rtl.build import simulation
from accelsim.rtl.case import RtlCase
from accelsim.rtl.descriptors import TOKENS

if TYPE_CHECKING:
    from pathlib import Path

    from accelsim.rtl.packing import Bytes

UNITS = ("dma", "conv_array", "bn_stage", "requantizer", "residual_add", "pooling", "activation", "function_unit")
"""In the order in which RTL numbers their accounts."""

CAUSES = (
    *(token.value for token in TOKENS),
    "bn_stage",
    "requantizer",
    "residual_add",
    "pooling",
    "activation",
    "pipeline_latency",
    "post_pipeline",
    "conv_array",
)
"""In the order in which RTL numbers them; behind them it counts busy cycles."""

LONGEST_CYCLES = 10**7
"""After which a case is given up."""


class RtlAccount(NamedTuple):
    """What a unit did with its time."""

    busy_cycles: int
    stalled_cycles: Mapping[str, int]
    """By cause, without those that did not occur."""


class RtlRun(NamedTuple):
    """What RTL did."""

    cycles: int
    finished: bool
    """Whether all operations came to their end."""
    read_bytes: int
    written_bytes: int
    accounts: Mapping[str, RtlAccount]
    memory: Bytes


def cosimulate(case: RtlCase, waveform: Path | None = None) -> RtlRun:
    """Run a case; what builds the simulation of its machine is asked for if need be.

    Parameters
    ----------
    case
        What to run.
    waveform
        Where RTL is to write its waveform (VCD), if it is.

    Raises
    ------
    ToolError
        If the simulation cannot be built or run.
    """
    # The command is a file that we built.
    run = subprocess.run(  # noqa: S603
        [simulation(case.parameters, waveform=waveform is not None), *([waveform] if waveform else [])],
        input=_written(case),
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise ToolError(f"the simulation of the RTL fails on {case.name}: {run.stderr.strip()[:300]}")
    return _read(run.stdout)


def _written(case: RtlCase) -> str:
    """Return a case as the testbench reads it."""
    dram = case.machine.dram
    lines = [
        f"latency {dram.read_latency_cycles}",
        f"rate {dram.bytes_per_cycle.numerator} {dram.bytes_per_cycle.denominator}",
        f"limit {LONGEST_CYCLES}",
    ]
    lines += [f"load {load.unit} {len(load.words)} {' '.join(map(str, load.words))}" for load in case.loads]
    lines.append(f"memory {case.memory.tobytes().hex()}")
    return "\n".join(lines) + "\n"


def _read(text: str) -> RtlRun:
    """Read what the testbench wrote."""
    numbers: dict[str, int] = {}
    accounts: list[RtlAccount] = []
    memory = ""
    for line in text.splitlines():
        name, *values = line.split(" ")
        if name == "account":
            *stalled, busy = map(int, values)
            causes = {cause: cycles for cause, cycles in zip(CAUSES, stalled, strict=True) if cycles}
            accounts.append(RtlAccount(busy, causes))
        elif name == "memory":
            memory = values[0]
        else:
            numbers[name] = int(values[0])
    return RtlRun(
        numbers["total"],
        bool(numbers["finished"] and not numbers["left"]),
        numbers["read"],
        numbers["written"],
        dict(zip(UNITS, accounts, strict=True)),
        np.frombuffer(bytes.fromhex(memory), dtype=np.uint8),
    )
