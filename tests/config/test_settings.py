"""Values set on the command line, over those of the files."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelsim.config import load_config
from tests.config.files import INLINE, MACHINE, RUN, assert_loads_or_explains, config_file, refusal


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
def test_a_bad_override_is_blamed_on_the_command_line(folder: Path, text: str, override: str, message: str) -> None:
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
        st.tuples(st.sampled_from(["machine", "machine.array", "run.tiling.a", "run", "machine.base"]), st.text()).map(
            "=".join
        ),
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
