"""A configuration from its files: what it becomes, and whom an error names."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from accelsim.config import load_config
from tests.config.files import INLINE, MACHINE, RUN, config_file, refusal


def test_a_machine_can_stand_in_the_file_or_in_its_own(folder: Path) -> None:
    inline = load_config(config_file(folder, INLINE))
    assert inline.machine.dram.bytes_per_cycle == Fraction(64, 5)
    assert inline.run.batch == 1
    for reference in ("machine: machine.yaml\n", "machine: {base: machine.yaml}\n"):
        assert load_config(config_file(folder, reference + RUN)).config == inline.config


def test_keys_override_those_of_the_base_at_any_depth(folder: Path) -> None:
    text = "machine:\n  base: machine.yaml\n  name: other\n  dram: {bytes_per_cycle: 4}\n" + RUN
    machine = load_config(config_file(folder, text)).machine
    assert machine.name == "other"
    assert machine.dram.bytes_per_cycle == Fraction(4)
    assert machine.dram.read_latency_cycles == 3
    assert machine.array.rows == 8


def test_a_base_is_relative_to_the_file_that_names_it(folder: Path) -> None:
    (folder / "machines").mkdir()
    (folder / "configs" / "machine.yaml").rename(folder / "machines" / "m.yaml")
    assert load_config(config_file(folder, "machine: ../machines/m.yaml\n" + RUN)).machine.name == "small"


def test_the_loaded_configuration_knows_its_files(folder: Path) -> None:
    loaded = load_config(str(config_file(folder, INLINE)))
    assert loaded.path == folder / "configs" / "config.yaml"
    assert loaded.workload_path == (folder / "configs" / "net.yaml").resolve()
    assert loaded.run is loaded.config.run
    assert loaded.run.workload == "net.yaml"


def test_the_workload_path_is_absolute_and_without_dots(folder: Path) -> None:
    config_file(folder, INLINE.replace("net.yaml", "../configs/net.yaml"))
    loaded = load_config("../configs/config.yaml")
    assert loaded.workload_path == (folder / "configs" / "net.yaml").resolve()


def test_an_error_in_the_configuration_names_its_line(folder: Path) -> None:
    path = config_file(folder, INLINE.replace("rows: 8", "rwos: 8"))
    assert refusal(path).startswith(f"{path}:3: machine.array.rwos: unknown key 'rwos'; did you mean 'rows'?")


def test_an_error_in_the_base_names_the_base(folder: Path) -> None:
    base = folder / "configs" / "machine.yaml"
    base.write_text(MACHINE.replace("kib: 1}", "kib: 0}"))
    path = config_file(folder, "machine: machine.yaml\n" + RUN)
    assert refusal(path) == f"{base}:7: machine.buffers.parameter.kib: must be at least 1, not 0"


def test_an_error_in_an_overriding_key_names_the_configuration(folder: Path) -> None:
    path = config_file(folder, "machine:\n  base: machine.yaml\n  array:\n    rows: 0\n" + RUN)
    assert refusal(path) == f"{path}:4: machine.array.rows: must be at least 1, not 0"
    path = config_file(folder, "machine:\n  base: machine.yaml\n  array: 7\n" + RUN)
    assert refusal(path) == f"{path}:3: machine.array: must be a mapping of keys to values, not 7"


def test_what_a_base_lacks_is_missing_from_the_base(folder: Path) -> None:
    base = folder / "configs" / "machine.yaml"
    base.write_text(MACHINE.replace("rows: 8, ", ""))
    path = config_file(folder, "machine:\n  base: machine.yaml\n  array: {dataflow: os}\n" + RUN)
    assert refusal(path) == f"{base}:2: machine.array.rows: is missing (physical rows R)"


def test_a_combination_is_blamed_on_the_key_that_asks_for_too_much(folder: Path) -> None:
    override = "  array:\n    dataflow: os\n    ifmap_streaming: raster\n"
    path = config_file(folder, "machine:\n  base: machine.yaml\n" + override + RUN)
    assert refusal(path) == (
        f"{path}:5: machine.array.ifmap_streaming: 'raster' streams past stationary weights, so it needs "
        "array.dataflow 'ws', not 'os'"
    )


def test_a_base_may_have_a_base(folder: Path) -> None:
    machines = folder / "configs"
    (machines / "machine.yaml").write_text(MACHINE)
    (machines / "faster.yaml").write_text("base: machine.yaml\nclock_mhz: 900\n")
    path = config_file(folder, "machine: {base: faster.yaml, name: mine}\n" + RUN)
    machine = load_config(path).machine
    assert (machine.name, machine.clock_mhz, machine.array.rows) == ("mine", 900, 8)


def test_bases_in_a_circle_are_refused(folder: Path) -> None:
    base = folder / "configs" / "machine.yaml"
    base.write_text("base: machine.yaml\n")
    path = config_file(folder, "machine: machine.yaml\n" + RUN)
    circle = "more than 8 machines are based on one another: perhaps in a circle"
    assert refusal(path) == f"{base}:1: machine.base: {circle}"


def test_a_missing_part_is_reported_in_the_file(folder: Path) -> None:
    path = config_file(folder, "machine:\n" + "".join(f"  {line}\n" for line in MACHINE.splitlines()))
    assert refusal(path) == f"{path}:1: run: is missing"


def test_a_missing_base_is_reported_where_it_is_named(folder: Path) -> None:
    path = config_file(folder, RUN + "machine:\n  base: machin.yaml\n")
    missing = folder / "configs" / "machin.yaml"
    assert refusal(path) == (f"{path}:3: machine.base: {missing}: no such file; did you mean 'machine.yaml'?")
    path = config_file(folder, RUN + "machine:\n  base: 3\n")
    assert refusal(path) == f"{path}:3: machine.base: must be the path of a file, not 3"


def test_a_missing_workload_is_reported_where_it_is_named(folder: Path) -> None:
    path = config_file(folder, INLINE.replace("net.yaml", "nett.yaml"))
    missing = folder / "configs" / "nett.yaml"
    line = len(INLINE.splitlines())
    assert refusal(path) == f"{path}:{line}: run.workload: {missing}: no such file; did you mean 'net.yaml'?"
    assert "is a folder, not a file" in refusal(config_file(folder, INLINE.replace("net.yaml", "''")))


def test_a_table_of_energies_is_relative_to_the_file_that_names_it(folder: Path) -> None:
    path = config_file(folder, INLINE.replace("net.yaml", "net.yaml, energy: joules.yaml"))
    line, missing = len(INLINE.splitlines()), folder / "configs" / "joules.yaml"
    assert refusal(path) == f"{path}:{line}: run.energy: {missing}: no such file; did you mean 'net.yaml'?"
    missing.touch()
    assert load_config(path).energy_path == missing.resolve()
    (folder / "cwd" / "watts.yaml").touch()
    assert load_config(path, ["run.energy=watts.yaml"]).energy_path == (folder / "cwd" / "watts.yaml").resolve()
    assert refusal(path, "run.energy=wats.yaml") == (
        "--set run.energy: wats.yaml: no such file; did you mean 'watts.yaml'?"
    )
    assert load_config(path, ["run.energy=null"]).energy_path is None
    assert load_config(config_file(folder, INLINE)).energy_path is None


@pytest.mark.usefixtures("folder")
def test_a_missing_configuration_is_reported() -> None:
    assert refusal("nowhere.yaml") == "nowhere.yaml: no such file"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("machine: {}\n", "machine.array: is missing"),
        ("run: {workload: net.yaml}\n", "machine: is missing"),
        ("machine: 3\n" + RUN, "machine: must be a mapping of keys to values, not 3"),
        ("machien: {}\n" + RUN, "unknown key 'machien'; did you mean 'machine'?"),
        (INLINE.replace("{workload: net.yaml}", "{}"), "run.workload: is missing"),
        (INLINE.replace("workload: net.yaml", "workload: 3"), "run.workload: must be text, not 3"),
        (INLINE.replace("net.yaml", "net.yaml, variants: fused"), "run.variants: must be a list"),
        (INLINE.replace("net.yaml", "net.yaml, variants: []"), "run.variants: must have at least 1 item"),
        (INLINE.replace("net.yaml", "net.yaml, variants: [fusd]"), "run.variants[0]: must be one of 'fused'"),
        (INLINE.replace("net.yaml", "net.yaml, variants: [fused, fused]"), "run.variants: names a variant"),
        (INLINE.replace("12.8", "1e999"), "machine.dram.bytes_per_cycle: inf is not a finite number"),
        (INLINE.replace("12.8", "1/0"), "machine.dram.bytes_per_cycle: 1/0 is not a finite number"),
    ],
)
def test_bad_configurations_are_refused(folder: Path, text: str, words: str) -> None:
    path = config_file(folder, text)
    message = refusal(path)
    assert message.startswith(f"{path}:")
    assert words in message


def test_an_error_found_later_names_the_place_too(folder: Path) -> None:
    text = INLINE.replace(RUN, "run:\n  workload: net.yaml\n  tiling:\n    layer1.conv: {images: 1}\n")
    path = config_file(folder, text)
    loaded = load_config(path, ["run.tiling.layer2.conv.images=2"])
    line = len(text.splitlines())
    assert str(loaded.error(("run", "tiling", "layer1.conv"), "no")) == f"{path}:{line}: run.tiling.layer1.conv: no"
    assert str(loaded.error(("run", "tiling", "layer2.conv"), "no")) == "--set run.tiling.layer2.conv: no"
    assert str(loaded.error(("run", "batch"), "no")) == f"{path}:{line - 3}: run.batch: no"


NETWORK_INSTEAD = "this is a network, not a configuration; run one with --set run.workload="


@pytest.mark.parametrize("name", ["m.onnx", "m.ONNX", "topology.csv"])
def test_a_network_is_no_configuration(folder: Path, name: str) -> None:
    path = folder / "configs" / name
    assert refusal(path) == f"{path}: no such file"
    path.touch()
    assert refusal(path) == f"{path}: {NETWORK_INSTEAD}{path}"


def test_nor_is_one_in_yaml(folder: Path) -> None:
    path = config_file(folder, "name: n\ninput: {channels: 1}\nlayers: [{name: r, op: relu}]\n")
    assert refusal(path, "run.batch=2") == f"{path}:3: {NETWORK_INSTEAD}{path}"


def test_layers_beside_a_machine_are_an_unknown_key(folder: Path) -> None:
    path = config_file(folder, INLINE + "layers: []\n")
    assert refusal(path).startswith(f"{path}:19: layers: unknown key 'layers'")
