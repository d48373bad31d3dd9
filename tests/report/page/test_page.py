"""The page as text: what is in it, that it is the same each time, and that names stay text."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest

import accelsim
from accelsim.errors import InputError
from accelsim.report.page.page import report_page
from accelsim.report.page.pictures import DESCRIPTIONS
from tests.report.figures.runs import without_energies
from tests.report.page.hostile import FOLDED, LAYERS, MACHINE, NETWORK, OPERATOR, UNFOLDED
from tests.report.page.pages import hostile_page, leave_out_figures, page_of
from tests.results.runs import CONFIGS, result_of

MAX_PAGE_BYTES = 5_000_000
"""What a page may be, to be sent as a letter."""


class Outline(HTMLParser):
    """The elements of a page, and its text apart from scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] not in ("script", "style"):
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_everything_is_there_in_order() -> None:
    text = Outline(page_of("alpha5")).text
    parts = [
        "alpha5, batch 1, on alpha5, BN pass",
        "saves 2.62 % of the cycles (670 instead of 688)",
        "Totals",
        "18,560",
        "Energy",
        "68.9000",
        "What was folded",
        "1 of 1 BatchNorms folded into the layer before them",
        "busy cycles of the function unit: 4.30 % saved",
        "Timeline",
        "Layers",
        "Figures",
        "Configuration",
        "bytes_per_cycle: 4",
    ]
    places = [text.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)


def test_the_same_result_is_the_same_page(tmp_path: Path) -> None:
    # Here it is that of a result just simulated; the others are of the folder that it was written to.
    accelsim.write_results(result_of("alpha5"), tmp_path / "results")
    pages = [tmp_path / "1.html", tmp_path / "2.html"]
    running = [
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "accelsim", "report", str(tmp_path / "results"), "-o", str(page)],
            stdout=subprocess.DEVNULL,
            env=os.environ | {"PYTHONHASHSEED": page.stem},
        )
        for page in pages
    ]
    here = page_of("alpha5").encode()
    assert [process.wait() for process in running] == [0, 0]
    for page in pages:
        assert page.read_bytes() == here


def test_a_long_run_fits_a_letter() -> None:
    page = page_of("mobilenet, off chip")
    assert len(page.encode()) < MAX_PAGE_BYTES
    assert "So long a run is shown at a resolution of" in page


def test_a_part_is_shown_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_out_figures(monkeypatch)
    page = report_page(result_of("mobilenet, off chip"), ["features.0.0"])
    assert "So long a run" not in page
    assert "Only features.0.0; cycles count from" in page


def test_a_layer_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="there is no layer 'cov'; did you mean 'conv'"):
        report_page(result_of("alpha5"), ["cov"])


def test_a_single_variant() -> None:
    result = accelsim.simulate(accelsim.load_config(CONFIGS / "alpha5.yaml", ["run.variants=[unfused]"]))
    page = report_page(result)
    assert DESCRIPTIONS["saving"] in page_of("alpha5")
    assert DESCRIPTIONS["saving"] not in page
    text = Outline(page).text
    assert "Only the unfused network was simulated" in text
    assert "saved" not in text.partition("Configuration")[0].partition("What was folded")[2]


def test_without_energies_there_is_no_section_of_them() -> None:
    page = report_page(without_energies())
    assert "energy-heading" not in page
    assert "energy.yaml" not in page
    assert DESCRIPTIONS["energy"] not in page
    assert "energy-heading" in page_of("alpha5")
    assert DESCRIPTIONS["energy"] in page_of("alpha5")


def test_nothing_is_fetched() -> None:
    page = Outline(page_of("alpha5"))
    sources = [
        value
        for _, attributes in page.elements
        for name, value in attributes.items()
        if name in ("src", "href") and value
    ]
    assert sources
    assert all(source.startswith("data:") for source in sources)
    (policy,) = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy == "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"


def test_it_can_be_read_without_eyes() -> None:
    page = Outline(hostile_page())
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == 1
    assert len(page.all("h2")) == 7
    assert len(page.all("caption")) == len(page.all("table")) == 5
    assert all(image["alt"] for image in page.all("img"))
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    named = [attributes["aria-labelledby"] for attributes in page.all("section")]
    assert set(named) <= ids


def test_names_stay_text() -> None:
    plain, page = Outline(page_of("alpha5")), Outline(hostile_page())
    assert {tag for tag, _ in page.elements} - {tag for tag, _ in plain.elements} == set()
    assert len(page.all("script")) == len(plain.all("script"))
    for name in (NETWORK, MACHINE, *FOLDED, UNFOLDED, OPERATOR):
        assert name in page.text


def test_names_are_escaped_everywhere() -> None:
    page = hostile_page()
    for name in (NETWORK, MACHINE, *LAYERS[:1], *LAYERS[2:], OPERATOR):
        assert name not in page
    assert escape(NETWORK, quote=False).replace("'", "&#39;") in page
    assert not re.search(r"alert\('(network|machine|layer)'\)", page.replace("\\u003c", "<").partition("<script>")[0])
