"""The bar of a long run: on a terminal only, only after a while, and gone at the end."""

from __future__ import annotations

import re
import sys
import time

import pytest

import accelsim
from accelsim.report.terminal import progress
from accelsim.report.terminal.progress import run_bar
from tests.report.terminal.fake_terminal import FakeTerminal
from tests.results.runs import CONFIGS

COLOUR = re.compile(r"\x1b\[[\d;]*m")

GONE = "\x1b[?25h\r\x1b[1A\x1b[2K"
"""The cursor is shown again, goes back to the line of the bar, and erases it."""


def long_run_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> FakeTerminal:
    """Make standard error a terminal of 80 columns, and a run long from the start.

    To be called in the test: pytest puts standard error in its place when a fixture is over.
    """
    terminal = FakeTerminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "DELAY_SECONDS", 0)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return terminal


def test_layers_are_counted_and_then_files_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = long_run_on_a_terminal(monkeypatch)
    with run_bar() as bar:
        assert bar
        terminal.wait_for("simulating")
        bar.layers_done(1, 8)
        terminal.wait_for("1 of 8 layers")
        bar.layers_done(3, 8)
        terminal.wait_for("3 of 8 layers")
        bar.writing()
        terminal.wait_for("writing the results")
    *_, last = terminal.getvalue().split("writing the results")
    assert "layers" not in last
    assert last.endswith(GONE)


def test_the_time_left_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = long_run_on_a_terminal(monkeypatch)
    with run_bar() as bar:
        assert bar
        bar.layers_done(1, 100)
        time.sleep(0.1)
        bar.layers_done(2, 100)
        # 98 layers at 0.1 seconds, or a little more where the machine is busy
        terminal.wait_for("2 of 100 layers")
        times = re.findall(r"(\d\d):(\d\d)", terminal.getvalue())
    assert times
    minutes, seconds = map(int, times[-1])
    assert 60 * minutes + seconds >= 9


def test_the_bar_is_gone_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = long_run_on_a_terminal(monkeypatch)

    def interrupted() -> None:
        with run_bar():
            terminal.wait_for("simulating")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert terminal.getvalue().endswith(GONE)


def test_a_short_run_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = long_run_on_a_terminal(monkeypatch)
    monkeypatch.setattr(progress, "DELAY_SECONDS", 60)
    with run_bar() as bar:
        assert bar
        bar.layers_done(8, 8)
        bar.writing()
    assert terminal.getvalue() == ""


def test_a_run_is_long_after_a_second() -> None:
    assert progress.DELAY_SECONDS == 1


def test_what_is_no_terminal_gets_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = long_run_on_a_terminal(monkeypatch)
    monkeypatch.setenv("FORCE_COLOR", "1")  # colours in a file, but still no bar
    monkeypatch.setattr(terminal, "isatty", lambda: False)
    with run_bar() as bar:
        assert bar is None
    assert terminal.getvalue() == ""


def test_a_terminal_that_cannot_erase_gets_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = long_run_on_a_terminal(monkeypatch)
    monkeypatch.setenv("TERM", "dumb")
    with run_bar() as bar:
        assert bar is None
    assert terminal.getvalue() == ""


def test_a_closed_standard_error_gets_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with run_bar() as bar:
        assert bar is None


@pytest.mark.parametrize(("no_color", "is_coloured"), [("", True), ("1", False)])
def test_no_color_is_respected(no_color: str, is_coloured: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = long_run_on_a_terminal(monkeypatch)
    monkeypatch.setenv("NO_COLOR", no_color)
    with run_bar() as bar:
        assert bar
        bar.layers_done(3, 8)
        terminal.wait_for("3 of 8 layers")
    assert bool(COLOUR.search(terminal.getvalue())) == is_coloured


@pytest.mark.parametrize(("variants", "layers"), [("[fused, unfused]", 46), ("[fused]", 23)])
def test_a_simulation_tells_after_every_layer_how_far_it_is(variants: str, layers: int) -> None:
    # ResNet-18 has 23 layers: 20 convolutions, two poolings, one fully connected.
    told: list[tuple[int, int]] = []
    config = accelsim.load_config(CONFIGS / "resnet18.yaml", [f"run.variants={variants}"])
    accelsim.simulate(config, lambda done, total: told.append((done, total)))
    assert told == [(done, layers) for done in range(1, layers + 1)]
