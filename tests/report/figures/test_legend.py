"""Titles and legends above the axes."""

from __future__ import annotations

import pytest
from matplotlib.axes import Axes
from matplotlib.legend import Legend

from accelsim.report.figures.kinds import KINDS
from accelsim.report.figures.legend import Heading, add_title, patches
from accelsim.report.figures.style import Look, house_style, new_axes
from tests.report.figures.drawn import figure_of, legend_rows
from tests.results.runs import CASES, result_of


def legends(axes: Axes) -> list[Legend]:
    return [child for child in axes.get_children() if isinstance(child, Legend)]


def test_rows_keep_their_order() -> None:
    axes = new_axes(7, 2)
    first, second = (
        patches([Look("a", "red"), Look("b", "blue")]),
        [Heading("waits for:"), *patches([Look("c", "red")])],
    )
    add_title(axes, "Title", result_of("alpha5"), first, second)
    assert legend_rows(axes) == [["a", "b"], ["waits for:", "c"]]
    assert axes.get_title(loc="left") == "Title\nalpha5 on alpha5, BN pass"


def test_a_row_that_is_too_long_goes_on_in_the_next() -> None:
    axes = new_axes(3, 2)
    add_title(
        axes, "Title", result_of("alpha5"), patches([Look(f"entry number {number}", "red") for number in range(4)])
    )
    assert [len(row) for row in legend_rows(axes)] == [2, 2]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_above_the_axes_is_cut_or_covers_anything(kind: str, case: str) -> None:
    figure = figure_of(kind, case)
    (axes,) = figure.axes
    with house_style():
        figure.draw_without_rendering()
    above = [legend.get_window_extent() for legend in legends(axes)]
    title = axes._left_title.get_window_extent()  # type: ignore[attr-defined]
    for number, box in enumerate([*above, title]):
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert box.y0 >= axes.bbox.y1
        assert box.y1 <= figure.bbox.y1
        assert not box.count_overlaps(above[:number])
