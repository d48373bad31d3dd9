"""A sweep's file: what it may say, and what it is told when it says something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.energy.table import read_energy_table
from accelsim.sweep.definition import Axis, Search
from accelsim.sweep.reading import read_sweep
from tests.cli.tiny import CONFIG, LRN, NETWORK
from tests.sweep.tiny_sweeps import AXES, refusal, sweep_file, tiny_sweep

TABLE = Path(__file__).parents[2] / "configs" / "energy" / "45nm.yaml"


def test_a_sweep_is_resolved(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path, AXES, "variants: [unfused]\nobjectives: [unfused.cycles]\n")
    definition = sweep.definition
    assert definition.axes == (
        Axis(keys=(("machine", "array", "rows"),), levels=((4,), (8,))),
        Axis(keys=(("machine", "bn", "lanes"),), levels=((2,), (4,), (8,))),
    )
    assert definition.variants == ("unfused",)
    assert definition.base["run"]["variants"] == ["unfused"]
    assert definition.base["machine"]["dma"]["burst_bytes"] == 256  # a default
    assert [network.name for network in definition.networks] == ["net"]
    assert sweep.networks[0].name == "tiny"


def test_a_table_of_energies_is_read(tmp_path: Path) -> None:
    sweep_file(tmp_path, more="objectives: [fused.energy_pj, saving.energy_percent, saving.energy_delay_percent]\n")
    (tmp_path / "config.yaml").write_text(CONFIG + f"  energy: {TABLE}\n")
    definition = read_sweep(tmp_path / "sweep.yaml").definition
    assert definition.energy_table == read_energy_table(TABLE)
    # where it was is of no account
    assert definition.base["run"]["energy"] == "energy.yaml"
    (tmp_path / "copy.yaml").write_bytes(TABLE.read_bytes())
    (tmp_path / "config.yaml").write_text(CONFIG + "  energy: copy.yaml\n")
    assert read_sweep(tmp_path / "sweep.yaml").definition == definition


def test_a_table_that_is_broken_is_refused(tmp_path: Path) -> None:
    path = sweep_file(tmp_path)
    (tmp_path / "config.yaml").write_text(CONFIG + "  energy: table.yaml\n")
    assert "config.yaml:18: run.energy: " in refusal(read_sweep, path)
    (tmp_path / "table.yaml").write_text(TABLE.read_text().replace("read_pj: 1300", "read_pj: -1300"))
    assert "table.yaml:40: dram.read_pj: must be at least 0, not -1300" in refusal(read_sweep, path)


@pytest.mark.parametrize(
    "objective",
    [
        "fused.energy_pj",
        "unfused.energy_delay_joule_seconds",
        "saving.energy_percent",
        "saving.energy_delay_percent",
    ],
)
def test_an_objective_of_energy_needs_energies(tmp_path: Path, objective: str) -> None:
    assert refusal(tiny_sweep, tmp_path, AXES, f"objectives: [{objective}]\n").endswith(
        f"objectives[0]: '{objective}' needs a table of energies, which run.energy names in the base"
    )


def test_machine_and_run_may_be_written_in_the_sweep_itself(tmp_path: Path) -> None:
    based = tiny_sweep(tmp_path).definition
    (tmp_path / "sweep.yaml").write_text(f"{CONFIG}axes:\n{AXES}")
    assert read_sweep(tmp_path / "sweep.yaml").definition == based


def test_a_machine_in_the_sweep_may_have_a_base(tmp_path: Path) -> None:
    based = tiny_sweep(tmp_path).definition
    machine = CONFIG.removeprefix("machine:\n").partition("run:")[0]
    (tmp_path / "machine.yaml").write_text("\n".join(line.removeprefix("  ") for line in machine.splitlines()) + "\n")
    (tmp_path / "sweep.yaml").write_text(f"machine: machine.yaml\nworkloads: [net.yaml]\naxes:\n{AXES}")
    assert read_sweep(tmp_path / "sweep.yaml").definition == based


def test_a_sweep_may_be_given_as_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    definition = tiny_sweep(tmp_path).definition
    monkeypatch.chdir(tmp_path)
    data = {
        "base": "config.yaml",
        "axes": [{"machine.array.rows": [4, 8]}, {"machine.bn.lanes": {"from": 2, "to": 8, "factor": 2}}],
    }
    assert read_sweep(data).definition == definition
    data["axes"] = [{"machine.array.rows": [4, "x"]}]
    assert refusal(read_sweep, data) == ("sweep: axes[0].machine.array.rows: must be a whole number, not the text 'x'")


def test_any_key_may_vary(tmp_path: Path) -> None:
    axes = """\
  - run.objective: [traffic, cycles]
  - run.tiling.conv: [{out_height: 2}, {out_height: 4}]
  - machine.buffers.ifmap: [{kib: 2}, {kib: 4, halves: 1}]
