"""Workers that evaluate points: processes on this machine, or whatever a Dask scheduler has."""

from __future__ import annotations

import logging
import signal
import sys
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from multiprocessing import resource_tracker
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import dask
from distributed import Client, KilledWorker, LocalCluster, WorkerPlugin, as_completed, get_worker

from accelsim.errors import AccelsimError, InputError
from accelsim.sweep.evaluate import Evaluator, PointError
from accelsim.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from distributed import Future, Worker

    from accelsim.sweep.definition import Sweep
    from accelsim.sweep.evaluation import Evaluation, Point

CHUNK_SECONDS = 0.5
"""What a task takes: long beside the millisecond that it costs to hand it out, short for who watches, or stops."""

MAX_CHUNK_POINTS = 1000

CHUNKS_PER_THREAD = 2
"""Handed out at a time: one at work, and one at hand when that is done."""

CONNECT_SECONDS = 10


class WorkersLostError(AccelsimError):
    """Points that no worker survives, or a cluster that is gone."""


class Chunk(NamedTuple):
    """What became of some points."""

    evaluations: list[Evaluation]
    seconds: float
    failure: str | None
    """What is wrong with the point behind them, if anything is."""


class PreparedWorker(WorkerPlugin):
    """What a worker needs to evaluate points; it gets this once."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep

    def setup(self, worker: Worker) -> None:  # noqa: ARG002
        """Prepare the worker."""
        wanted = self._sweep.definition.accelsim_version
        if __version__ != wanted:
            raise RuntimeError(f"there is accelsim {__version__}, not {wanted}")
        self._evaluator = Evaluator(self._sweep)
        self._lock = Lock()  # threads of a worker would only wait for one another, and share what is kept

    def evaluate(self, points: Sequence[Point]) -> Chunk:
        """Evaluate points until one fails."""
        evaluations = []
        with self._lock:
            start = perf_counter()
            for point in points:
                try:
                    evaluations.append(self._evaluator.evaluate(point))
                except PointError as error:
                    return Chunk(evaluations, perf_counter() - start, str(error))
            return Chunk(evaluations, perf_counter() - start, None)


def _evaluate(plugin: str, points: Sequence[Point]) -> Chunk:
    prepared = get_worker().plugins[plugin]
    if not isinstance(prepared, PreparedWorker):
        raise TypeError(f"the plugin {plugin} is none of accelsim's")
    return prepared.evaluate(points)


class Workers:
    """Workers that know a sweep."""

    def __init__(self, client: Client, plugin: str) -> None:
        self._client = client
        self._plugin = plugin

    def evaluate(self, points: Iterable[Point]) -> Iterator[list[Evaluation]]:
        """Evaluate points, and yield them as they are finished.

        A worker that dies takes none along: others do again what it was at.

        Raises
        ------
        PointError
            If a point fails for a reason of accelsim's own.
        WorkersLostError
            If the scheduler is gone; or when all others are finished, if points killed every worker that tried them.
        """
        suspects: list[Point] = []
        yield from self._evaluate(iter(points), CHUNKS_PER_THREAD * self._threads(), suspects)
        deadly: list[Point] = []
        for point in suspects:  # each alone, to tell it from those that were at work beside it
            yield from self._evaluate(iter([point]), 1, deadly)
        if deadly:
            numbers = ", ".join(str(point.number) for point in deadly)
            raise WorkersLostError(
                f"no worker survives point {numbers}; all others are finished, and --resume tries again"
            )

    def _evaluate(self, points: Iterator[Point], at_a_time: int, suspects: list[Point]) -> Iterator[list[Evaluation]]:
        completed = as_completed(loop=self._client.loop, with_results=True, raise_errors=False)
        at_work: dict[object, list[Point]] = {}
        size = 1
        while True:
            while len(at_work) < at_a_time and (points_of_task := list(islice(points, size))):
                future = self._client.submit(_evaluate, self._plugin, points_of_task, pure=False)
                at_work[future.key] = points_of_task
                completed.add(future)
            if not at_work:
                return
            future, result = next(completed)
            points_of_task = at_work.pop(future.key)
            chunk = _finished(future, result)
            if chunk is None:
                suspects += points_of_task
                continue
            yield chunk.evaluations
            if chunk.failure:
                raise PointError(chunk.failure)
            size = _next_size(len(points_of_task), chunk.seconds)

    def _threads(self) -> int:
        return sum(self._client.nthreads().values())


def _finished(future: Future[Chunk], result: object) -> Chunk | None:
    """Return what a task came to; ``None`` if its workers died of it, or of what was beside it."""
    if isinstance(result, Chunk):
        return result
    if future.status != "error":
        raise WorkersLostError("the scheduler is gone; finished points are kept, --resume goes on")
    error = future.exception()
    if isinstance(error, KilledWorker):
        return None
    raise error


def _next_size(size: int, seconds: float) -> int:
    """Return how many points the next task gets; not many more at once, since they may be slower ones."""
    affordable = int(size * CHUNK_SECONDS / seconds) if seconds else MAX_CHUNK_POINTS
    return max(1, min(affordable, 2 * size, MAX_CHUNK_POINTS))


@contextmanager
def local_workers(sweep: Sweep, count: int | None) -> Iterator[Workers]:
    """Start worker processes on this machine, by default one for each core."""
    # With one task at a time in each process, a point that kills it takes no other down.
    with dask.config.set({"distributed.scheduler.worker-saturation": 1.0}), ExitStack() as started:
        with _without_interrupts():
            cluster = started.enter_context(
                LocalCluster(
                    n_workers=count or dask.system.CPU_COUNT,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    dashboard_address=None,
                    # It listens nevertheless, by default at a port that another sweep may have.
                    scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                    memory_limit=0,
                    silence_logs=logging.CRITICAL,
                )
            )
        client = started.enter_context(Client(cluster, set_as_default=False))
        yield started.enter_context(_prepared(client, sweep))


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Hold Ctrl-C back, for now and for all threads and processes that are started from here.

    A terminal interrupts all processes in it at once. Workers are to be ended by the one that started them.
    """
    if sys.platform == "win32":  # signals cannot be held back there
        yield
        return
    resource_tracker.ensure_running()  # it lets interrupts through when it starts, which it would do in there
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def remote_workers(sweep: Sweep, address: str) -> Iterator[Workers]:
    """Take the workers of a Dask scheduler.

    Raises
    ------
    InputError
        If it cannot be reached, has no workers, or these have no accelsim, or another version of it.
    """
    with _client_silent():
        try:
            client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(f"{address} cannot be reached: {error}", key="--dask") from None
        with client:
            try:
                client.wait_for_workers(1, timeout=CONNECT_SECONDS)
            except TimeoutError:
                raise InputError(f"the scheduler at {address} has no workers", key="--dask") from None
            with _prepared(client, sweep) as workers:
                yield workers


@contextmanager
def _client_silent() -> Iterator[None]:
    """Keep distributed from telling in its own words that a scheduler is gone."""
    logger = logging.getLogger("distributed.client")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _prepared(client: Client, sweep: Sweep) -> Iterator[Workers]:
    name = f"accelsim-{sweep.definition.sha256}"
    try:
        client.register_plugin(PreparedWorker(sweep), name=name)
    except Exception as error:  # whatever the workers' installation makes of it
        raise InputError(
            f"the workers cannot evaluate points ({type(error).__name__}: {error}); they need accelsim {__version__}",
            key="--dask",
        ) from None
    try:
        yield Workers(client, name)
    finally:
        with suppress(OSError):  # the scheduler may be gone, and the plugin with it
            client.unregister_worker_plugin(name)
