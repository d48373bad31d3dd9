"""SCALE-Sim and accelsim on the same topology, array and dataflow: what each costs, and whether they count alike.

SCALE-Sim is installed into an environment of its own: in a temporary folder, or in ``--environment``, where it stays.
Both run in fresh processes from their command lines; figures are of the whole process, imports included. A whole
ResNet-18 takes SCALE-Sim minutes, so ``--layers`` takes only the first ones.

    python benchmarks/scalesim.py [--layers 3] [--rows 32] [--cols 32] [--dataflow ws] [--environment DIR]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from accelsim.report.terminal.validation import comparison_table, equality_line
from accelsim.validation.scalesim import compare_with_scalesim

ROOT = Path(__file__).parents[1]
TOPOLOGY = ROOT / "workloads" / "resnet18_scalesim.csv"
CONFIG = ROOT / "configs" / "resnet18.yaml"

REQUIREMENTS = ("scalesim==3.0.0", "numpy<2.4")
"""SCALE-Sim 3.0.0 makes numbers of arrays of one element, which numpy refuses from 2.4 on."""

RUN_NAME = "run"

SCALESIM_CONFIG = """\
[general]
run_name = {run_name}

[architecture_presets]
ArrayHeight = {rows}
ArrayWidth = {cols}
IfmapSramSzkB = 64
FilterSramSzkB = 64
OfmapSramSzkB = 64
IfmapOffset = 0
FilterOffset = 10000000
OfmapOffset = 20000000
Dataflow = {dataflow}
Bandwidth = 10
ReadRequestBuffer = 32
WriteRequestBuffer = 32

[layout]
IfmapCustomLayout = False
IfmapSRAMBankBandwidth = 10
IfmapSRAMBankNum = 1
IfmapSRAMBankPort = 2
FilterCustomLayout = False
FilterSRAMBankBandwidth = 10
FilterSRAMBankNum = 1
FilterSRAMBankPort = 2

[sparsity]
SparsitySupport = False

[run_presets]
InterfaceBandwidth = CALC
UseRamulatorTrace = False
"""
"""No stalls: with CALC, SCALE-Sim reports the bandwidth that its array would need."""

ACCELSIM_SETTINGS = (
    "run.workload={topology}",
    "machine.array.rows={rows}",
    "machine.array.cols={cols}",
    "machine.array.dataflow={dataflow}",
    "machine.array.stationary_double_buffer=false",
)


class Cost(NamedTuple):
    """What a process took."""

    cpu_seconds: float
    peak_mib: float


def cost_of(command: list[str], folder: Path) -> Cost:
    """Run a command in a folder, its output in a file there, and return what it took."""
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{log.read_text(errors='replace')[-2000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def scalesim_python(environment: Path) -> Path:
    """Return the Python of an environment with SCALE-Sim, made if it is not there."""
    python = environment / "bin" / "python"
    if not python.exists():
        venv.create(environment, with_pip=True)
    subprocess.run([python, "-I", "-m", "pip", "install", "--quiet", *REQUIREMENTS], check=True)
    return python


def first_layers(topology: Path, count: int | None, folder: Path) -> Path:
    """Write the header and the first layers of a topology to a file of their own."""
    header, *rows = [line for line in topology.read_text(encoding="utf-8").splitlines() if line.strip()]
    written = folder / "topology.csv"
    written.write_text("\n".join([header, *rows[:count], ""]), encoding="utf-8")
    return written


def scalesim_cost(python: Path, topology: Path, array: dict[str, str | int], folder: Path) -> Cost:
    """Run SCALE-Sim; its reports are in ``<folder>/reports``."""
    config, layout = folder / "scalesim.cfg", folder / "layout.csv"
    config.write_text(SCALESIM_CONFIG.format(run_name=RUN_NAME, **array), encoding="utf-8")
    layout.write_text("No layer has a layout of its own,\n", encoding="utf-8")
    options = ["-t", str(topology), "-c", str(config), "-l", str(layout), "-p", str(folder / "reports"), "-i", "conv"]
    return cost_of([str(python), "-I", "-m", "scalesim.scale", *options], folder)


def accelsim_cost(topology: Path, array: dict[str, str | int], folder: Path) -> Cost:
    """Run accelsim with all its units, on the shipped machine with this array."""
    settings = [setting.format(topology=topology, **array) for setting in ACCELSIM_SETTINGS]
    options = [option for setting in settings for option in ("--set", setting)]
    command = [sys.executable, "-m", "accelsim", "run", str(CONFIG), *options, "--variants", "fused", "-o", "results"]
    return cost_of(command, folder)


def costs_table(scalesim: Cost, accelsim: Cost) -> Table:
    """The two beside one another."""
    table = Table("simulator", "CPU s", "peak memory")
    for name, cost in (("SCALE-Sim 3.0.0", scalesim), ("accelsim", accelsim)):
        table.add_row(name, f"{cost.cpu_seconds:.2f}", f"{cost.peak_mib:,.0f} MiB")
    seconds, memory = (theirs / ours for theirs, ours in zip(scalesim, accelsim, strict=True))
    table.add_row("ratio", f"{seconds:.0f}", f"{memory:.1f}")
    return table


def main() -> None:
    """Run both and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--topology", type=Path, default=TOPOLOGY, help="convolutions (default: ResNet-18)")
    parser.add_argument("--layers", type=int, help="take only so many layers, from the first (default: all)")
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--cols", type=int, default=32)
    parser.add_argument("--dataflow", choices=("ws", "is", "os"), default="ws")
    parser.add_argument("--environment", type=Path, help="where SCALE-Sim is installed, or is to be (default: nowhere)")
    options = parser.parse_args()
    array = {"rows": options.rows, "cols": options.cols, "dataflow": options.dataflow}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = scalesim_python((options.environment or folder / "environment").resolve())
        topology = first_layers(options.topology, options.layers, folder)
        accelsim = accelsim_cost(topology, array, folder)
        scalesim = scalesim_cost(python, topology, array, folder)
        comparisons = compare_with_scalesim(topology, folder / "reports" / RUN_NAME / "COMPUTE_REPORT.csv", **array)
    console = Console(width=110)
    console.print(comparison_table(comparisons))
    console.print(equality_line(comparisons), highlight=False)
    console.print(costs_table(scalesim, accelsim))


if __name__ == "__main__":
    main()
