"""The journal: a line for every point, on the disk before the point counts as done.

A line is a checksum (CRC-32, as 8 hexadecimal digits) and JSON: first the sweep that the points are of, then points as
they were finished. A line that was cut off or changed is recognised, and its point evaluated again.
"""

from __future__ import annotations

import json
import os
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from zlib import crc32

from accelsim.documents.files import fault_of_file
from accelsim.documents.new_file import write_new_file
from accelsim.errors import InputError
from accelsim.sweep.evaluation import Evaluation, Point

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

JOURNAL = "journal.jsonl"

_SWEEP = "sweep_sha256"


class JournalLines(NamedTuple):
    """What a journal holds."""

    evaluations: list[Evaluation]
    broken: list[int]
    """1-based numbers of the lines that cannot be used."""


def has_points(path: Path) -> bool:
    """Whether there is more in a journal than its first line; what has not begun can be begun anew."""
    try:
        with path.open("rb") as file:
            return len(list(islice(file, 2))) == 2
    except FileNotFoundError:
        return False
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None


def read_journal(path: Path, sweep_sha256: str) -> JournalLines:
    """Read a journal; one that is not there is empty.

    Parameters
    ----------
    path
        The file.
    sweep_sha256
        Hash of the definition of the sweep that the points have to be of.

    Raises
    ------
    InputError
        If the file cannot be read, or is the journal of another sweep.
    """
    if not path.exists():
        return JournalLines([], [])
    fault = fault_of_file(path)
    if fault:
        raise InputError(fault, path=path)
    found = JournalLines([], [])
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                record = _checked(line)
                if record is None or (number > 1 and _SWEEP in record):
                    found.broken.append(number)
                elif _SWEEP not in record:
                    found.evaluations.append(_evaluation(record))
                elif record[_SWEEP] != sweep_sha256:
                    raise InputError("this is the journal of another sweep", path=path, line=number)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    return found


class Journal:
    """A journal that is being written.

    Parameters
    ----------
    path
        The file. It is written anew, whole, with the points that are known already.
    sweep_sha256
        Hash of the definition of the sweep.
    known
        Points that have been evaluated before.

    Raises
    ------
    InputError
        If the file cannot be written.
    """

    def __init__(self, path: Path, sweep_sha256: str, known: Iterable[Evaluation] = ()) -> None:
        self._path = path
        head = _line({_SWEEP: sweep_sha256})

        def write(fresh: Path) -> None:
            with fresh.open("wb") as file:
                file.write(head)
                file.writelines(_line(_record(evaluation)) for evaluation in known)
                file.flush()
                os.fsync(file.fileno())

        write_new_file(path, write, force=True)
        self._file = path.open("ab", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, evaluations: Iterable[Evaluation]) -> None:
        """Write points down; when this returns, they are on the disk.

        Raises
        ------
        InputError
            If the disk is full, or gone; what was written before stays.
        """
        whole = self._file.tell()
        lines = b"".join(_line(_record(evaluation)) for evaluation in evaluations)
        try:
            while lines:
                lines = lines[self._file.write(lines) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            self._cut_off(whole)
            raise InputError(
                f"cannot be written: {error.strerror or error}; the points in it are kept, so that --resume goes on "
                "from there",
                path=self._path,
            ) from None

    def _cut_off(self, whole: int) -> None:
        """Leave no broken line behind; if even this fails, ``read_journal`` finds it."""
        try:
            os.ftruncate(self._file.fileno(), whole)
        except OSError:
            return


def _line(record: dict[str, Any]) -> bytes:
    text = json.dumps(record, separators=(",", ":")).encode()
    return b"%08x %s\n" % (crc32(text), text)


def _checked(line: bytes) -> dict[str, Any] | None:
    """Return what a line says; ``None`` if it is not as it was written."""
    checksum, _, text = line.partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % crc32(text.removesuffix(b"\n")):
        return None
    record: dict[str, Any] = json.loads(text)
    return record


def _record(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "point": evaluation.point.number,
        "choice": evaluation.point.choice,
        "config_sha256": evaluation.config_sha256,
        "reason": evaluation.reason,
        "figures": evaluation.figures,
    }


def _evaluation(record: dict[str, Any]) -> Evaluation:
    point = Point(record["point"], tuple(record["choice"]))
    return Evaluation(point, record["config_sha256"], record["reason"], record["figures"])
