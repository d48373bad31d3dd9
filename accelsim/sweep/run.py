"""A sweep, from its file to its table."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from accelsim.errors import InputError
from accelsim.optional import require
from accelsim.sweep.evaluation import Point
from accelsim.sweep.folder import begin, check_place, locked, stored_definition
from accelsim.sweep.journal import JOURNAL, Journal, read_journal
from accelsim.sweep.reading import read_sweep
from accelsim.sweep.recorder import Recorder
from accelsim.sweep.space import Space
from accelsim.sweep.table import sweep_frame, write_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    import pandas as pd

    from accelsim.sweep.cluster import Workers
    from accelsim.sweep.definition import Sweep
    from accelsim.sweep.evaluation import Evaluation
    from accelsim.sweep.search_options import SearchOptions

MAX_POINTS = 1_000_000
"""More take days, and a table of gigabytes: rather a search, unless it is asked for."""

LIBRARIES = ("dask", "distributed", "filelock", "optuna", "pyarrow")
"""What the extra ``sweep`` brings."""


class Watch(Protocol):
    """What is told how a sweep gets on."""

    def started(self, total: int, known: int, broken_lines: Sequence[int]) -> None:
        """The sweep has ``total`` points (a search: proposals), of which ``known`` are in the journal already.

        ``broken_lines`` of the journal could not be used.
        """

    def advanced(self, points: int) -> None:
        """So many more points are done, and safe."""


class _Nobody:
    """Watches nothing."""

    def started(self, total: int, known: int, broken_lines: Sequence[int]) -> None:
        """Is not interested."""

    def advanced(self, points: int) -> None:
        """Is not interested."""


class _Means(NamedTuple):
    """By what points are found and evaluated."""

    workers: int | None
    scheduler: str | None
    search: SearchOptions | None

    def of(self, sweep: Sweep) -> AbstractContextManager[Workers]:
        """Return the workers, yet to be started."""
        from accelsim.sweep.cluster import local_workers, remote_workers

        return remote_workers(sweep, self.scheduler) if self.scheduler else local_workers(sweep, self.workers)


def checked_sweep(source: str | Path | Mapping[str, Any], search: SearchOptions | None, max_points: int) -> Sweep:
    """Read a sweep, check it, and see that there are not too many points.

    Raises
    ------
    InputError
        If something is wrong with it, or there are more than ``max_points`` (a search may choose from more), or none.
    """
    sweep = read_sweep(source, search.identity if search else None)
    if search is None:
        points = Space(sweep.definition).count()
        path = Path(source) if isinstance(source, str | Path) else None
        if points > max_points:
            raise InputError(
                f"there are {points:,} points, more than {max_points:,}: search them with --sampler, or allow as many "
                "with --max-points",
                path=path,
            )
        if not points:
            raise InputError("no point meets them all", path=path, key="constraints")
    return sweep


def run_sweep(
    source: str | Path | Mapping[str, Any],
    folder: str | Path | None = None,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
    force: bool = False,
    max_points: int = MAX_POINTS,
    search: SearchOptions | None = None,
    watch: Watch | None = None,
) -> pd.DataFrame:
    """Evaluate the points of a sweep, write its folder, and return its table.

    Parameters
    ----------
    source
        The sweep: a YAML file, or what would be in it, with paths relative to the working directory.
    folder
        Where everything goes; by default ``results/sweeps/<name of the file>``.
    workers
        Processes on this machine; by default one for each core.
    scheduler
        Address of a Dask scheduler, such as ``tcp://host:8786``, whose workers to take instead.
    resume
        Whether to go on with a sweep that is in the folder.
    force
        Whether to replace it.
    max_points
        More are refused.
    search
        How to search, instead of evaluating all points.
    watch
        What is told how the sweep gets on.

    Returns
    -------
    pandas.DataFrame
        One row per point and variant, as :func:`accelsim.load_sweep` gives it.

    Raises
    ------
    InputError
        If the sweep, the folder or the scheduler is at fault.
    AccelsimError
        If a point fails for a reason of accelsim's own, or kills its workers.
    """
    require(*LIBRARIES, extra="sweep")
    target = Path(folder) if folder is not None else default_folder(source)
    check_place(target)
    sweep = checked_sweep(source, search, max_points)
    with locked(target):
        begin(target, sweep, resume=resume, force=force)
        evaluations = _evaluated(target, sweep, _Means(workers, scheduler, search), watch or _Nobody())
        frame = sweep_frame(sweep.definition, evaluations)
        write_tables(target, frame)
    return frame


def export_sweep(folder: str | Path) -> tuple[pd.DataFrame, list[int]]:
    """Write the table of a sweep as far as it is.

    Returns
    -------
    tuple
        The table, and the lines of the journal that could not be used.

    Raises
    ------
    InputError
        If there is no sweep in the folder, somebody is at work on it, or the table cannot be written.
    """
    require(*LIBRARIES, extra="sweep")
    folder = Path(folder)
    definition = stored_definition(folder)
    with locked(folder):
        evaluations, broken = read_journal(folder / JOURNAL, definition.sha256)
        frame = sweep_frame(definition, evaluations)
        write_tables(folder, frame)
    return frame, broken


def default_folder(source: str | Path | Mapping[str, Any]) -> Path:
    """Where a sweep goes that is not told."""
    name = Path(source).stem if isinstance(source, str | Path) else "sweep"
    return Path("results") / "sweeps" / name


def _evaluated(folder: Path, sweep: Sweep, means: _Means, watch: Watch) -> Iterable[Evaluation]:
    """Evaluate all points that the journal does not hold, and return them all."""
    path, sha256 = folder / JOURNAL, sweep.definition.sha256
    known, broken = read_journal(path, sha256)
    with ExitStack() as in_use:
        journal = in_use.enter_context(Journal(path, sha256, known))

        def start_workers() -> Workers:
            return in_use.enter_context(means.of(sweep))

        if means.search:
            from accelsim.sweep.search import run_search

            watch.started(means.search.trials, 0, broken)
            recorder = Recorder(journal, known, start_workers)
            run_search(sweep.definition, recorder, means.search, watch.advanced)
        else:
            space = Space(sweep.definition)
            watch.started(space.count(), len(known), broken)
            recorder = Recorder(journal, known, start_workers, watch.advanced)
            recorder.evaluate(Point(number, choice) for number, choice in enumerate(space.choices()))
    return recorder.evaluations.values()
