"""The table: its rows, its columns, and both files read back."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pandas as pd
import pytest

import accelsim
from accelsim.sweep.columns import FIGURES
from accelsim.sweep.folder import begin
from accelsim.sweep.table import sweep_frame, write_tables
from tests.sweep.tiny_sweeps import MIXED_AXES, evaluations_of, refusal, tiny_sweep

AXES = """\
  - machine.array.dataflow: [ws, os]
  - {machine.array.stationary_double_buffer: [false, true], run.tiling.conv: [{out_height: 2}, {out_height: 4}]}
  - machine.dram.bytes_per_cycle: [4, 12.8]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sweep = tiny_sweep(tmp_path, AXES)
    folder = tmp_path / "sweep"
    begin(folder, sweep, resume=False, force=False)
    write_tables(folder, sweep_frame(sweep.definition, reversed(evaluations_of(sweep))))
    return folder


def test_there_is_a_row_for_every_point_and_variant_in_order(folder: Path) -> None:
    frame = accelsim.load_sweep(folder)
    axes = ["machine.array.dataflow", "machine.array.stationary_double_buffer", "run.tiling.conv"]
    rate = "machine.dram.bytes_per_cycle"
    assert list(frame.columns) == [
        *("point", "config_sha256", "workload", *axes, rate, "variant", "status", "reason"),
        *FIGURES,
    ]
    expected = [
        (point, "net", dataflow, buffered, tiling, rate, variant)
        for point, ((dataflow, (buffered, tiling), rate)) in enumerate(
            product(["ws", "os"], [(False, '{"out_height": 2}'), (True, '{"out_height": 4}')], [4, 12.8])
        )
        for variant in ("fused", "unfused")
    ]
    named = frame[["point", "workload", *axes, rate, "variant"]]
    assert list(named.itertuples(index=False, name=None)) == expected


def test_infeasible_points_have_a_reason_and_no_figures(folder: Path) -> None:
    frame = accelsim.load_sweep(folder)
    infeasible = frame["status"] == "infeasible"
    assert frame[infeasible]["point"].tolist() == [6, 6, 7, 7]  # shadow registers with os
    assert frame[infeasible]["reason"].str.startswith("machine.array.stationary_double_buffer: ").all()
    assert frame[infeasible][[*FIGURES, "config_sha256"]].isna().all(axis=None)
    assert frame[~infeasible]["status"].eq("done").all()
    assert frame[~infeasible]["reason"].isna().all()
    assert frame[~infeasible][["cycles", "config_sha256", "saved_cycles_percent"]].notna().all(axis=None)


def test_types_do_not_depend_on_what_is_missing(folder: Path, tmp_path: Path) -> None:
    types = accelsim.load_sweep(folder).dtypes.astype(str).to_dict()
    for name, kind in FIGURES.items():
        assert types[name] == kind
    assert types["machine.array.stationary_double_buffer"] == "boolean"
    assert types["machine.dram.bytes_per_cycle"] == "float64"
    assert types["run.tiling.conv"] == "string"
    sweep = tiny_sweep(tmp_path, AXES)
    nothing = sweep_frame(sweep.definition, [])
    assert nothing.empty
    assert nothing.dtypes.astype(str).to_dict() == types


def test_both_files_hold_the_same(folder: Path) -> None:
    parquet = accelsim.load_sweep(folder)
    read = pd.read_csv(folder / "results.csv", dtype=parquet.dtypes.to_dict())
    pd.testing.assert_frame_equal(read, parquet)


def test_the_same_table_is_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    before = [(folder / name).read_bytes() for name in ("results.parquet", "results.csv")]
    sweep = tiny_sweep(tmp_path, AXES)
    write_tables(folder, sweep_frame(sweep.definition, evaluations_of(sweep)))
    assert [(folder / name).read_bytes() for name in ("results.parquet", "results.csv")] == before


def test_a_table_of_another_version_is_refused(folder: Path) -> None:
    frame = accelsim.load_sweep(folder)
    frame.attrs["schema_version"] = 0
    write_tables(folder, frame)
    assert refusal(accelsim.load_sweep, folder).endswith("schema_version: must be 3, not 0; sweep anew")


def test_what_is_no_table_is_refused(folder: Path, tmp_path: Path) -> None:
    assert "is no folder of a sweep: results.parquet: no such file" in refusal(accelsim.load_sweep, tmp_path / "none")
    (folder / "results.parquet").write_bytes(b"PAR1")
    assert "cannot be read: " in refusal(accelsim.load_sweep, folder)
    (folder / "results.parquet").unlink()
    assert refusal(accelsim.load_sweep, folder) == (
        f"{folder}: is not finished; `accelsim sweep export {folder}` makes a table of what there is"
    )


def test_an_enumeration_is_text(tmp_path: Path) -> None:
    types = sweep_frame(tiny_sweep(tmp_path, MIXED_AXES).definition, []).dtypes.astype(str)
    assert types[["machine.bn.placement", "run.batch"]].tolist() == ["string", "Int64"]
