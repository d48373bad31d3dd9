"""The same bytes on any machine: processor, vector code of numpy, BLAS and versions of libraries change none.

``python -m tests.test_same_bytes`` writes the hashes anew: in a commit that says what has changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from accelsim.cli import main

ROOT = Path(__file__).parents[1]
HASHES = Path(__file__).parent / "data" / "same_bytes.csv"

REQUANTISER = "machine.requantization={lanes: 32}"

COMMANDS = (
    ("run", "configs/alpha5.yaml", "--trace", "--vcd"),
    ("run", "configs/resnet18.yaml", "--set", "machine.bn.placement=offchip"),
    ("run", "configs/mobilenet_v2.yaml", "--set", "machine.bn.placement=pass", "--set", REQUANTISER),
    ("compare", "results/resnet18", "results/mobilenet_v2"),
    ("sweep", "configs/sweeps/small.yaml"),
    ("pareto", "results/sweeps/small"),
)

WITH_BYTES = {".csv", ".json", ".yaml", ".vcd", ".gtkw"}
"""Kinds of files that are the same in bytes. Parquet, HTML and pictures are the same in what they hold."""


def hashes(folder: Path) -> pd.DataFrame:
    """Run the commands in a folder, and return the hash of what each prints and of every file."""
    for name in ("configs", "workloads"):
        (folder / name).symlink_to(ROOT / name)
    with contextlib.chdir(folder):
        found = dict(printed())
    for path in sorted((folder / "results").rglob("*")):
        if path.suffix in WITH_BYTES:
            found[str(path.relative_to(folder))] = path.read_bytes()
    rows = [(name, hashlib.sha256(content).hexdigest()) for name, content in found.items()]
    return pd.DataFrame(rows, columns=["what", "sha256"])


def printed() -> Iterator[tuple[str, bytes]]:
    """Run the commands, and yield what they print."""
    for command in COMMANDS:
        with contextlib.redirect_stdout(io.StringIO()) as output:
            assert main(list(command)) == 0
        yield " ".join(("accelsim", *command)), output.getvalue().encode()


def test_nothing_differs_from_other_machines(tmp_path: Path) -> None:
    pd.testing.assert_frame_equal(hashes(tmp_path), pd.read_csv(HASHES))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        hashes(Path(scratch)).to_csv(HASHES, index=False, lineterminator="\n")
