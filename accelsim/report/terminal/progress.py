"""How far a long run is: a bar on standard error, where that is a terminal, which is gone when the run is over."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

DELAY_SECONDS = 1.0
"""A run that is over sooner needs no bar."""

REFRESHES_PER_SECOND = 4
"""Enough to see that it moves, and too few to cost the simulation anything: a thousandth of a second each."""


class RunBar:
    """The stages of a run: its layers, and then its files.

    Parameters
    ----------
    progress
        What shows them.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._stage = self._begin("simulating")

    def layers_done(self, done: int, total: int) -> None:
        """Show how many layers are done."""
        self._progress.update(self._stage, completed=done, total=total, count=f"{done} of {total} layers")

    def writing(self) -> None:
        """Show that the results are being written, which takes an unknown time."""
        self._progress.remove_task(self._stage)
        self._stage = self._begin("writing the results")

    def _begin(self, stage: str) -> TaskID:
        return self._progress.add_task(stage, total=None, count="")


@contextmanager
def run_bar() -> Iterator[RunBar | None]:
    """Give a bar that appears after ``DELAY_SECONDS``, or nothing if there is no terminal that could show it."""
    if sys.stderr is None or not sys.stderr.isatty():  # None: the shell has closed it (`2>&-`)
        yield None
        return
    out = Console(stderr=True)
    if out.is_dumb_terminal:  # it cannot take back what it has shown
        yield None
        return
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeRemainingColumn(compact=True),
        console=out,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        refresh_per_second=REFRESHES_PER_SECOND,
    )
    timer = Timer(DELAY_SECONDS, progress.start)
    timer.start()
    try:
        yield RunBar(progress)
    finally:
        timer.cancel()
        timer.join()  # it may be about to show the bar
        progress.stop()
