"""The table of energies: the one that ships, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.energy.action import COMPONENTS
from accelsim.energy.table import EnergyTable, StaticPowers, energy_table_yaml, read_energy_table
from accelsim.errors import InputError

SHIPPED = Path(__file__).parents[2] / "configs" / "energy" / "45nm.yaml"


def test_the_shipped_table_holds_the_published_figures() -> None:
    table = read_energy_table(SHIPPED)
    operations = table.operations
    assert [(point.bits, point.pj) for point in operations.add.points] == [(8, 0.03), (32, 0.1)]
    assert [(point.bits, point.pj) for point in operations.multiply.points] == [(8, 0.2), (32, 3.1)]
    assert operations.compare.points == operations.add.points
    assert table.sram.access_bits == table.dram.access_bits == 64
    assert [(point.kib, point.read_pj) for point in table.sram.points] == [(8, 10), (32, 20), (1024, 100)]
    assert all(point.read_pj == point.write_pj for point in table.sram.points)
    assert 1300 <= table.dram.read_pj == table.dram.write_pj <= 2600
    assert table.static == StaticPowers()


def test_every_entry_names_its_source() -> None:
    table = read_energy_table(SHIPPED)
    operations = table.operations
    for entry in (operations.add, operations.multiply, table.sram, table.dram):
        assert "Horowitz" in entry.source
    assert operations.compare.source.startswith("built")


def test_every_component_can_have_a_static_power() -> None:
    assert tuple(StaticPowers.model_fields) == COMPONENTS
    assert tuple(EnergyTable.model_fields) == ("name", "operations", "sram", "dram", "static")


@pytest.mark.parametrize(
    ("old", "new", "key", "message"),
    [
        ("read_pj: 1300", "read_pj: -1", "dram.read_pj", "must be at least 0, not -1"),
        ("read_pj: 1300", "read_pj: .nan", "dram.read_pj", "must be a finite number, not nan"),
        ("read_pj: 1300", "read_pj: .inf", "dram.read_pj", "must be a finite number, not inf"),
        ("read_pj: 1300", "read_pj: much", "dram.read_pj", "must be a number, not the text 'much'"),
        ("read_pj: 1300", "raed_pj: 1300", "dram.raed_pj", "unknown key 'raed_pj'; did you mean 'read_pj'?"),
        ("  read_pj: 1300\n", "", "dram.read_pj", "is missing (energy of a read, in pJ)"),
        ("  multiply:", "  multiplies:", "operations.multiplies", "did you mean 'multiply'?"),
        ("{bits: 32, pj: 3.1}", "{bits: 32, pj: 0}", "operations.multiply.points[1].pj", "must be more than 0, not 0"),
        (
            "{bits: 32, pj: 3.1}",
            "{bits: 65, pj: 3.1}",
            "operations.multiply.points[1].bits",
            "must be at most 64, not 65",
        ),
        (
            "{bits: 32, pj: 3.1}",
            "{bits: 8, pj: 3.1}",
            "operations.multiply.points",
            "bits must ascend, but 8 follows 8",
        ),
        ("      - {bits: 32, pj: 3.1}\n", "", "operations.multiply.points", "must have at least 2 items"),
        ("{kib: 32,", "{kib: 4,", "sram.points", "kib must ascend, but 4 follows 8"),
        # beyond the last point it would go on like that, up to infinity
        (
            "{kib: 32,",
            "{kib: 8.5,",
            "sram.points",
            "from 8 to 8.5 kib the energy changes from 10 to 20 pJ",
        ),
        ("# static:", "static: {drum: {mw: 1, source: x}}", "static.drum", "unknown key 'drum'; did you mean 'dram'?"),
        ("# static:", "static: {dram: {mw: -1, source: x}}", "static.dram.mw", "must be at least 0, not -1"),
        ("# static:", "static: {dram: {mw: 1}}", "static.dram.source", "is missing (where the figures are from)"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_key(
    tmp_path: Path, old: str, new: str, key: str, message: str
) -> None:
    content = SHIPPED.read_text(encoding="utf-8")
    path = tmp_path / "table.yaml"
    path.write_text(content.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_energy_table(path)
    assert (caught.value.path, caught.value.key) == (path, key)
    assert message in caught.value.message
    assert caught.value.line is not None


def test_a_table_that_is_written_can_be_read_back(tmp_path: Path) -> None:
    static = {"dram": {"mw": 1e-7, "source": "made up: 5\nwords"}}
    table = EnergyTable.model_validate(read_energy_table(SHIPPED).model_dump() | {"static": static})
    path = tmp_path / "table.yaml"
    path.write_text(energy_table_yaml(table), encoding="utf-8")
    assert read_energy_table(path) == table
    assert "null" not in path.read_text(encoding="utf-8")


def test_a_table_without_a_section_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.yaml"
    path.write_text("name: mine\noperations: {}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"operations\.add: is missing \(an addition or subtraction\)"):
        read_energy_table(path)


def test_there_must_be_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_energy_table(tmp_path / "none.yaml")
