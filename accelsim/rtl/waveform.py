"""What RTL's units did in every cycle, from the waveform that its simulation writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from vcd.reader import Token, TokenKind, tokenize

if TYPE_CHECKING:
    from numpy.typing import NDArray

STAGES = ("bn_stage", "requantizer", "residual_add", "pooling", "activation")
"""In the order in which RTL numbers them."""

NOT_STALLED = -1

_TOP = "TOP.accelerator"
_STAGES = f"{_TOP}.behind_array.g_post_pipeline.accounts"
_ACCOUNTS = {
    "dma": f"{_TOP}.dma_engine.account",
    "conv_array": f"{_TOP}.array.account",
    **{stage: f"{_STAGES}.g_stage[{number}].account" for number, stage in enumerate(STAGES)},
    "function_unit": f"{_TOP}.behind_array.g_function_unit.account",
}
"""Where RTL counts the cycles of the units; a machine has the stages or the function unit."""


class UnitCycles(NamedTuple):
    """What a unit did in every cycle; shape of both is (cycles,)."""

    busy: NDArray[np.bool_]
    stalled_on: NDArray[np.int64]
    """Number of the cause in :data:`accelsim.rtl.cosimulation.CAUSES`, or ``NOT_STALLED``."""


def read_waveform(path: Path, cycles: int) -> dict[str, UnitCycles]:
    """Read what the units of a machine did.

    Parameters
    ----------
    path
        The waveform, as :func:`accelsim.rtl.cosimulation.cosimulate` has had it written.
    cycles
        How many cycles there are.

    Returns
    -------
    dict
        By unit.
    """
    signals = _Signals(path, cycles)
    units = {}
    for unit, account in _ACCOUNTS.items():
        if f"{account}.busy" in signals.changes:
            busy, stalled = (signals.level(f"{account}.{name}") != 0 for name in ("busy", "stalled"))
            stalled_on = np.where(stalled & ~busy, signals.level(f"{account}.cause"), NOT_STALLED)
            if unit in STAGES:
                stalled_on = _settled(signals, unit, busy, stalled_on)
            units[unit] = UnitCycles(busy, stalled_on)
    return units


def _settled(
    signals: _Signals, stage: str, busy: NDArray[np.bool_], stalled_on: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Fill in what a stage waited for while a drain fed it: RTL knows the narrowest stage as the drain ends."""
    number = STAGES.index(stage)
    takes_part = (signals.level(f"{_STAGES}.working") != 0) & (signals.level(f"{_STAGES}.needed") >> number & 1 != 0)
    open_cycles = np.flatnonzero(takes_part & ~busy & (stalled_on == NOT_STALLED))
    ends = np.flatnonzero(signals.level(f"{_STAGES}.ending"))
    narrowest = signals.level(f"{_ACCOUNTS[stage]}.settled_cause")
    filled = stalled_on.copy()
    filled[open_cycles] = narrowest[ends[np.searchsorted(ends, open_cycles)]]
    return filled


class _Signals:
    """Signals of a VCD by path."""

    def __init__(self, path: Path, cycles: int) -> None:
        self.cycles = cycles
        self.changes: dict[str, list[tuple[int, int]]] = {}
        with path.open("rb") as file:
            self._read(tokenize(file))

    def level(self, path: str) -> NDArray[np.int64]:
        """Return the value in every cycle."""
        starts, values = zip(*self.changes[path], strict=True)
        return np.repeat(np.array(values), np.diff([*starts, self.cycles]))

    def _read(self, tokens: Iterator[Token]) -> None:
        scopes: list[str] = []
        by_code: dict[str, list[tuple[int, int]]] = {}
        now = 0
        for token in tokens:
            if token.kind is TokenKind.SCOPE:
                scopes.append(token.scope.ident)
            elif token.kind is TokenKind.UPSCOPE:
                scopes.pop()
            elif token.kind is TokenKind.VAR:
                # Signals that are connected share a code, and so their changes.
                self.changes[".".join([*scopes, token.var.reference])] = by_code.setdefault(token.var.id_code, [])
            elif token.kind is TokenKind.CHANGE_TIME:
                now = token.time_change
            elif token.kind in (TokenKind.CHANGE_SCALAR, TokenKind.CHANGE_VECTOR) and now < self.cycles:
                change: Any = token.data
                by_code[change.id_code].append((now, int(change.value)))
