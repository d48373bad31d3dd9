"""How to search, instead of evaluating all points."""

from __future__ import annotations

from typing import NamedTuple

from accelsim.errors import InputError
from accelsim.sweep.definition import SamplerName, Search


class SharedStudy(NamedTuple):
    """A study in a database, in which several machines take part."""

    storage: str
    """URL of the database, such as ``sqlite:///study.db``."""

    name: str


DEFAULT_TRIALS = 500
"""Ten generations of NSGA-II."""


class SearchOptions(NamedTuple):
    """How to search, and how long.

    Parameters
    ----------
    sampler
        What proposes points.
    trials
        Proposals in all, of all machines: also those that were made before, or that no constraint allows.
    seed
        By default 0; or chance, where the study is shared, so that machines do not propose the same.
    shared
        The study to take part in; by default one that nobody else sees.
    """

    sampler: SamplerName = "nsga2"
    trials: int = DEFAULT_TRIALS
    seed: int | None = None
    shared: SharedStudy | None = None

    @property
    def identity(self) -> Search:
        """What of this makes another search of it, with other points; more trials do not."""
        return Search(sampler=self.sampler, seed=0 if self.seed is None and self.shared is None else self.seed)


def shared_study(storage: str | None, name: str | None) -> SharedStudy | None:
    """Return the study that these two name, or ``None`` for neither.

    Raises
    ------
    InputError
        If there is only one of them.
    """
    if storage is None and name is None:
        return None
    if storage is None or name is None:
        raise InputError("--storage and --study go together: a database, and the name of a study in it")
    return SharedStudy(storage, name)
