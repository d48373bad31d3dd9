"""A VCD read back."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from vcd.reader import TokenKind, tokenize

VALUES = {TokenKind.CHANGE_SCALAR, TokenKind.CHANGE_VECTOR, TokenKind.CHANGE_STRING}


class Waveform(NamedTuple):
    """Signals by their path (``fused.dma.busy``), and when the file begins and ends."""

    steps: dict[str, list[tuple[int, Any]]]
    """Times and the values from each of them on."""
    start: int
    end: int

    def spans(self, path: str) -> list[tuple[int, int, Any]]:
        """Return the times in which a signal has a value that is not 0 and not empty."""
        steps = [*self.steps[path], (self.end, None)]
        return [(start, end, value) for (start, value), (end, _) in pairwise(steps) if value]

    def level(self, path: str) -> NDArray[Any]:
        """Return the value of a signal in each cycle."""
        starts, values = zip(*self.steps[path], strict=True)
        kind = object if isinstance(values[0], str) else None
        return np.repeat(np.array(values, dtype=kind), np.diff([*starts, self.end]))


def read_vcd(path: Path) -> Waveform:
    steps: dict[str, list[tuple[int, Any]]] = {}
    names: dict[str, str] = {}
    scope: list[str] = []
    times: list[int] = []
    with path.open("rb") as file:
        for token in tokenize(file):
            if token.kind is TokenKind.SCOPE:
                scope.append(token.scope.ident)
            elif token.kind is TokenKind.UPSCOPE:
                scope.pop()
            elif token.kind is TokenKind.VAR:
                names[token.var.id_code] = ".".join([*scope, token.var.reference])
                steps[names[token.var.id_code]] = []
            elif token.kind is TokenKind.CHANGE_TIME:
                times.append(token.time_change)
            elif token.kind in VALUES:
                change: Any = token.data
                steps[names[change.id_code]].append((times[-1], _value(change.value)))
    return Waveform(steps, times[0], times[-1])


def _value(value: Any) -> Any:
    if value in ("0", "1"):
        return int(value)
    # As a viewer shows a text: `\x20` is a blank, `\\` a backslash.
    return value.encode().decode("unicode_escape") if isinstance(value, str) else value
