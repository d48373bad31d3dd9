"""Waveforms of model and RTL in one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from accelsim.errors import InputError
from accelsim.report.traces.comparison import write_comparison
from accelsim.rtl.cosimulation import CAUSES
from accelsim.rtl.validate import Comparison
from accelsim.rtl.waveform import NOT_STALLED, UnitCycles
from accelsim.simulation import simulate_program
from tests.report.traces.waveform import Waveform, read_vcd
from tests.rtl.layers import case_of, convolution

CASE = case_of(convolution(4, 3))

# 36 bytes of ifmap and 12 of weights, 18 cycles of the array, a drain of 9, 27 bytes of ofmap.
CYCLES = 102


def rtl_that_does(busy: list[int], cause: str, stalled: list[int]) -> UnitCycles:
    works = np.zeros(CYCLES, dtype=bool)
    works[busy] = True
    waits = np.full(CYCLES, NOT_STALLED)
    waits[stalled] = CAUSES.index(cause)
    return UnitCycles(works, waits)


def written(folder: Path, **units: UnitCycles) -> Waveform:
    comparison = Comparison(CASE, simulate_program(CASE.machine, CASE.program), CYCLES, ())
    write_comparison(comparison, units, folder)
    return read_vcd(folder / "waves.vcd")


def test_the_model_lies_beside_rtl(tmp_path: Path) -> None:
    read = written(tmp_path, conv_array=rtl_that_does([0, 1, 5, CYCLES - 1], "weight_full", [3, 4]))
    assert read.spans("conv_array.model.busy") == [(48, 66, 1)]
    assert read.spans("conv_array.model.operation") == [(48, 66, "multiply g0 m0 n0 k0")]
    assert read.spans("conv_array.model.stalled_on") == [(0, 36, "ifmap_full"), (36, 48, "weight_full")]
    assert read.spans("conv_array.model.stalled") == [(0, 48, 1)]
    assert read.spans("conv_array.rtl.busy") == [(0, 2, 1), (5, 6, 1), (CYCLES - 1, CYCLES, 1)]
    assert read.spans("conv_array.rtl.stalled") == [(3, 5, 1)]
    assert read.spans("conv_array.rtl.stalled_on") == [(3, 5, "weight_full")]


def test_both_have_the_same_signals(tmp_path: Path) -> None:
    idle = rtl_that_does([], "weight_full", [])
    read = written(tmp_path, dma=idle, conv_array=idle)
    names = {"busy", "stalled", "stalled_on"}
    for unit in ("dma", "conv_array"):
        assert {path for path in read.steps if path.startswith(f"{unit}.rtl")} == {
            f"{unit}.rtl.{name}" for name in names
        }
        assert {f"{unit}.model.{name}" for name in names} <= read.steps.keys()


def test_the_save_file_shows_all_of_them(tmp_path: Path) -> None:
    read = written(tmp_path, dma=rtl_that_does([0], "weight_full", []))
    lines = (tmp_path / "waves.gtkw").read_text().splitlines()
    assert {line.split("} ")[1] for line in lines if line.startswith("+{")} == read.steps.keys()


def test_what_is_there_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "waves.vcd").write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        written(tmp_path, dma=rtl_that_does([0], "weight_full", []))
    assert (tmp_path / "waves.vcd").read_text() == "mine"