"""
    keys = [axis.keys for axis in tiny_sweep(tmp_path, axes).definition.axes]
    assert keys == [(("run", "objective"),), (("run", "tiling", "conv"),), (("machine", "buffers", "ifmap"),)]
    keys = [axis.keys for axis in tiny_sweep(tmp_path, "  - run.tiling.a.b.out_height: [2]\n").definition.axes]
    assert keys == [(("run", "tiling", "a.b", "out_height"),)]


def test_a_value_that_is_wrong_only_beside_others_is_no_fault_of_the_file(tmp_path: Path) -> None:
    axes = "  - machine.array.dataflow: [ws, os]\n  - machine.array.ifmap_streaming: [im2col, raster]\n"
    assert len(tiny_sweep(tmp_path, axes).definition.axes) == 2
    path = sweep_file(tmp_path, "  - machine.array.dataflow: [ws, os]\n")
    (tmp_path / "config.yaml").write_text(CONFIG.replace("cols: 8}", "cols: 8, ifmap_streaming: raster}"))
    assert read_sweep(path).definition.axes[0].levels == (("ws",), ("os",))


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        (
            "  - machine.array.row: [4]\n",
            "sweep.yaml:3: axes[0].machine.array.row: unknown key 'machine.array.row'; did "
            "you mean 'machine.array.rows'?",
        ),
        ("  - run.tiling.conv.out_hight: [4]\n", "unknown key 'run.tiling.conv.out_hight'"),
        ("  - run.workload: [net.yaml]\n", "cannot be varied: list networks under 'workloads'"),
        (
            "  - run.energy: [a.yaml]\n",
            "cannot be varied: all points have the same table of energies; name it in the base",
        ),
        ("  - machine: [net.yaml]\n", "cannot be varied: name a key in it, such as machine.array.rows"),
        (
            "  - machine.array.rows: [4]\n  - machine.array.rows: [8]\n",
            "sweep.yaml:4: axes[1].machine.array.rows: is on an axis already, as machine.array.rows in line 3",
        ),
        (
            "  - machine.array.rows: [4]\n  - machine.array: [{rows: 4, cols: 4}]\n",
            "axes[1].machine.array: is on an axis already, as machine.array.rows in line 3",
        ),
        ("  - machine.array.rows: []\n", "sweep.yaml:3: axes[0].machine.array.rows: has no values"),
        ("  - {}\n", "sweep.yaml:3: axes[0]: has no key"),
        ("  []\n", "sweep.yaml:2: axes: must have at least 1 item"),
        (
            "  - {machine.array.rows: [4, 8], machine.array.cols: [4]}\n",
            "sweep.yaml:3: axes[0]: keys that change "
            "together need equally many values: machine.array.rows has 2, machine.array.cols has 1",
        ),
        ("  - machine.array.rows: [4, 8, 4]\n", "axes[0].machine.array.rows[2]: the value 4 is given twice"),
        (
            "  - machine.array.rows:\n    - 4\n    - 0\n",
            "sweep.yaml:5: axes[0].machine.array.rows[1]: must be at least 1, not 0",
        ),
        (
            "  - machine.array.rows: {from: 1, to: 8192, factor: 2}\n",
            "sweep.yaml:3: axes[0].machine.array.rows: must be at most 4096, not 8192",
        ),
        (
            "  - machine.bn.placement: [inline, offship]\n",
            "axes[0].machine.bn.placement[1]: must be one of 'inline', "
            "'pass', 'offchip', not 'offship'; did you mean 'offchip'?",
        ),
        (
            "  - machine.buffers.ifmap: [{kib: 4}, {kib: 4, halfs: 1}]\n",
            "axes[0].machine.buffers.ifmap[1].halfs: unknown key 'halfs'; did you mean 'halves'?",
        ),
        (
            "  - machine.dram.bytes_per_cycle: [0]\n",
            "axes[0].machine.dram.bytes_per_cycle[0]: must be between 1/1024 and 65536",
        ),
        ("  - machine.bn.lanes: [true]\n", "axes[0].machine.bn.lanes[0]: must be a whole number, not true"),
    ],
)
def test_faults_of_axes_are_told_with_their_line(tmp_path: Path, axes: str, message: str) -> None:
    assert message in refusal(tiny_sweep, tmp_path, axes)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("constraint: [1 < 2]\n", "sweep.yaml:5: constraint: unknown key 'constraint'; did you mean 'constraints'?"),
        (
            "constraints:\n- 1 < 2\n- machine.bn.lane < 2\n",
            "sweep.yaml:7: constraints[1]: unknown key 'machine.bn.lane'; did you mean 'machine.bn.lanes'?",
        ),
        (
            "objectives: [fused.cycle]\n",
            "sweep.yaml:5: objectives[0]: unknown objective 'fused.cycle'; did you mean 'fused.cycles'?",
        ),
        (
            "variants: [fused]\nobjectives: [saving.cycles_percent]\n",
            "sweep.yaml:6: objectives[0]: "
            "'saving.cycles_percent' needs the variant 'unfused', which is not in 'variants'",
        ),
        (
            "variants: [fussed]\n",
            "sweep.yaml:5: variants[0]: must be one of 'fused', 'unfused', 'fused_into_requant', not 'fussed'",
        ),
        ("variants: [fused, fused]\n", "run.variants: names a variant twice"),
        ("workloads: [nett.yaml]\n", "sweep.yaml:5: workloads[0]: "),
        ("workloads: [net.yaml, more/../net.yaml]\n", "workloads[1]: there is a network called 'net' already"),
        ("machine: {}\n", "sweep.yaml:5: machine: stands in the base; vary it with an axis, of one value if need be"),
    ],
)
def test_other_faults_are_told_with_their_line(tmp_path: Path, more: str, message: str) -> None:
    (tmp_path / "more").mkdir()
    assert message in refusal(tiny_sweep, tmp_path, AXES, more)


def test_a_search_needs_objectives(tmp_path: Path) -> None:
    path = sweep_file(tmp_path)
    assert "objectives: is missing" in refusal(read_sweep, path, Search(sampler="tpe", seed=0))


def test_a_base_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    path = sweep_file(tmp_path)
    (tmp_path / "config.yaml").unlink()
    assert refusal(read_sweep, path).startswith(f"{path}:1: base: {tmp_path / 'config.yaml'}: no such file")
    (tmp_path / "config.yaml").write_text(CONFIG.replace("rows: 8, ", ""))
    expected = f"{tmp_path / 'config.yaml'}:3: machine.array.rows: is missing (physical rows R)"
    assert refusal(read_sweep, path) == expected
    path.write_text(f"axes:\n{AXES}")
    assert refusal(read_sweep, path) == (
        f"{path}:1: needs a 'base' (a configuration), or 'machine' and 'run' as in a configuration"
    )


def test_a_network_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = sweep_file(tmp_path)
    (tmp_path / "net.yaml").write_text("name: [")
    assert "net.yaml:1: is not valid YAML" in refusal(read_sweep, path)
    (tmp_path / "net.yaml").write_text(NETWORK + LRN)
    assert read_sweep(path)
    (tmp_path / "config.yaml").write_text(CONFIG + "  strict: true\n")
    assert "LRN" in refusal(read_sweep, path)
