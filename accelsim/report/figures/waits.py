"""What a unit waited for."""

from __future__ import annotations

from functools import cache

from accelsim.report.figures.style import WAITS

ALIASES = {"bias": "parameter"}
"""Tokens of one buffer under two names: it has two readers."""


@cache  # few causes, and many stalls by each
def awaited(cause: str) -> str:
    """Return what a unit stalled on some cause waits for, a key of :data:`accelsim.report.figures.style.WAITS`.

    A buffer is waited for where its data is not there (``ifmap_full``), and where there is no room (``ifmap_free``);
    which of the two shows in the unit that waits. Other causes are units; docs/results.md lists them.
    """
    if cause == "pipeline_latency":
        return "latency"
    token, _, state = cause.rpartition("_")
    buffer = ALIASES.get(token, token)
    return buffer if state in ("full", "free") and buffer in WAITS else "unit"
