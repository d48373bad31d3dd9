"""What RTL does, signal by signal, is what is counted: what the array takes, and who writes what.

The numbers are read from waveforms of RTL's own signals: an operand is in use as a vector is in its row, or as a
preload shifts its column; a bank of the accumulator or the ofmap buffer is written as its write enable says.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from vcd.reader import TokenKind, tokenize

from accelsim.energy.action import Action
from accelsim.energy.array import convolution_actions
from accelsim.energy.drain import drain_actions
from accelsim.program.phases import layer_phases
from accelsim.rtl.chips import CHIPS
from accelsim.rtl.cosimulation import cosimulate
from accelsim.rtl.random_cases import Source, random_case

if TYPE_CHECKING:
    from numpy.typing import NDArray

pytestmark = pytest.mark.slow

FIXED_SEED = 7

CASES_OF_CHIP = 3

TRACED = {
    "ws, post-pipeline": 0,
    "ws, raster": 1,
    "ws, function unit": 2,
    "os, post-pipeline": 4,
    "is with shadow registers, function unit": 7,
}


class Levels:
    """The value of signals in every cycle."""

    def __init__(self, path: Path, cycles: int) -> None:
        self.cycles = cycles
        self.changes: dict[str, list[tuple[int, int]]] = {}
        by_code: dict[str, list[tuple[int, int]]] = {}  # of signals that are connected
        scopes: list[str] = []
        now = 0
        with path.open("rb") as file:
            for token in tokenize(file):
                if token.kind is TokenKind.SCOPE:
                    scopes.append(token.scope.ident)
                elif token.kind is TokenKind.UPSCOPE:
                    scopes.pop()
                elif token.kind is TokenKind.VAR:
                    name = ".".join([*scopes, token.var.reference])
                    self.changes[name] = by_code.setdefault(token.var.id_code, [])
                elif token.kind is TokenKind.CHANGE_TIME:
                    now = token.time_change
                elif token.kind in (TokenKind.CHANGE_SCALAR, TokenKind.CHANGE_VECTOR) and now < cycles:
                    change: Any = token.data
                    by_code[change.id_code].append((now, int(change.value)))

    def bits(self, name: str, width: int) -> NDArray[np.bool_]:
        """Return the bits of a signal of the accelerator; shape (cycles, width)."""
        starts, values = zip(*self.changes[f"TOP.accelerator.{name}"], strict=True)
        level = np.repeat(np.array(values), np.diff([*starts, self.cycles]))
        return (level[:, None] >> np.arange(width) & 1).astype(np.bool_)


def operands_taken(levels: Levels, source: Source) -> dict[str, int]:
    """Count what the array takes at its left, row by row, and at its top, column by column."""
    array = source.machine.array
    # a vector that is in a row is noted there in the next cycle
    reached = levels.bits("array.rows_reached", array.rows)
    in_row = np.vstack([reached[1:], np.zeros((1, array.rows), dtype=np.bool_)])
    if array.dataflow == "os":  # what is at the first row goes on from column to column
        at_top = np.column_stack([np.roll(in_row[:, 0], column) for column in range(array.cols)])
    else:
        at_top = levels.bits("array.g_stationary.shift", array.cols)
    left = sum(
        int((in_row[:, row] & levels.bits(f"array.g_left[{row}].used", 1)[:, 0]).sum()) for row in range(array.rows)
    )
    top = sum(
        int((at_top[:, column] & levels.bits(f"array.g_top[{column}].used", 1)[:, 0]).sum())
        for column in range(array.cols)
    )
    return {"ifmap": top, "weight": left} if array.dataflow == "is" else {"ifmap": left, "weight": top}


def done_by_rtl(levels: Levels, source: Source) -> dict[str, int]:
    machine = source.machine
    written = levels.bits("psum_keep", machine.array.cols)
    initial = levels.bits("psum_initial", machine.array.cols)
    return operands_taken(levels, source) | {
        "accumulated": int(written.sum()),
        "added to a psum": int((written & ~initial).sum()),
        "written by passes": int(levels.bits("drain_write", machine.array.cols).sum()),
        "ofmap": int(levels.bits("ofmap_write", machine.activation.lanes).sum()),
    }


def counted(source: Source) -> dict[str, int]:
    before: list[Action] = []
    behind: list[Action] = []
    for phase in layer_phases(source.machine, source.layer, source.mapping):
        if phase.conv_tiles is not None:
            before += convolution_actions(source.machine, phase, phase.conv_tiles, "ifmap_buffer")
        behind += drain_actions(source.machine, phase, "ifmap_buffer")
    array, drain = Counter[str](), Counter[str]()
    for counts, actions in ((array, before), (drain, behind)):
        for action in actions:
            counts[f"{action.component} {action.action}"] += action.count
    return {
        "ifmap": array["ifmap_buffer read"],
        "weight": array["weight_buffer read"],
        "accumulated": array["accumulator write"],
        "added to a psum": array["accumulator read"],
        "written by passes": drain["accumulator write"],
        "ofmap": drain["ofmap_buffer write"],
    }


@pytest.mark.parametrize("chip", TRACED.values(), ids=TRACED)
def test_rtl_does_what_is_counted(chip: int, tmp_path: Path) -> None:
    multiplied = 0
    for number in range(chip, CASES_OF_CHIP * len(CHIPS), len(CHIPS)):
        source, case = random_case(FIXED_SEED, number)
        waveform = tmp_path / f"{number}.vcd"
        run = cosimulate(case, waveform)
        assert done_by_rtl(Levels(waveform, run.cycles), source) == counted(source)
        multiplied += source.layer.macs
    assert multiplied > 0
