"""The figures in the page."""

from __future__ import annotations

import base64

import pytest

import accelsim
from accelsim.report.figures.kinds import KINDS
from accelsim.report.page.pictures import DESCRIPTIONS, pictures
from tests.report.figures.runs import without_energies
from tests.results.runs import CASES, CONFIGS, result_of


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


def test_without_both_variants_no_saving_is_shown() -> None:
    result = accelsim.simulate(accelsim.load_config(CONFIGS / "alpha5.yaml", ["run.variants=[fused]"]))
    assert DESCRIPTIONS["saving"] not in [picture.description for picture in pictures(result)]


def test_without_energies_none_are_shown() -> None:
    assert DESCRIPTIONS["energy"] not in [picture.description for picture in pictures(without_energies())]
