"""The page in a browser: it works without a network, moves, sorts, tells, and takes no name for more than text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.report.page.browser import CHROMIUM, Shown, browser, shown
from tests.report.page.hostile import LAYERS, MACHINE, NETWORK, hostile_result
from tests.report.page.pages import hostile_page, page_of

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs the browser `chromium`, of the package of that name")

LANES = 4
"""Of alpha5's machine: layer, DMA, conv array, function unit."""

OPERATION, WAIT = 0.4, 0.75
"""Where they are in a lane, from above."""


# Of this module, and not of the session: playwright runs an event loop, beside which no other test could run one.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for name, page in (("alpha5", page_of("alpha5")), ("hostile", hostile_page())):
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def alpha5(chromium: Browser, pages: Path) -> Iterator[Shown]:
    """A page for all tests that change nothing of it but where the mouse is and how far it is scrolled."""
    with shown(chromium, pages / "alpha5.html") as page:
        yield page


@pytest.fixture
def fresh_alpha5(chromium: Browser, pages: Path) -> Iterator[Shown]:
    with shown(chromium, pages / "alpha5.html") as page:
        yield page


@pytest.fixture(scope="module")
def hostile(chromium: Browser, pages: Path) -> Iterator[Shown]:
    """A page for all tests that change nothing of it, as ``alpha5`` is."""
    with shown(chromium, pages / "hostile.html") as page:
        yield page


@pytest.fixture
def fresh_hostile(chromium: Browser, pages: Path) -> Iterator[Shown]:
    with shown(chromium, pages / "hostile.html") as page:
        yield page


def cycles(page: Shown) -> tuple[float, float]:
    """Return the cycles that are shown, which must be the same in both panels."""
    fused, unfused = page.panel("fused"), page.panel("unfused")
    assert (fused.start_cycle, fused.end_cycle) == (unfused.start_cycle, unfused.end_cycle)
    assert (fused.left, fused.width) == (unfused.left, unfused.width)
    assert fused.height == pytest.approx(unfused.height, abs=2)
    return fused.start_cycle, fused.end_cycle


def lane(index: int, part: float) -> float:
    return (index + part) / LANES


def test_a_page_is_shown_without_complaint_and_without_a_network(alpha5: Shown) -> None:
    assert cycles(alpha5) == (0, 688)
    assert alpha5.column(0) == ["conv"]
    images = alpha5.page.locator("img")
    assert images.count() == 7
    assert images.evaluate_all("images => images.every(image => image.complete && image.naturalWidth > 100)")
    assert alpha5.faults == []


def test_nothing_is_wider_than_the_screen(hostile: Shown) -> None:
    assert hostile.page.evaluate("document.documentElement.scrollWidth") == 1280


def test_nothing_is_wider_than_a_small_screen(chromium: Browser, pages: Path) -> None:
    with shown(chromium, pages / "hostile.html", width=400) as page:
        assert page.page.evaluate("document.documentElement.scrollWidth") == 400


def test_bars_tell_what_they_are(alpha5: Shown) -> None:
    # The weights are loaded in the cycles 18 to 90; then the DMA waits for the ofmap, until 654.
    panel = alpha5.panel("fused")
    times = ["18", "90", "72 cycles"]
    assert alpha5.tooltip(panel.at(50, lane(1, OPERATION))) == ["DMA", "load weight", "g0 n0 k0", "conv", *times, "288"]
    times = ["90", "654", "564 cycles"]
    assert alpha5.tooltip(panel.at(300, lane(1, WAIT))) == ["DMA", "ofmap_full", "conv", *times]
    assert alpha5.tooltip(panel.at(300, lane(0, 0.5))) == ["conv", "0", "670", "670 cycles"]
    panel = alpha5.panel("unfused")
    assert alpha5.tooltip(panel.at(632, lane(3, OPERATION)))[:2] == ["function unit", "batchnorm"]
    assert alpha5.faults == []


