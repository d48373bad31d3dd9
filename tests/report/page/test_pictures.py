"""The figures in the page; which are left out, tests/report/page/test_page.py says."""

from __future__ import annotations

import base64

import pytest

from accelsim.report.figures.kinds import KINDS
from accelsim.report.page.pictures import DESCRIPTIONS, pictures
from tests.results.runs import CASES, result_of


def test_every_figure_but_the_timeline_is_in_the_page() -> None:
    assert set(DESCRIPTIONS) == set(KINDS) - {"timeline"}


@pytest.mark.parametrize("case", CASES)
def test_figures_are_svg_with_their_width(case: str) -> None:
    shown = list(pictures(result_of(case)))
    assert [picture.description for picture in shown] == list(DESCRIPTIONS.values())
    for picture in shown:
        kind, _, data = picture.source.partition(";base64,")
        assert kind == "data:image/svg+xml"
        assert base64.b64decode(data).lstrip().startswith(b"<?xml")
        assert 20 < picture.width_rem < 70
