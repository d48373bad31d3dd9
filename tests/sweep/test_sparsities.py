"""Which sparsities the arrays of a sweep have."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.sweep.reading import read_sweep
from accelsim.sweep.sparsities import sparsities
from tests.cli.tiny import CONFIG
from tests.sweep.tiny_sweeps import sweep_file

ROWS = "  - machine.array.rows: [4, 8]\n"


@pytest.mark.parametrize(
    ("base", "axes", "expected"),
    [
        ("", ROWS, ["dense"]),
        (", sparsity: '2:4'", ROWS, ["2:4"]),
        ("", "  - machine.array.sparsity: [dense, '2:4', '1:4']\n", ["dense", "2:4", "1:4"]),
        (", sparsity: '2:4'", "  - machine.array.sparsity: [dense]\n", ["dense"]),
        ("", "  - machine.array.sparsity: [dense, '4:4']\n", ["dense"]),
        ("", "  - {machine.array.rows: [4, 8], machine.array.sparsity: ['2:4', '1:2']}\n", ["2:4", "1:2"]),
        (
            ", sparsity: '2:4'",
            "  - machine.array: [{rows: 4, cols: 4}, {rows: 4, cols: 4, sparsity: '1:4'}]\n",
            ["dense", "1:4"],
        ),
    ],
)
def test_they_are_those_of_the_base_unless_an_axis_gives_others(
    tmp_path: Path, base: str, axes: str, expected: list[str]
) -> None:
    path = sweep_file(tmp_path, axes)
    (tmp_path / "config.yaml").write_text(CONFIG.replace("cols: 8}", f"cols: 8{base}}}"))
    assert [str(sparsity) for sparsity in sparsities(read_sweep(path).definition)] == expected