def test_energies_are_shown(alpha5: Shown, hostile: Shown) -> None:
    lead = alpha5.page.locator("p.lead").inner_text()
    assert lead.endswith("saves 1.98 % of the energy (72.91 nJ instead of 74.38 nJ).")
    headings = alpha5.page.locator(".slick-column-name").all_inner_texts()
    place = headings.index("energy µJ fused")
    assert headings[place + 1] == "energy µJ unfused"
    assert alpha5.column(place) == alpha5.column(place + 1) == ["0.07"]
    layers = hostile_result().layers
    fused = layers[layers["variant"] == "fused"]
    assert hostile.column(place) == [f"{energy_pj / 1e6:.2f}" for energy_pj in fused["energy_pj"]]


def test_ctrl_and_the_wheel_zoom_both_variants(fresh_alpha5: Shown) -> None:
    fresh_alpha5.page.mouse.move(*fresh_alpha5.panel("unfused").at(300, 0.5))
    fresh_alpha5.page.keyboard.down("Control")
    fresh_alpha5.page.mouse.wheel(0, -300)
    fresh_alpha5.page.wait_for_function(
        "() => Bokeh.documents.some(document => document.get_model_by_name('fused')?.x_range.end < 688)"
    )
    start, end = cycles(fresh_alpha5)
    assert 0 < start < 300 < end < 688


def test_the_wheel_alone_scrolls_the_page(alpha5: Shown) -> None:
    alpha5.page.mouse.move(*alpha5.panel("fused").at(300, 0.5))
    before = alpha5.page.evaluate("scrollY")
    alpha5.page.mouse.wheel(0, 200)
    alpha5.page.wait_for_function(f"() => scrollY == {before} + 200")
    assert cycles(alpha5) == (0, 688)


def test_a_box_zooms_and_reset_shows_everything_again(fresh_alpha5: Shown) -> None:
    fresh_alpha5.page.get_by_title("Box Zoom").click()
    panel = fresh_alpha5.panel("fused")
    fresh_alpha5.page.mouse.move(*panel.at(200, 0.5))
    fresh_alpha5.page.mouse.down()
    fresh_alpha5.page.mouse.move(*panel.at(400, 0.6), steps=5)
    fresh_alpha5.page.mouse.up()
    assert cycles(fresh_alpha5) == pytest.approx((200, 400), abs=2)
    fresh_alpha5.page.get_by_title("Reset").click()
    assert cycles(fresh_alpha5) == (0, 688)


def test_dragging_moves_a_near_view(fresh_alpha5: Shown) -> None:
    fresh_alpha5.page.get_by_title("Zoom In").click()
    start, end = cycles(fresh_alpha5)
    panel = fresh_alpha5.panel("fused")
    fresh_alpha5.page.mouse.move(*panel.at(start + 100, 0.5))
    fresh_alpha5.page.mouse.down()
    fresh_alpha5.page.mouse.move(*panel.at(start + 80, 0.5), steps=5)
    fresh_alpha5.page.mouse.up()
    assert cycles(fresh_alpha5) == pytest.approx((start + 20, end + 20), abs=2)


def test_a_heading_sorts_the_layers(fresh_hostile: Shown) -> None:
    names = fresh_hostile.column(0)
    before = [int(cell.replace(",", "")) for cell in fresh_hostile.column(2)]
    assert before != sorted(before)
    fresh_hostile.page.get_by_text("cycles fused").click()
    after = [int(cell.replace(",", "")) for cell in fresh_hostile.column(2)]
    assert after == sorted(before)
    assert sorted(fresh_hostile.column(0)) == sorted(names)
    assert fresh_hostile.column(0) != names


def test_names_are_text_wherever_they_are_shown(hostile: Shown) -> None:
    assert hostile.page.title() == f"{NETWORK}, batch 1, on {MACHINE}, BN pass"
    assert hostile.page.locator("h1").inner_text() == hostile.page.title()
    assert hostile.column(0) == LAYERS
    layers = hostile_result().layers
    fused = layers[layers["variant"] == "fused"]
    panel = hostile.panel("fused")
    for name, middle in zip(fused["layer"], fused["start_cycle"] + fused["cycles"] / 2, strict=True):
        assert hostile.tooltip(panel.at(middle, lane(0, 0.5)))[0] == name
    assert LAYERS[0] in hostile.tooltip(panel.at(300, lane(2, OPERATION)))
    assert LAYERS[0] in hostile.tooltip(panel.at(300, lane(1, WAIT)))
    assert hostile.faults == []
