"""What is saved of a figure: told by all tables, pages and figures in the same way, and so with the same digits."""

from __future__ import annotations


def saved_percent(now: float, before: float) -> float:
    """Return what is saved of ``before``, which is not 0, in per cent of it; negative if ``now`` is more.

    Of integers it is exact but for the one rounding of the division.
    """
    return 100 * (before - now) / before


def known_saved_percent(now: float | None, before: float | None) -> float | None:
    """Return the same; ``None`` where one of the two is not known, or there was nothing to save."""
    return saved_percent(now, before) if before and now is not None else None
