"""Sweeps with real workers: on this machine, on a Dask cluster, and with some of them killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import dask
import pandas as pd
import pytest

import accelsim
from accelsim.errors import AccelsimError
from accelsim.sweep import SearchOptions, cluster, run_sweep
from accelsim.sweep.cluster import local_workers
from accelsim.sweep.evaluate import PointError
from accelsim.sweep.journal import JOURNAL, read_journal
from accelsim.sweep.reading import read_sweep
from accelsim.sweep.run import export_sweep
from accelsim.sweep.table import sweep_frame
from tests.sweep import bad_workers
from tests.sweep.tiny_sweeps import MIXED_AXES, WorkersHere, evaluations_of, points_of, refusal, sweep_file

FILES = ("results.parquet", "results.csv")


def table_files(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in FILES]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sweep's file, and in ``undisturbed`` what it comes to."""
    folder = tmp_path_factory.mktemp("swept")
    run_sweep(sweep_file(folder, MIXED_AXES), folder / "undisturbed", workers=2)
    return folder


@pytest.fixture
def workers_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process do what local workers would, where a test is about something else: they take seconds to start.

    That both come to the same is `test_a_sweep_is_its_points_one_by_one`.
    """
    monkeypatch.setattr(cluster, "local_workers", lambda sweep, _: nullcontext(WorkersHere(sweep)))


class Dask:
    """A scheduler and two workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.address = self._address()
        self.workers: list[subprocess.Popen[bytes]] = []

    def add_worker(self) -> None:
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(self._folder))
        self.workers.append(self._start("worker", self.address, *options))

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]]
        with (self._folder / f"{arguments[0]}.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)  # noqa: S603

    def _address(self) -> str:
        """Wait until the scheduler says where it is."""
        for _ in range(600):
            for word in (self._folder / "scheduler.log").read_text().split():
                if word.startswith("tcp://127.0.0.1:"):
                    return word
            time.sleep(0.05)
        raise TimeoutError((self._folder / "scheduler.log").read_text())


@contextmanager
def dask_cluster(folder: Path, workers: int) -> Iterator[Dask]:
    folder.mkdir()
    started = Dask(folder)
    try:
        for _ in range(workers):
            started.add_worker()
        yield started
    finally:
        started.stop()


class Disturbance:
    """Does something once, when the first points are done."""

    def __init__(self, disturb: Callable[[], object]) -> None:
        self._disturb = disturb
        self.disturbed = False

    def started(self, total: int, known: int, broken_lines: Sequence[int]) -> None:
        assert (total, known, list(broken_lines)) == (32, 0, [])

    def advanced(self, _: int) -> None:
        if not self.disturbed:
            self.disturbed = True
            self._disturb()


def test_a_sweep_is_its_points_one_by_one(swept: Path) -> None:
    sweep = read_sweep(swept / "sweep.yaml")
    by_hand = sweep_frame(sweep.definition, evaluations_of(sweep))
    pd.testing.assert_frame_equal(accelsim.load_sweep(swept / "undisturbed"), by_hand)


def test_nothing_is_done_twice(swept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = table_files(swept / "undisturbed")
    monkeypatch.setattr(cluster, "local_workers", None)  # nobody is needed
    run_sweep(swept / "sweep.yaml", swept / "undisturbed", resume=True)
    assert table_files(swept / "undisturbed") == before


def test_workers_do_each_point_once(swept: Path) -> None:
    sha256 = read_sweep(swept / "sweep.yaml").definition.sha256
    evaluations, broken = read_journal(swept / "undisturbed" / JOURNAL, sha256)  # all that they have returned
    assert broken == []
    assert sorted(evaluation.point.number for evaluation in evaluations) == list(range(32))


@pytest.mark.usefixtures("workers_here")
def test_a_damaged_journal_costs_only_its_broken_lines(swept: Path, tmp_path: Path) -> None:
    known: list[tuple[int, list[int]]] = []

    class Watching:
        def started(self, _: int, known_points: int, broken_lines: Sequence[int]) -> None:
            known.append((known_points, list(broken_lines)))

        def advanced(self, points: int) -> None:
            known.append((points, []))

    folder = tmp_path / "damaged"
    shutil.copytree(swept / "undisturbed", folder)
    before = table_files(folder)
    lines = (folder / JOURNAL).read_bytes().splitlines(keepends=True)
    lines[4] = lines[4].replace(b"1", b"2")
    (folder / JOURNAL).write_bytes(b"".join(lines)[:-7])
    run_sweep(swept / "sweep.yaml", folder, resume=True, workers=1, watch=Watching())
    assert known[0] == (30, [5, 33])
    assert sum(points for points, _ in known[1:]) == 2
    assert table_files(folder) == before


def test_an_unfinished_sweep_can_be_exported(swept: Path, tmp_path: Path) -> None:
    folder = tmp_path / "part"
    folder.mkdir()
    for name in ("sweep.json", JOURNAL):
        (folder / name).write_bytes((swept / "undisturbed" / name).read_bytes())
    lines = (folder / JOURNAL).read_bytes().splitlines(keepends=True)
    (folder / JOURNAL).write_bytes(b"".join(lines[:10]) + b"x\n")
    frame, broken = export_sweep(folder)
    assert broken == [11]
    assert frame["point"].nunique() == 9
    pd.testing.assert_frame_equal(accelsim.load_sweep(folder), frame)


def test_a_cluster_comes_to_the_same_though_a_worker_is_killed(swept: Path, tmp_path: Path) -> None:
    with dask_cluster(tmp_path / "dask", workers=2) as started:
        watch = Disturbance(lambda: started.workers[0].kill())
        run_sweep(swept / "sweep.yaml", tmp_path / "sweep", scheduler=started.address, watch=watch)
        assert watch.disturbed
        assert started.workers[1].poll() is None
    assert table_files(tmp_path / "sweep") == table_files(swept / "undisturbed")


def test_a_scheduler_that_goes_away_costs_nothing_that_was_done(
    swept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 3)
    with dask_cluster(tmp_path / "dask", workers=1) as started:
        watch = Disturbance(lambda: started.scheduler.kill())
        with pytest.raises(AccelsimError, match="the scheduler is gone; finished points are kept"):
            run_sweep(swept / "sweep.yaml", tmp_path / "sweep", scheduler=started.address, watch=watch)
    run_sweep(swept / "sweep.yaml", tmp_path / "sweep", workers=1, resume=True)
    assert table_files(tmp_path / "sweep") == table_files(swept / "undisturbed")


def test_a_scheduler_that_is_not_there_is_told(swept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    for address in ("tcp://127.0.0.1:1", "nonsense://x", "127.0.0.1:port"):
        message = refusal(run_sweep, swept / "sweep.yaml", tmp_path / "sweep", scheduler=address)
        assert message.startswith(f"--dask: {address} cannot be reached: ")


def test_a_scheduler_without_workers_is_told(swept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    with dask_cluster(tmp_path / "dask", workers=0) as started:
        message = refusal(run_sweep, swept / "sweep.yaml", tmp_path / "sweep", scheduler=started.address)
    assert message == f"--dask: the scheduler at {started.address} has no workers"


def test_workers_of_another_version_are_refused(swept: Path) -> None:
    sweep = read_sweep(swept / "sweep.yaml")
    other = sweep._replace(definition=sweep.definition.model_copy(update={"accelsim_version": "0.0.1"}))
    with pytest.raises(AccelsimError, match=r"RuntimeError: there is accelsim .*, not 0\.0\.1"):
        local_workers(other, 1).__enter__()


def test_a_point_that_kills_its_workers_is_named_and_all_others_are_finished(
    swept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "PreparedWorker", bad_workers.Dying)
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        pytest.raises(AccelsimError, match="no worker survives point 7; all others are finished, and --resume"),
    ):
        run_sweep(swept / "sweep.yaml", tmp_path / "sweep", workers=2)
    frame, broken = export_sweep(tmp_path / "sweep")
    assert broken == []
    assert set(range(32)) - set(frame["point"]) == {bad_workers.BAD}


def test_a_bug_stops_the_sweep_with_its_point_named(
    swept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "PreparedWorker", bad_workers.Failing)
    with pytest.raises(PointError, match="point 7 fails"):
        run_sweep(swept / "sweep.yaml", tmp_path / "sweep", workers=1)
    frame, _ = export_sweep(tmp_path / "sweep")
    assert frame["point"].unique().tolist() == list(range(7))


def test_two_sweeps_do_not_get_into_each_others_way(swept: Path) -> None:
    sweep = read_sweep(swept / "sweep.yaml")
    with local_workers(sweep, 1) as one, local_workers(sweep, 1) as other:
        first, *_ = points_of(sweep)
        assert list(one.evaluate([first])) == list(other.evaluate([first]))


def test_a_search_is_the_same_with_one_worker_and_with_two(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = sweep_file(tmp_path, MIXED_AXES, "objectives: [fused.cycles, fused.utilization]\n")
    search = SearchOptions("nsga2", trials=70, seed=5)
    run_sweep(path, tmp_path / "2", workers=2, search=search)
    request.getfixturevalue("workers_here")
    run_sweep(path, tmp_path / "1", workers=1, search=search)
    assert table_files(tmp_path / "1") == table_files(tmp_path / "2")
    assert (tmp_path / "1" / "sweep.json").read_bytes() == (tmp_path / "2" / "sweep.json").read_bytes()


INTERRUPTED = """\
import os, signal, sys
from accelsim.cli import main
from accelsim.report.terminal.sweep import ProgressBar

advanced = ProgressBar.advanced

def stopping(bar, points):
    advanced(bar, points)
    if bar.done >= 5:
        {kill}

if __name__ == "__main__":
    ProgressBar.advanced = stopping
    sys.exit(main(["sweep", "{sweep}", "-o", "{folder}", "--workers", "2"]))
"""


KILL = {
    "SIGKILL": "os.kill(os.getpid(), signal.SIGKILL)",
    "SIGINT": "os.killpg(os.getpgid(0), signal.SIGINT)",  # as a terminal does: workers get it, too
}


@pytest.mark.usefixtures("workers_here")
@pytest.mark.parametrize("how", KILL)
def test_a_sweep_that_is_killed_in_the_middle_is_resumed(swept: Path, tmp_path: Path, how: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED.format(kill=KILL[how], sweep=swept / "sweep.yaml", folder=tmp_path / "sweep"))
    ended = subprocess.run(  # noqa: S603
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONWARNINGS": "error"},
        start_new_session=True,
    )
    if how == "SIGINT":
        assert ended.returncode == 130
        assert ended.stderr.startswith("interrupted: ")
        assert ended.stderr.endswith(" of 32 are done; --resume goes on from there\n")
        assert "Traceback" not in ended.stderr
    else:
        assert ended.returncode == -signal.SIGKILL
    done = len((tmp_path / "sweep" / JOURNAL).read_bytes().splitlines()) - 1
    assert 5 <= done < 32
    assert not (tmp_path / "sweep" / "results.csv").exists()
    run_sweep(swept / "sweep.yaml", tmp_path / "sweep", resume=True)
    assert table_files(tmp_path / "sweep") == table_files(swept / "undisturbed")
