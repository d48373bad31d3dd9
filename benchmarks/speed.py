"""What a simulation costs: one ResNet-18, arrays of 8x8 to 128x128, ResNets of depth 18 to 152.

Every figure is CPU time of a fresh process after its imports, without any cache on disk, for both variants with all
events recorded. Machines differ and are noisy, so the cost of a bare SimPy timeout on this one stands beside the
figures: ratios hold anywhere.

    python benchmarks/speed.py [--runs 5]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from resnets import DEPTHS, resnet
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "configs" / "resnet18.yaml"
MEASURE = Path(__file__).with_name("measure.py")

PUBLISHED = (
    ("SCALE-Sim v3 (32x32)", "533", "5.5 GB"),
    ("ZigZag (32x32)", "79", ""),
    ("ONNXim (C++, 128x128)", "6.3", ""),
)
"""CPU seconds and peak memory of one ResNet-18 pass with other simulators, measured on another machine: an order of
magnitude, not a race. They answer other questions, too: none of them models BN as a unit of its own."""

OTHERS = "The figures of others: one pass, measured elsewhere on another machine."

ARRAY_SIDES = (8, 16, 32, 64, 128)


def fresh(*arguments: str, runs: int) -> list[Any]:
    """Run measure.py in fresh processes and return what each printed."""
    command = [sys.executable, str(MEASURE), *arguments]
    return [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(runs)]


def median_run(*arguments: str, runs: int) -> dict[str, float]:
    """Return the run with the median CPU time."""
    costs: list[dict[str, float]] = sorted(fresh(*arguments, runs=runs), key=lambda cost: cost["cpu_seconds"])
    return costs[runs // 2]


def bare_timeout_seconds(runs: int) -> float:
    """Return the cost of a bare SimPy timeout; asked for each table, because clocks of machines change."""
    return float(min(fresh("bare", runs=runs)))


def resnet18_table(runs: int) -> Table:
    """One ResNet-18, beside what others published."""
    timeout_seconds = bare_timeout_seconds(runs)
    costs = fresh(str(CONFIG), runs=runs)
    seconds = [cost["cpu_seconds"] for cost in costs]
    table = Table("simulator", "CPU s", "peak memory", title="ResNet-18, 224x224, one image", caption=OTHERS)
    for row in PUBLISHED:
        table.add_row(*row)
    memory = f"{max(cost['peak_mib'] for cost in costs):.0f} MiB with pandas"
    table.add_row(f"accelsim (32x32), fused + unfused, minimum of {runs}", f"{min(seconds):.3f}", memory)
    table.add_row(f"accelsim, median of {runs}", f"{statistics.median(seconds):.3f}", "")
    per_operation = statistics.median(seconds) / costs[0]["operations"]
    table.add_row("a bare SimPy timeout", f"{timeout_seconds * 1e6:.2f} µs", "")
    table.add_row("an operation of accelsim, mapping included", f"{per_operation * 1e6:.2f} µs", "")
    return table


def scaling_table(title: str, label: str, cases: dict[str, list[str]], runs: int) -> Table:
    """Cost over a family of cases; "× linear" is how much faster than the operations it grows from the smallest."""
    timeout_seconds = bare_timeout_seconds(runs)
    costs = {name: median_run(*arguments, runs=runs) for name, arguments in cases.items()}
    fewest = min(costs.values(), key=lambda cost: cost["events"])
    columns = ("layers", "operations", "simulated", "CPU s", "µs each", "SimPy timeouts each", "× linear")
    table = Table(label, *columns, title=title)
    for name, cost in costs.items():
        each = cost["cpu_seconds"] / cost["operations"]
        table.add_row(
            name,
            f"{cost['layers']:.0f}",
            f"{cost['events']:,.0f}",
            f"{cost['operations']:,.0f}",
            f"{cost['cpu_seconds']:.3f}",
            f"{each * 1e6:.1f}",
            f"{each / timeout_seconds:.1f}",
            f"{cost['cpu_seconds'] / fewest['cpu_seconds'] / (cost['events'] / fewest['events']):.2f}",
        )
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="fresh processes for each figure (default: 5)")
    runs = parser.parse_args().runs
    console = Console(width=110)
    console.print(resnet18_table(runs))
    arrays = {
        f"{side}x{side}": [str(CONFIG), f"machine.array.rows={side}", f"machine.array.cols={side}"]
        for side in ARRAY_SIDES
    }
    title = "ResNet-18 on arrays of equal buffers (layers of equal shape are simulated once)"
    console.print(scaling_table(title, "array", arrays, runs))
    with tempfile.TemporaryDirectory() as folder:
        depths = {}
        for depth in DEPTHS:
            path = Path(folder) / f"resnet{depth}.yaml"
            path.write_text(resnet(depth))
            depths[f"ResNet-{depth}"] = [str(CONFIG), f"run.workload={path}"]
        console.print(scaling_table("ResNets by depth", "network", depths, runs))
        batches = {f"batch {batch}": [str(CONFIG), f"run.batch={batch}"] for batch in (1, 4, 16, 64)}
        console.print(scaling_table("ResNet-18 by batch", "batch", batches, runs))


if __name__ == "__main__":
    main()
