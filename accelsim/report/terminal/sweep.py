"""What ``accelsim sweep`` shows: how far it is, what it is about to do, and what came of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from accelsim.documents.wording import counted, shortened
from accelsim.sweep.front import pareto_front
from accelsim.sweep.space import Space
from accelsim.sweep.table import INFEASIBLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from accelsim.sweep.definition import Definition
    from accelsim.sweep.search_options import SearchOptions

MAX_LINES_NAMED = 10

MAX_FRONT_ROWS = 20
"""More do not fit a screen; all of them are in the table."""

MAX_VALUES_CHARACTERS = 80


class ProgressBar:
    """A :class:`accelsim.sweep.run.Watch` that shows a bar with the time left, if standard error is a terminal."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=sys.stderr is None or not sys.stderr.isatty(),  # None: the shell has closed it (`2>&-`)
        )
        self._task = self._bar.add_task("points", total=None)
        self._total = self.done = 0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    @property
    def progress(self) -> str:
        """How far the sweep is."""
        return f"{self.done:,} of {self._total:,} are done" if self._total else "nothing is done yet"

    def started(self, total: int, known: int, broken_lines: Sequence[int]) -> None:
        """Show what there is to do."""
        self._total, self.done = total, known
        self._bar.update(self._task, total=total, completed=known)
        if broken_lines:
            print(broken_lines_warning(broken_lines), file=sys.stderr)  # noqa: T201

    def advanced(self, points: int) -> None:
        """Show that something is done."""
        self.done += points
        self._bar.advance(self._task, points)


def broken_lines_warning(lines: Sequence[int]) -> str:
    """Name the lines of the journal that cannot be used."""
    named = ", ".join(map(str, lines[:MAX_LINES_NAMED])) + (", ..." if len(lines) > MAX_LINES_NAMED else "")
    what = "line is" if len(lines) == 1 else "lines are"
    return f"warning: {len(lines):,} {what} broken in the journal ({named}); their points are not in it"


def axes_table(definition: Definition) -> Table:
    """List the axes and their values."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("axis")
    table.add_column("values", justify="right")
    table.add_column("", no_wrap=True)
    names = [network.name for network in definition.networks]
    table.add_row("workload", f"{len(names):,}", _listed(names))
    for axis in definition.axes:
        for column, name in enumerate(axis.columns):
            values = [together[column] for together in axis.levels]
            table.add_row(name if column == 0 else f"with {name}", f"{len(values):,}", _listed(values))
    return table


def count_line(definition: Definition) -> str:
    """Say how many points there are."""
    constraints = len(definition.constraints)
    if definition.search:
        return "a search chooses from their combinations" + (" that meet the constraints" if constraints else "")
    points = Space(definition).count()
    met = f" that {counted(constraints, 'constraint')} allow" + "s" * (constraints == 1) if constraints else ""
    return f"{counted(points, 'point')}{met}, each {' and '.join(definition.variants)}"


def front_table(frame: pd.DataFrame, definition: Definition) -> Table:
    """List the points of a search that none dominates, with their objectives."""
    front = pareto_front(frame, definition.objectives)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for column in ("point", *front.columns):
        table.add_column(column, justify="right", no_wrap=True)
    for number, values in list(zip(front.index, front.to_numpy().tolist(), strict=True))[:MAX_FRONT_ROWS]:
        table.add_row(str(number), *(f"{value:z,.10g}" for value in values))
    if len(front) > MAX_FRONT_ROWS:
        table.caption = f"{len(front) - MAX_FRONT_ROWS:,} more"
    return table


def outcome_line(frame: pd.DataFrame, search: SearchOptions | None = None) -> str:
    """Say how many points were evaluated, and how many of them no machine can be; and how they were searched."""
    points = frame.drop_duplicates("point")
    infeasible = int((points["status"] == INFEASIBLE).sum())
    line = counted(len(points), "point") + (f", {infeasible:,} of them infeasible" if infeasible else "")
    if search is None:
        return line
    seed = search.identity.seed
    how = search.sampler + (f", seed {seed}" if seed is not None else ", no seed")
    return f"{how}: {counted(search.trials, 'proposal')}, {line}"


def _listed(values: Sequence[object]) -> str:
    return shortened(", ".join(map(str, values)), MAX_VALUES_CHARACTERS)
