"""A configuration from files and ``--set``: what it becomes, and whom an error names."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelsim.config import Config, config_schema, load_config, resolved_yaml
from accelsim.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

MACHINE = """\
name: small
array: {rows: 8, cols: 8}
accumulator: {psums: 256}
buffers:
  ifmap: {kib: 4}
  weight: {kib: 4}
  parameter: {kib: 1}
  residual: {kib: 4}
  ofmap: {kib: 4}
dram:
  bytes_per_cycle: 12.8
  read_latency_cycles: 3
bn: {lanes: 8}
residual_add: {lanes: 8}
pooling: {lanes: 8}
activation: {lanes: 8}
"""
RUN = "run: {workload: net.yaml}\n"


def indented(text: str) -> str:
    return re.sub("^", "  ", text, flags=re.MULTILINE).rstrip(" ")


INLINE = f"machine:\n{indented(MACHINE)}{RUN}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ``configs/`` (a machine, a network), and the working directory beside it."""
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "net.yaml").touch()
    (tmp_path / "configs" / "machine.yaml").write_text(MACHINE)
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    return tmp_path


def config_file(folder: Path, text: str) -> Path:
    path = folder / "configs" / "config.yaml"
    path.write_text(text)
    return path


def refusal(path: Path | str, *overrides: str) -> str:
    with pytest.raises(InputError) as caught:
        load_config(path, overrides)
    return str(caught.value)


def assert_loads_or_explains(path: Path, *overrides: str) -> None:
    try:
        load_config(path, overrides)
    except InputError as error:
        message = error.message
    else:
        message = "loaded"
    assert message


# --- machines --------------------------------------------------------------------------------------------


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


# --- errors name the file that is wrong ------------------------------------------------------------------


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


def test_bases_do_not_chain(folder: Path) -> None:
    base = folder / "configs" / "machine.yaml"
    base.write_text(MACHINE + "base: other.yaml\n")
    path = config_file(folder, "machine: machine.yaml\n" + RUN)
    assert refusal(path).startswith(f"{base}:17: base: the base of a machine cannot have a base of its own")


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


# --- --set -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [INLINE, "machine: machine.yaml\n" + RUN], ids=["inline", "base"])
def test_single_keys_can_be_set(folder: Path, text: str) -> None:
    path = config_file(folder, text)
    overrides = [
        "machine.array.rows=64",
        "run.batch = 4",
        "run.variants=[fused]",
        "machine.dram.bytes_per_cycle=64/5",
    ]
    loaded = load_config(path, overrides)
    assert loaded.machine.array.rows == 64
    assert loaded.machine.array.cols == 8
    assert loaded.machine.dram.bytes_per_cycle == Fraction(64, 5)
    assert loaded.run.batch == 4
    assert loaded.run.variants == ["fused"]


def test_later_overrides_win(folder: Path) -> None:
    path = config_file(folder, INLINE)
    assert load_config(path, ["run.batch=2", "run.batch=3"]).run.batch == 3


def test_a_tiling_is_set_by_layer_name_and_field(folder: Path) -> None:
    path = config_file(folder, INLINE)
    overrides = ["run.tiling.layer2.0.conv1.out_height=7", "run.tiling.layer2.0.conv1.reuse=ifmap"]
    overrides += ["run.tiling.layer2.0.conv2={out_width: 3}", "run.tiling.conv1.images=2"]
    tiling = load_config(path, overrides).run.tiling
    assert list(tiling) == ["layer2.0.conv1", "layer2.0.conv2", "conv1"]
    assert (tiling["layer2.0.conv1"].out_height, tiling["layer2.0.conv1"].reuse) == (7, "ifmap")
    assert tiling["layer2.0.conv2"].out_width == 3
    assert tiling["conv1"].images == 2


def test_paths_that_are_set_are_relative_to_the_working_directory(folder: Path) -> None:
    (folder / "cwd" / "other.yaml").write_text(MACHINE.replace("small", "other"))
    (folder / "cwd" / "net2.yaml").touch()
    path = config_file(folder, INLINE)
    loaded = load_config(path, ["machine=other.yaml", "run.workload=net2.yaml", "machine.array.cols=2"])
    assert (loaded.machine.name, loaded.machine.array.cols) == ("other", 2)
    assert loaded.workload_path == (folder / "cwd" / "net2.yaml").resolve()


@pytest.mark.parametrize("text", [INLINE, "machine: machine.yaml\n" + RUN], ids=["inline", "base"])
@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("machine.array.rows", "--set: 'machine.array.rows' must have the form KEY=VALUE"),
        ("=3", "--set: '=3' has an empty key"),
        ("machine..rows=3", "--set: 'machine..rows=3' has an empty key"),
        ("run.tiling.=3", "--set: 'run.tiling.=3' has an empty key"),
        ("machine.array.rows=0", "--set machine.array.rows: must be at least 1, not 0"),
        ("machine.array={rows: 0, cols: 1}", "--set machine.array.rows: must be at least 1, not 0"),
        ("machine.array=7", "--set machine.array: must be a mapping of keys to values, not 7"),
        ("machine.dram={bytes_per_cycle: 0}", "--set machine.dram.bytes_per_cycle: must be between 1/1024"),
        ("machine.array.rwos=3", "--set machine.array.rwos: unknown key 'rwos'; did you mean 'rows'?"),
        ("machine.arry.rows=3", "--set machine.arry: unknown key 'arry'; did you mean 'array'?"),
        ("machine.array.rows.deep=3", "--set machine.array.rows: must be a whole number, not a mapping"),
        ("rnu.batch=3", "--set rnu: unknown key 'rnu'; did you mean 'run'?"),
        ("run.batch=", "--set run.batch: must be a whole number, not an empty value"),
        ("run.batch=!!int 3", "--set run.batch: tags such as"),
        ("run.batch=[1", "--set run.batch: is not valid YAML"),
        ("run.batch=\udcff", "--set run.batch: the character U+DCFF is not allowed"),
        ("run.tiling.conv1=5", "--set run.tiling.conv1: must be a mapping of keys to values, not 5"),
        ("run.tiling.a.b.heigth=5", "--set run.tiling.a.b.heigth: unknown key 'heigth'"),
        ("run.workload=none.yaml", "--set run.workload: none.yaml: no such file"),
        ("machine=none.yaml", "--set machine.base: none.yaml: no such file"),
        ("machine.array.ifmap_streaming=rester", "--set machine.array.ifmap_streaming: must be one of"),
    ],
)
def test_a_bad_override_is_blamed_on_the_command_line(
    folder: Path, text: str, override: str, message: str
) -> None:
    assert refusal(config_file(folder, text), override).startswith(message)


