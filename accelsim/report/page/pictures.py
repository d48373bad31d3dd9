"""The figures, as pictures in the page."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, NamedTuple

from accelsim.report.figures.image import image_bytes
from accelsim.report.figures.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

    from accelsim.results.records import Records

REM_PER_INCH = 8.4
"""Figures are as wide as their text asks: what is 7 pt in print is 13 pixels on the screen, little less than text."""

DESCRIPTIONS = {
    "cycles": "Cycles of every layer",
    "saving": "What fusing saved in every layer",
    "stalls": "Stalled cycles of every layer by what was waited for",
    "energy": "Energy of every layer by the unit or memory that took it",
    "bandwidth": "Bytes per cycle to and from DRAM over time",
    "utilization": "Busy, stalled and idle cycles of every unit",
    "roofline": "Operations per cycle of every layer over its operations per DRAM byte, below the roof of the machine",
}
"""Figures of the page, and what they show, for those who cannot see them. (The timeline is there already.)"""


class Picture(NamedTuple):
    """A figure as the source of an ``<img>``, which keeps its ids to itself; what it shows, and how wide it is."""

    source: str
    description: str
    width_rem: float


def pictures(records: Records) -> Iterator[Picture]:
    """Draw all figures that a result suffices for."""
    for name, description in DESCRIPTIONS.items():
        kind = KINDS[name]
        if not kind.lack(records):
            figure = kind.draw(records)
            yield Picture(_source(figure), description, round(REM_PER_INCH * figure.get_figwidth(), 2))


def _source(figure: Figure) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(image_bytes(figure, 'svg')).decode()}"
