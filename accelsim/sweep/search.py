"""A search: Optuna proposes points in batches, by what it was told of the batches before.

A batch is as large whatever the number of workers, and its results are told in the order in which its points were
proposed. So a seed determines everything, and a search is resumed by proposing the same again: what the journal holds
is not evaluated again.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import TrialState

from accelsim.errors import InputError
from accelsim.sweep.evaluation import Point
from accelsim.sweep.objectives import read_objective
from accelsim.sweep.space import Space

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from optuna.samplers import BaseSampler

    from accelsim.sweep.definition import Definition, SamplerName, Search
    from accelsim.sweep.evaluation import Evaluation
    from accelsim.sweep.objectives import Direction, Objective
    from accelsim.sweep.recorder import Recorder
    from accelsim.sweep.search_options import SearchOptions, SharedStudy
    from accelsim.sweep.space import Choice

BATCH_POINTS: Mapping[SamplerName, int] = {"nsga2": 50, "tpe": 16, "random": 256}
"""Points proposed before the next result is looked at: for NSGA-II a generation, by TPE few, since it learns from each;
nothing is learnt by chance."""

_SWEEP = "sweep_sha256"


def run_search(
    definition: Definition, recorder: Recorder, options: SearchOptions, advanced: Callable[[int], None]
) -> None:
    """Search for the best points.

    Parameters
    ----------
    definition
        The sweep; its objectives say what to look for.
    recorder
        What evaluates points.
    options
        How to search, and how long.
    advanced
        Told how many proposals have been dealt with.

    Raises
    ------
    InputError
        If the study cannot be shared, or belongs to another sweep; or if the journal is of another search.
    """
    objectives = [read_objective(text, definition.variants) for text in definition.objectives]
    space = Space(definition)
    names = ["workload", *(", ".join(axis.columns) for axis in definition.axes)]
    distributions: dict[str, BaseDistribution] = {
        name: CategoricalDistribution(range(size)) for name, size in zip(names, space.sizes, strict=True)
    }
    with _quiet():
        study = _study(definition, objectives, options)
        visited = _Visited(recorder, shared=options.shared is not None)
        done = _finished(study)
        while done < options.trials:
            batch = [study.ask(distributions) for _ in range(min(BATCH_POINTS[options.sampler], options.trials - done))]
            choices = [tuple(trial.params[name] for name in names) for trial in batch]
            recorder.evaluate(visited.points([choice for choice in choices if space.allows(choice)]))
            for trial, choice in zip(batch, choices, strict=True):
                values = _values(visited.evaluation(choice), objectives)
                if values is None:
                    study.tell(trial, state=TrialState.PRUNED)
                else:
                    study.tell(trial, values)
            advanced(len(batch))
            done = _finished(study)


class _Visited:
    """Points that have been proposed, numbered in that order."""

    def __init__(self, recorder: Recorder, *, shared: bool) -> None:
        self._recorder = recorder
        known = recorder.evaluations.values() if shared else ()  # otherwise they are all proposed again
        self._numbers = {evaluation.point.choice: evaluation.point.number for evaluation in known}
        self._next_number = count(max(self._numbers.values(), default=-1) + 1)

    def points(self, choices: Sequence[Choice]) -> list[Point]:
        """Return the points among them that are proposed for the first time."""
        fresh = []
        for choice in choices:
            if choice not in self._numbers:
                point = Point(next(self._next_number), choice)
                known = self._recorder.evaluations.get(point.number)
                if known and known.point != point:
                    raise InputError(
                        "other points are proposed now than when the search was begun, perhaps by another version of "
                        "optuna: so it cannot be resumed"
                    )
                self._numbers[choice] = point.number
                fresh.append(point)
        return fresh

    def evaluation(self, choice: Choice) -> Evaluation | None:
        """Return what is known of a point; ``None`` if it was not allowed."""
        number = self._numbers.get(choice)
        return None if number is None else self._recorder.evaluations[number]


def _values(evaluation: Evaluation | None, objectives: Sequence[Objective]) -> list[float] | None:
    """Return all objectives of a point; ``None`` if it lacks one."""
    values = [evaluation.value(objective) for objective in objectives] if evaluation else [None]
    found = [value for value in values if value is not None]
    return found if len(found) == len(values) else None


def _finished(study: optuna.Study) -> int:
    states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    return len(study.get_trials(deepcopy=False, states=states))


def _study(definition: Definition, objectives: Sequence[Objective], options: SearchOptions) -> optuna.Study:
    directions = [objective.direction for objective in objectives]
    sampler, shared = _sampler(options.identity), options.shared
    if shared is None:
        return optuna.create_study(directions=directions, sampler=sampler)
    study = _opened(shared, directions, sampler)
    of_sweep = definition.model_copy(update={"search": None}).sha256  # samplers and seeds may differ
    if study.user_attrs.setdefault(_SWEEP, of_sweep) != of_sweep:
        raise InputError(f"the study '{shared.name}' is of another sweep", key="--study")
    study.set_user_attr(_SWEEP, of_sweep)
    return study


def _opened(shared: SharedStudy, directions: Sequence[Direction], sampler: BaseSampler) -> optuna.Study:
    """Open a study in a database, or make it."""
    create = partial(
        optuna.create_study,
        directions=directions,
        sampler=sampler,
        storage=shared.storage,
        study_name=shared.name,
        load_if_exists=True,
    )
    with suppress(Exception):  # another machine may be making it at the same moment; then it is there the next
        return create()
    try:
        return create()
    except Exception as error:  # whatever the driver of the database makes of it
        fault = str(error).partition("\n")[0]
        raise InputError(f"{shared.storage} cannot be used: {fault}", key="--storage") from None


def _sampler(search: Search) -> BaseSampler:
    samplers: dict[SamplerName, Callable[[], BaseSampler]] = {
        "nsga2": lambda: optuna.samplers.NSGAIISampler(population_size=BATCH_POINTS["nsga2"], seed=search.seed),
        "tpe": lambda: optuna.samplers.TPESampler(seed=search.seed, constant_liar=True),
        "random": lambda: optuna.samplers.RandomSampler(seed=search.seed),
    }
    return samplers[search.sampler]()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna from telling of each trial."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
