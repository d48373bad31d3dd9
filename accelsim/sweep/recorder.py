"""Points evaluated once, and written down before they count."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from accelsim.sweep.evaluation import Evaluation, Point
    from accelsim.sweep.journal import Journal


class EvaluatesPoints(Protocol):
    """What :class:`accelsim.sweep.cluster.Workers` are to a recorder."""

    def evaluate(self, points: Iterable[Point]) -> Iterator[list[Evaluation]]:
        """Evaluate points, and yield them as they are finished, in any order."""


class Recorder:
    """Has points evaluated that the journal does not hold yet.

    Parameters
    ----------
    journal
        Where they are written down.
    known
        What it holds already.
    start_workers
        What evaluates them; asked for when there is something to do.
    advanced
        Told how many points have been written down.
    """

    def __init__(
        self,
        journal: Journal,
        known: Sequence[Evaluation],
        start_workers: Callable[[], EvaluatesPoints],
        advanced: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.evaluations = {evaluation.point.number: evaluation for evaluation in known}
        self._journal = journal
        self._start_workers = start_workers
        self._workers: EvaluatesPoints | None = None
        self._advanced = advanced

    def evaluate(self, points: Iterable[Point]) -> None:
        """Evaluate all points that are not known; then all are.

        Raises
        ------
        InputError
            If the journal cannot be written.
        AccelsimError
            As :meth:`accelsim.sweep.cluster.Workers.evaluate`.
        """
        unknown = (point for point in points if point.number not in self.evaluations)
        first = next(unknown, None)
        if first is None:
            return
        if self._workers is None:
            self._workers = self._start_workers()
        for finished in self._workers.evaluate(chain([first], unknown)):
            self._journal.append(finished)
            self.evaluations.update((evaluation.point.number, evaluation) for evaluation in finished)
            self._advanced(len(finished))
