"""Sweeps of a tiny network, in a folder of their own, and what evaluates them without Dask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accelsim.errors import InputError
from accelsim.sweep.definition import Sweep
from accelsim.sweep.evaluate import Evaluator
from accelsim.sweep.evaluation import Evaluation, Point
from accelsim.sweep.reading import read_sweep
from accelsim.sweep.space import Space
from tests.cli.tiny import CONFIG, NETWORK

AXES = """\
  - machine.array.rows: [4, 8]
  - machine.bn.lanes: {from: 2, to: 8, factor: 2}
"""

MIXED_AXES = """\
  - machine.bn.placement: [inline, pass]
  - machine.array.stationary_double_buffer: [false, true]
  - machine.array.dataflow: [ws, os]
  - machine.dram.bytes_per_cycle: [4, 12.8]
  - run.batch: [1, 2]
"""
"""An enumeration, a Boolean, a rate, a key of the run; and a combination that cannot be: shadow registers with os."""


def sweep_file(folder: Path, axes: str = AXES, more: str = "") -> Path:
    """Write a sweep, its base and its network."""
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "net.yaml").write_text(NETWORK)
    path = folder / "sweep.yaml"
    path.write_text(f"base: config.yaml\naxes:\n{axes}{more}")
    return path


def tiny_sweep(folder: Path, axes: str = AXES, more: str = "") -> Sweep:
    return read_sweep(sweep_file(folder, axes, more))


def points_of(sweep: Sweep) -> list[Point]:
    return [Point(number, choice) for number, choice in enumerate(Space(sweep.definition).choices())]


def evaluations_of(sweep: Sweep) -> list[Evaluation]:
    evaluator = Evaluator(sweep)
    return [evaluator.evaluate(point) for point in points_of(sweep)]


def refusal(call: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments, **options)
    return str(caught.value)


class WorkersHere:
    """Evaluates points in this process, and counts how often it is asked for each."""

    def __init__(self, sweep: Sweep) -> None:
        self._evaluator = Evaluator(sweep)
        self.asked: list[int] = []

    def evaluate(self, points: Iterable[Point]) -> Iterator[list[Evaluation]]:
        for point in points:
            self.asked.append(point.number)
            yield [self._evaluator.evaluate(point)]
