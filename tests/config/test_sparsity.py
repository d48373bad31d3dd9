"""How the sparsity of an array is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from accelsim.config import load_config
from accelsim.config.sparsity import DENSE, Sparsity, SparsityText
from accelsim.config.written import resolved_yaml
from accelsim.errors import InputError

CONFIG = "configs/resnet18.yaml"
KEY = "machine.array.sparsity"


@pytest.mark.parametrize(
    ("written", "sparsity"),
    [
        ("2:4", Sparsity(2, 4)),
        ("'2:4'", Sparsity(2, 4)),
        ('"1:16"', Sparsity(1, 16)),
        ("7:16", Sparsity(7, 16)),  # a number of base 60 in YAML 1.1
        ("dense", DENSE),
        ("4:4", DENSE),
        ("1:1", DENSE),
    ],
)
def test_on_the_command_line_and_in_a_file(repository: Path, tmp_path: Path, written: str, sparsity: Sparsity) -> None:
    assert load_config(repository / CONFIG, f"{KEY}={written}").machine.array.sparsity == sparsity
    for array in (f"{{sparsity: {written}}}", f"\n    sparsity: {written}"):
        base = repository / "configs" / "machines" / "edge32.yaml"
        workload = repository / "workloads" / "resnet18.yaml"
        text = f"machine:\n  base: {base}\n  array: {array}\nrun: {{workload: {workload}}}\n"
        (tmp_path / "c.yaml").write_text(text)
        assert load_config(tmp_path / "c.yaml").machine.array.sparsity == sparsity


@pytest.mark.parametrize("written", ["5:4", "0:4", "2:17", "2-4", ":4", "sparse", "true", "4", "1:2:3", "02:4", "null"])
def test_anything_else_is_refused(repository: Path, written: str) -> None:
    with pytest.raises(
        InputError, match="must be 'dense' or 'N:M' with 1 <= N <= M <= 16, such as '2:4', not"
    ) as error:
        load_config(repository / CONFIG, f"{KEY}={written}")
    assert error.value.key == f"--set {KEY}"


def test_stationary_operands_cannot_be_selected(repository: Path) -> None:
    with pytest.raises(InputError, match="in dataflow 'is' they are stationary; use 'ws' or 'os', or 'dense'"):
        load_config(repository / CONFIG, [f"{KEY}=2:4", "machine.array.dataflow=is"])
    load_config(repository / CONFIG, [f"{KEY}=2:2", "machine.array.dataflow=is"])


def test_it_is_written_as_it_is_read(repository: Path, tmp_path: Path) -> None:
    config = load_config(repository / CONFIG, f"{KEY}=2:4")
    network, energy = repository / "workloads" / "resnet18.yaml", repository / "configs" / "energy" / "45nm.yaml"
    (tmp_path / "c.yaml").write_text(resolved_yaml(config.config, str(network), str(energy)))
    assert load_config(tmp_path / "c.yaml").machine == config.machine


def test_bits_of_an_index() -> None:
    blocks = [(1, 1, 0), (1, 2, 1), (2, 3, 2), (2, 4, 2), (1, 5, 3), (4, 8, 3), (8, 16, 4), (4, 4, 0)]
    assert [Sparsity(kept, block).index_bits for kept, block, _ in blocks] == [bits for *_, bits in blocks]


def test_the_schema_knows_the_form() -> None:
    assert TypeAdapter(SparsityText).json_schema()["pattern"].startswith("^(dense|")
