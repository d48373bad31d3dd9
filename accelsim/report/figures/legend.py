"""Titles and legends above the axes, where they cover nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from matplotlib.legend import Legend
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation

from accelsim.report.figures.style import CHARACTER_IN, POINTS_PER_INCH, TEXT_PT, size_in
from accelsim.report.figures.wording import subject

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from accelsim.report.figures.style import Look
    from accelsim.results.records import Records

ROW_PT = 1.7 * TEXT_PT
"""Height of one row of a legend."""

PATCH_EM = 1
"""Width of the patch ahead of an entry's name."""

PATCH_GAP_EM = 0.4

ENTRY_GAP_EM = 1

ENTRY_EM = PATCH_EM + PATCH_GAP_EM + ENTRY_GAP_EM
"""Of an entry, what is not its name."""


class Heading(Patch):
    """An entry of words alone, which say what the ones behind it have in common."""

    def __init__(self, words: str) -> None:
        super().__init__(alpha=0, label=words)


def add_title(axes: Axes, what: str, records: Records, *legend: Sequence[Artist]) -> None:
    """Say above the axes what is shown of what, and put below that the rows of a legend.

    A row that is longer than the axes are wide goes on in the next one.
    """
    width_in, _ = size_in(axes)
    rows = [row for entries in legend for row in _broken(entries, width_in)]
    axes.set_title(f"{what}\n{subject(records)}", loc="left", pad=3 + len(rows) * ROW_PT)
    for below, row in enumerate(reversed(rows)):
        _add_row(axes, below * ROW_PT, row)


def _broken(entries: Sequence[Artist], width_in: float) -> Iterator[list[Artist]]:
    row: list[Artist] = []
    length_in = 0.0
    for entry in entries:
        entry_in = len(str(entry.get_label())) * CHARACTER_IN + ENTRY_EM * TEXT_PT / POINTS_PER_INCH
        if row and length_in + entry_in > width_in:
            yield row
            row, length_in = [], 0.0
        row.append(entry)
        length_in += entry_in
    if row:
        yield row


def _add_row(axes: Axes, above_pt: float, entries: Sequence[Artist]) -> None:
    # A heading has no patch to be seen, so its row begins so much further left.
    aside_pt = (PATCH_EM + PATCH_GAP_EM) * TEXT_PT if isinstance(entries[0], Heading) else 0
    to_inches = axes.figure.dpi_scale_trans
    moved = ScaledTranslation(-aside_pt / POINTS_PER_INCH, above_pt / POINTS_PER_INCH, to_inches)
    axes.add_artist(
        Legend(
            axes,
            entries,
            [str(entry.get_label()) for entry in entries],
            loc="lower left",
            bbox_to_anchor=(0, 1),
            bbox_transform=axes.transAxes + moved,
            ncols=len(entries),
            borderaxespad=0.2,
            borderpad=0.1,
            handlelength=PATCH_EM,
            handletextpad=PATCH_GAP_EM,
            columnspacing=ENTRY_GAP_EM,
        )
    )


def patches(looks: Iterable[Look]) -> list[Patch]:
    """Return an entry for each of some looks."""
    return [Patch(facecolor=look.colour, label=look.name) for look in looks]
