"""A page in a browser that has no network, and what it complains about."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, sync_playwright

CHROMIUM = shutil.which("chromium")

_OPTIONS = [
    "--no-sandbox",  # which containers do not allow
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]

# Functions, since the page forbids the evaluation of strings.
_IS_SHOWN = "() => window.Bokeh && Bokeh.documents.length == 2 && Bokeh.documents.every(document => document.is_idle)"

_FIND_PANEL = """name => {
    const model = Bokeh.documents.map(document => document.get_model_by_name(name)).find(model => model);
    const view = Bokeh.index.find_one(model);
    view.el.scrollIntoView({block: "center"});
    const {left, top} = view.el.getBoundingClientRect(), lanes = view.frame.bbox;
    return [left + lanes.left, top + lanes.top, lanes.width, lanes.height, model.x_range.start, model.x_range.end];
}"""


class Panel(NamedTuple):
    """Where the lanes of a variant are on the screen, in pixels, and the cycles that they show."""

    left: float
    top: float
    width: float
    height: float
    start_cycle: float
    end_cycle: float

    def at(self, cycle: float, lane: float) -> tuple[float, float]:
        """Return where a cycle is, in a lane that is counted from above, in parts of all lanes."""
        part = (cycle - self.start_cycle) / (self.end_cycle - self.start_cycle)
        return self.left + part * self.width, self.top + lane * self.height


class Shown(NamedTuple):
    """A page that is shown, and what went wrong: errors, what it tried to fetch, dialogs that it opened."""

    page: Page
    faults: list[str]

    def panel(self, variant: str) -> Panel:
        """Scroll to a variant's panel, and say where it is."""
        return Panel(*self.page.evaluate(_FIND_PANEL, variant))

    def tooltip(self, place: tuple[float, float]) -> list[str]:
        """Point at a place, and return what is told of it."""
        self.page.mouse.move(0, 0)
        self.page.mouse.move(*place)
        values = self.page.locator(".bk-tooltip-row-value")
        values.first.wait_for()
        return values.all_inner_texts()

    def column(self, field: int) -> list[str]:
        """Return the cells of a column of the table of layers."""
        return self.page.locator(f"#layers .slick-cell.l{field}").all_inner_texts()


@contextmanager
def browser() -> Iterator[Browser]:
    """Start the browser."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=_OPTIONS)
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def shown(chromium: Browser, path: Path, width: int = 1280) -> Iterator[Shown]:
    """Show a page, wait until all of it is there, and write down what goes wrong until the end."""
    context = chromium.new_context(offline=True, viewport={"width": width, "height": 900})
    page = context.new_page()
    faults: list[str] = []

    def note_request(request: Request) -> None:
        if request.url != path.as_uri() and not request.url.startswith("data:"):
            faults.append(f"request: {request.url}")

    def note_message(message: ConsoleMessage) -> None:
        if message.type in ("warning", "error"):
            faults.append(message.text)

    def note_dialog(dialog: Dialog) -> None:
        faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("request", note_request)
    page.on("console", note_message)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", note_dialog)
    page.goto(path.as_uri())
    page.wait_for_function(_IS_SHOWN)
    yield Shown(page, faults)
    context.close()