def test_an_error_in_the_file_is_not_blamed_on_the_command_line(folder: Path) -> None:
    path = config_file(folder, INLINE.replace("cols: 8", "cols: 0"))
    assert refusal(path, "machine.array.rows=3").startswith(f"{path}:3: machine.array.cols")


def test_an_absurdly_long_key_is_refused(folder: Path) -> None:
    path = config_file(folder, INLINE)
    assert "has a key of more than 50 parts" in refusal(path, ".".join("a" * 60_000) + "=1")
    assert "unknown key 'a'" in refusal(path, ".".join("a" * 50) + "=1")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.text(),
        st.tuples(
            st.sampled_from(["machine", "machine.array", "run.tiling.a", "run", "machine.base"]), st.text()
        ).map("=".join),
        st.tuples(st.text(alphabet="ab.=machine"), st.text(alphabet="{}[]:,1a ")).map("=".join),
    )
)
def test_no_override_gives_anything_but_an_input_error(folder: Path, override: str) -> None:
    assert_loads_or_explains(config_file(folder, INLINE), override)


FRAGMENTS = [
    "base: ",
    "machine",
    "run",
    "0",
    "-1",
    "1e9",
    "null",
    "[",
    "]",
    "{",
    "}",
    ": ",
    ", ",
    "\n",
    "  ",
    "&a ",
    "*a ",
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_change_to_a_file_gives_anything_but_an_input_error(folder: Path, data: st.DataObject) -> None:
    text = INLINE
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 6)))
        text = text[:start] + data.draw(st.sampled_from(FRAGMENTS)) + text[end:]
    assert_loads_or_explains(config_file(folder, text))


# --- the configuration written out -----------------------------------------------------------------------


def reloaded(folder: Path, config: Config) -> Config:
    path = folder / "configs" / "again.yaml"
    path.write_text(resolved_yaml(config))
    return load_config(path).config


def test_the_resolved_configuration_gives_the_same_configuration(folder: Path) -> None:
    overrides = [
        "run.tiling.layer2.0.conv1.out_height=7",
        "machine.clock_mhz=1e-5",
        "machine.bn.intermediate_bits=9",
    ]
    config = load_config(config_file(folder, INLINE), overrides).config
    assert reloaded(folder, config) == config
    assert resolved_yaml(config) == resolved_yaml(reloaded(folder, config))


def test_the_resolved_configuration_is_complete_and_readable(folder: Path) -> None:
    text = resolved_yaml(load_config(config_file(folder, INLINE), ["run.output=here"]).config)
    assert text.startswith(
        "machine:\n  name: small\n  clock_mhz: 500.0\n  array:\n    rows: 8\n    cols: 8\n"
    )
    assert "    bytes_per_cycle: 64/5\n" in text
    assert "    burst_bytes: 256\n" in text
    assert text.endswith(
        "run:\n  workload: net.yaml\n  batch: 1\n  variants:\n  - fused\n  - unfused\n  tiling: {}\n"
    )
    assert "output" not in text
    assert "null" not in text


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(
        st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t .:#-'\"19e"), max_size=40
    )
)
def test_any_text_survives_being_written_and_read(folder: Path, name: str) -> None:
    config = load_config(config_file(folder, INLINE)).config
    data: dict[str, Any] = config.model_dump()
    data["machine"]["name"] = name
    data["run"]["tiling"] = {name or "x": {"images": 1}}
    config = Config.model_validate(data)
    assert reloaded(folder, config) == config


@pytest.mark.parametrize(
    "name", ["1", ".5e3", "0o17", "true", "null", "on", "1:30", "2001-01-01", "<<", "=", "~", ""]
)
def test_text_that_looks_like_something_else_stays_text(folder: Path, name: str) -> None:
    config = load_config(config_file(folder, INLINE), [f"machine.name='{name}'"]).config
    assert config.machine.name == name
    assert reloaded(folder, config) == config


# --- the schema ------------------------------------------------------------------------------------------


def test_the_schema_describes_every_way_to_write_a_machine() -> None:
    schema = config_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["machine", "run"]
    whole, path, overriding = schema["properties"]["machine"]["anyOf"]
    assert path == {"type": "string"}
    assert "array" in schema["$defs"][whole["$ref"].removeprefix("#/$defs/")]["required"]
    variant = schema["$defs"][overriding["$ref"].removeprefix("#/$defs/")]
    assert variant["required"] == ["base"]
    assert "base" in variant["properties"]
    assert "required" not in schema["$defs"]["OverridingArrayConfig"]


def test_every_reference_of_the_schema_leads_somewhere() -> None:
    schema = config_schema()
    references = set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(schema)))
    assert references == set(schema["$defs"])
