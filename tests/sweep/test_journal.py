"""The journal: what was written is read, what was damaged is recognised."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from accelsim.sweep.evaluation import Evaluation, Point
from accelsim.sweep.journal import Journal, has_points, read_journal
from tests.sweep.tiny_sweeps import refusal

EVALUATIONS = [
    Evaluation(Point(0, (0, 1)), "ab" * 32, None, {"fused": [1, 0.1, None], "unfused": [2, 1 / 3, 3.5]}),
    Evaluation(Point(1, (0, 2)), None, "no such „machine“", {}),
    Evaluation(Point(2, (1, 0)), "cd" * 32, None, {"fused": [2**62, 1e-300, 5]}),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "journal.jsonl"
    with Journal(path, "sweep") as journal:
        journal.append(EVALUATIONS[:2])
        journal.append(EVALUATIONS[2:])
    return path


def test_what_is_written_is_read(path: Path) -> None:
    assert read_journal(path, "sweep") == (EVALUATIONS, [])
    assert has_points(path)


def test_there_need_not_be_any(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    assert read_journal(path, "sweep") == ([], [])
    assert not has_points(path)
    with Journal(path, "sweep"):
        pass
    assert read_journal(path, "sweep") == ([], [])
    assert not has_points(path)


def test_a_journal_cut_off_anywhere_gives_all_whole_lines(path: Path) -> None:
    content = path.read_bytes()
    ends = [index + 1 for index, byte in enumerate(content) if byte == ord("\n")]
    for length in range(len(content)):
        path.write_bytes(content[:length])
        whole = sum(end <= length for end in ends)
        broken = [] if length in (0, *ends) else [whole + 1]
        assert read_journal(path, "sweep") == (EVALUATIONS[: max(whole - 1, 0)], broken)


def test_a_changed_byte_breaks_its_line_alone(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    for place in range(len(lines[2]) - 1):
        changed = bytearray(lines[2])
        changed[place] ^= 1
        path.write_bytes(b"".join([*lines[:2], changed, lines[3]]))
        found = read_journal(path, "sweep")
        assert found.evaluations == [EVALUATIONS[0], EVALUATIONS[2]]
        assert found.broken[0] == 3
        assert len(found.broken) == (2 if changed.count(b"\n") > 1 else 1)


def test_two_lines_that_ran_together_are_broken(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1] + lines[2][:20] + lines[3])
    assert read_journal(path, "sweep") == ([EVALUATIONS[0]], [3])


def test_a_broken_first_line_costs_no_point(path: Path) -> None:
    path.write_bytes(b"x" + path.read_bytes())
    assert read_journal(path, "sweep") == (EVALUATIONS, [1])


def test_the_journal_of_another_sweep_is_refused(path: Path) -> None:
    assert refusal(read_journal, path, "other") == f"{path}:1: this is the journal of another sweep"


def test_going_on_leaves_broken_lines_out(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    known = read_journal(path, "sweep").evaluations
    with Journal(path, "sweep", known) as journal:
        assert read_journal(path, "sweep") == (EVALUATIONS[:2], [])
        journal.append(EVALUATIONS[2:])
    assert path.read_bytes() == whole


def test_points_are_on_the_disk_when_they_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_size))
    path = tmp_path / "journal.jsonl"
    with Journal(path, "sweep") as journal:
        journal.append(EVALUATIONS)
        assert synced[-1] == path.stat().st_size


def test_a_full_disk_is_told_and_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path, "sweep") as journal:
        journal.append(EVALUATIONS[:1])

        def full(_: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            message = refusal(journal.append, EVALUATIONS[1:])
    assert message.startswith(f"{path}: cannot be written: No space left on device; the points in it are kept")
    assert read_journal(path, "sweep") == (EVALUATIONS[:1], [])


def test_a_folder_instead_of_a_journal_is_refused(tmp_path: Path) -> None:
    assert refusal(read_journal, tmp_path, "sweep") == f"{tmp_path}: is a folder, not a file"
