"""Print what a sweep of ResNet-18 costs: in one process, on several, and in memory as it goes on."""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

import psutil

from accelsim.sweep.cluster import local_workers
from accelsim.sweep.definition import Sweep
from accelsim.sweep.evaluate import Evaluator, loaded_config
from accelsim.sweep.evaluation import Point
from accelsim.sweep.journal import Journal
from accelsim.sweep.reading import read_sweep
from accelsim.sweep.recorder import Recorder
from accelsim.sweep.space import Space

SWEEP = Path(__file__).parents[1] / "configs" / "sweeps" / "array_bn.yaml"

SEED = 1

QUARTERS = 4


def sampled_points(sweep: Sweep, count: int) -> list[Point]:
    """Points of the whole grid, in its order: neighbours share more than points that lie apart."""
    points = [Point(number, choice) for number, choice in enumerate(Space(sweep.definition).choices())]
    return sorted(random.Random(SEED).sample(points, count))  # noqa: S311  # no secrets here


def configuration_milliseconds(sweep: Sweep, points: list[Point]) -> float:
    """CPU milliseconds of making the configuration of a point."""
    space = Space(sweep.definition)
    start = time.process_time()
    for point in points:
        loaded_config(space.settings(point.choice))
    return (time.process_time() - start) / len(points) * 1e3


def points_per_cpu_second(sweep: Sweep, points: list[Point]) -> float:
    """Points per CPU second in this process."""
    evaluator = Evaluator(sweep)
    start = time.process_time()
    for point in points:
        evaluator.evaluate(point)
    return len(points) / (time.process_time() - start)


def points_per_second(sweep: Sweep, points: list[Point], workers: int | None) -> float:
    """Points per second of a sweep, journal included, without the start of the workers."""
    with (
        tempfile.TemporaryDirectory() as folder,
        local_workers(sweep, workers) as started,
        Journal(Path(folder) / "journal.jsonl", sweep.definition.sha256) as journal,
    ):
        start = time.perf_counter()
        Recorder(journal, [], lambda: started).evaluate(points)
        return len(points) / (time.perf_counter() - start)


def resident_mib(sweep: Sweep, points: list[Point]) -> list[float]:
    """MiB of this process after each quarter of the points."""
    evaluator, process = Evaluator(sweep), psutil.Process()
    sizes = []
    for number, point in enumerate(points, 1):
        evaluator.evaluate(point)
        if number * QUARTERS % len(points) < QUARTERS:
            sizes.append(process.memory_info().rss / 2**20)
    return sizes


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, help="points to evaluate, chosen at random (default: all of them)")
    parser.add_argument("--workers", type=int, default=2, help="most processes to try (default: 2)")
    options = parser.parse_args()
    sweep = read_sweep(SWEEP)
    points = sampled_points(sweep, options.points or Space(sweep.definition).count())
    print(f"{len(points)} points of {SWEEP.name}, ResNet-18 fused and unfused; seed {SEED}")
    print(f"configuration of a point: {configuration_milliseconds(sweep, points):.3f} CPU ms")
    alone = points_per_cpu_second(sweep, points)
    print(f"in this process: {alone:.1f} points per CPU second")
    for workers in range(1, options.workers + 1):
        together = points_per_second(sweep, points, workers)
        print(f"{workers} worker{'s' * (workers > 1)}, journal included: {together:.1f} points per second")
    sizes = ", ".join(f"{size:.0f}" for size in resident_mib(sweep, points))
    print(f"resident after each quarter: {sizes} MiB")


if __name__ == "__main__":
    main()
