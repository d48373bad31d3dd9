"""Searches, with points evaluated in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.errors import InputError
from accelsim.sweep.definition import Sweep
from accelsim.sweep.evaluation import Evaluation
from accelsim.sweep.front import pareto_front
from accelsim.sweep.journal import Journal, read_journal
from accelsim.sweep.reading import read_sweep
from accelsim.sweep.recorder import Recorder
from accelsim.sweep.search import run_search
from accelsim.sweep.search_options import SearchOptions, SharedStudy, shared_study
from accelsim.sweep.table import sweep_frame
from tests.sweep.tiny_sweeps import WorkersHere, evaluations_of, refusal, sweep_file, tiny_sweep

AXES = """\
  - machine.array.rows: [2, 4, 8, 16]
  - machine.array.cols: [2, 4, 8]
  - machine.bn.lanes: [1, 2, 4, 8]
  - machine.dram.bytes_per_cycle: [2, 8]
"""
MORE = "constraints: [machine.bn.lanes <= machine.array.cols]\nobjectives: [fused.cycles, fused.utilization]\n"
OBJECTIVES = ["fused.cycles", "fused.utilization"]


class Searching:
    """A search in a folder, begun or resumed."""

    def __init__(self, folder: Path, options: SearchOptions) -> None:
        self.sweep: Sweep = read_sweep(sweep_file(folder, AXES, MORE), options.identity)
        self.options = options
        self.workers = WorkersHere(self.sweep)
        self.advanced: list[int] = []

    def run(self, path: Path) -> list[Evaluation]:
        sha256 = self.sweep.definition.sha256
        known = read_journal(path, sha256).evaluations
        with Journal(path, sha256, known) as journal:
            recorder = Recorder(journal, known, lambda: self.workers)
            run_search(self.sweep.definition, recorder, self.options, self.advanced.append)
        return list(recorder.evaluations.values())


def test_nsga2_finds_the_front_of_a_small_space(tmp_path: Path) -> None:
    searching = Searching(tmp_path, SearchOptions("nsga2", trials=400))
    found = sweep_frame(searching.sweep.definition, searching.run(tmp_path / "journal"))
    everything = tiny_sweep(tmp_path, AXES, MORE)
    best = pareto_front(sweep_frame(everything.definition, evaluations_of(everything)), OBJECTIVES)
    front = pareto_front(found, OBJECTIVES)
    assert set(front.itertuples(index=False, name=None)) == set(best.itertuples(index=False, name=None))
    assert sum(searching.advanced) == 400


@pytest.mark.parametrize("sampler", ["nsga2", "tpe", "random"])
def test_a_seed_determines_a_search_and_another_makes_another(tmp_path: Path, sampler: str) -> None:
    options = SearchOptions(sampler, trials=60, seed=1)  # type: ignore[arg-type]
    first = Searching(tmp_path, options).run(tmp_path / "first")
    again = Searching(tmp_path, options).run(tmp_path / "again")
    other = Searching(tmp_path, options._replace(seed=2)).run(tmp_path / "other")
    assert first == again
    assert (tmp_path / "first").read_bytes() == (tmp_path / "again").read_bytes()
    assert [evaluation.point for evaluation in first] != [evaluation.point for evaluation in other]


def test_no_point_is_evaluated_twice_and_none_that_a_constraint_excludes(tmp_path: Path) -> None:
    searching = Searching(tmp_path, SearchOptions("random", trials=600))
    evaluations = searching.run(tmp_path / "journal")
    choices = [evaluation.point.choice for evaluation in evaluations]
    assert len(set(choices)) == len(choices) == 4 * (2 + 3 + 4) * 2  # all there are
    assert searching.workers.asked == list(range(72))


@pytest.mark.parametrize("sampler", ["nsga2", "tpe", "random"])
def test_a_search_goes_on_where_it_was_stopped(tmp_path: Path, sampler: str) -> None:
    options = SearchOptions(sampler, trials=120)  # type: ignore[arg-type]
    undisturbed = Searching(tmp_path, options).run(tmp_path / "undisturbed")
    lines = (tmp_path / "undisturbed").read_bytes().splitlines(keepends=True)
    (tmp_path / "stopped").write_bytes(b"".join(lines[:3] + lines[5:12]))  # two were lost
    resumed = Searching(tmp_path, options)
    assert sorted(resumed.run(tmp_path / "stopped")) == undisturbed
    assert not set(resumed.workers.asked) & {0, 1, *range(4, 11)}
    shorter = Searching(tmp_path, options._replace(trials=35))
    shorter.run(tmp_path / "longer")
    longer = Searching(tmp_path, options)
    assert longer.run(tmp_path / "longer") == undisturbed
    assert not set(longer.workers.asked) & set(shorter.workers.asked)


def test_a_journal_of_other_proposals_is_refused(tmp_path: Path) -> None:
    options = SearchOptions("random", trials=20)
    searching = Searching(tmp_path, options)
    evaluations = searching.run(tmp_path / "journal")
    sha256 = searching.sweep.definition.sha256
    swapped = [
        evaluations[0]._replace(point=evaluations[0].point._replace(choice=evaluations[1].point.choice)),
        *evaluations[1:],
    ]
    with Journal(tmp_path / "journal", sha256, swapped):
        pass
    with pytest.raises(InputError, match="other points are proposed now than when the search was begun"):
        Searching(tmp_path, options).run(tmp_path / "journal")


def test_points_without_an_objective_are_evaluated_and_passed_over(tmp_path: Path) -> None:
    path = sweep_file(tmp_path, "  - machine.array.operand_bits: [7, 8]\n", "objectives: [fused.area_um2]\n")
    options = SearchOptions("nsga2", trials=10)
    sweep = read_sweep(path, options.identity)  # the table of areas knows 8 bits, not 7
    with Journal(tmp_path / "journal", sweep.definition.sha256) as journal:
        recorder = Recorder(journal, [], lambda: WorkersHere(sweep))
        run_search(sweep.definition, recorder, options, lambda _: None)
    assert len(recorder.evaluations) == 2


def test_machines_that_share_a_study_share_its_trials(tmp_path: Path) -> None:
    shared = SharedStudy(f"sqlite:///{tmp_path / 'study.db'}", "together")
    options = SearchOptions("random", trials=12, shared=shared)
    one, other = Searching(tmp_path, options), Searching(tmp_path, options._replace(trials=20))
    one.run(tmp_path / "one")
    other.run(tmp_path / "other")
    assert (sum(one.advanced), sum(other.advanced)) == (12, 8)
    again = Searching(tmp_path, options)
    again.run(tmp_path / "one")
    assert again.workers.asked == []
    more = Searching(tmp_path, options._replace(trials=24))
    numbers = [evaluation.point.number for evaluation in more.run(tmp_path / "one")]
    assert numbers == list(range(len(numbers)))


def test_a_study_of_another_sweep_is_refused(tmp_path: Path) -> None:
    shared = SharedStudy(f"sqlite:///{tmp_path / 'study.db'}", "together")
    options = SearchOptions("random", trials=5, shared=shared)
    Searching(tmp_path, options).run(tmp_path / "one")
    other = Searching(tmp_path, options)
    other.sweep = read_sweep(sweep_file(tmp_path, AXES.replace("2, 4, 8, 16", "2, 4"), MORE), options.identity)
    with pytest.raises(InputError, match="--study: the study 'together' is of another sweep"):
        other.run(tmp_path / "other")


def test_a_storage_that_is_none_is_refused(tmp_path: Path) -> None:
    options = SearchOptions("random", trials=5, shared=SharedStudy("nonsense", "name"))
    with pytest.raises(InputError, match=r"--storage: nonsense cannot be used: .*URL"):
        Searching(tmp_path, options).run(tmp_path / "journal")


def test_storage_and_study_go_together() -> None:
    assert shared_study(None, None) is None
    assert shared_study("sqlite:///x", "y") == SharedStudy("sqlite:///x", "y")
    for storage, name in (("sqlite:///x", None), (None, "y")):
        assert "--storage and --study go together" in refusal(shared_study, storage, name)


def test_a_search_alone_has_a_seed_and_one_in_company_chance() -> None:
    assert SearchOptions().identity.seed == 0
    assert SearchOptions(shared=SharedStudy("", "")).identity.seed is None
    assert SearchOptions(shared=SharedStudy("", ""), seed=4).identity.seed == 4
