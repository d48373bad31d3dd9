"""The command line: what it prints and writes, and what it says to input that is at fault."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import accelsim
from accelsim.cli import main
from accelsim.simulation import DeadlockError, LayerRecord
from accelsim.timing.array import ArrayTotals
from tests.cli.tiny import CONFIG, LRN, NETWORK, WARNING, names


def run_fresh(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own."""
    environment = os.environ | variables
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment, check=False)  # noqa: S603


@pytest.mark.usefixtures("folder")
def test_run_prints_tables_and_writes_results(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "config.yaml"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    for words in ("conv", "cycles", "DRAM read", "utilisation", "1 of 1 BatchNorms folded", "results/config"):
        assert words in printed.out
    summary = json.loads(Path("results/config/summary.json").read_text())
    assert f"{summary['variants']['fused']['cycles']:,}" in printed.out
    assert f"{summary['variants']['unfused']['cycles']:,}" in printed.out


def test_results_go_where_they_are_asked_to(folder: Path) -> None:
    (folder / "config.yaml").write_text(CONFIG + "  output: from_config\n")
    assert main(["run", "config.yaml"]) == 0
    assert main(["run", "config.yaml", "-o", "deeper/from_option"]) == 0
    assert names(folder) == {"config.yaml", "net.yaml", "from_config", "deeper"}
    assert (folder / "deeper" / "from_option" / "summary.json").exists()


@pytest.mark.usefixtures("folder")
def test_force_replaces_results() -> None:
    assert main(["run", "config.yaml", "-o", "out"]) == 0
    assert main(["run", "config.yaml", "-o", "out", "--set", "machine.name=other"]) == 2
    assert json.loads(Path("out/summary.json").read_text())["machine"] == "small"
    assert main(["run", "config.yaml", "-o", "out", "--set", "machine.name=other", "--force"]) == 0
    assert json.loads(Path("out/summary.json").read_text())["machine"] == "other"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("asked", "variants"),
    [
        (["fused"], ["fused"]),
        (["unfused", "fused"], ["unfused", "fused"]),
        (["fused", "fused"], ["fused"]),
    ],
)
def test_variants_can_be_chosen(asked: list[str], variants: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "config.yaml", "-o", "out", "--variants", *asked]) == 0
    summary = json.loads(Path("out/summary.json").read_text())
    assert list(summary["variants"]) == variants
    printed = capsys.readouterr().out
    assert ("saved" in printed) == (len(variants) == 2)


@pytest.mark.usefixtures("folder")
def test_keys_can_be_set(capsys: pytest.CaptureFixture[str]) -> None:
    changes = ["--set", "machine.array.rows=16", "--set", "run.batch=3"]
    assert main(["run", "config.yaml", "-o", "out", *changes]) == 0
    assert "batch 3" in capsys.readouterr().out
    written = Path("out/config.yaml").read_text()
    assert "rows: 16" in written
    assert "batch: 3" in written


@pytest.mark.usefixtures("folder")
def test_the_configuration_of_a_result_gives_the_same_results() -> None:
    assert main(["run", "config.yaml", "-o", "first", "--set", "machine.dma.burst_bytes=32"]) == 0
    assert main(["run", "first/config.yaml", "-o", "second"]) == 0
    for name in names(Path("first")):
        assert (Path("first") / name).read_bytes() == (Path("second") / name).read_bytes(), name
    assert names(Path("first")) == names(Path("second"))


def test_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert set(schema["properties"]) == {"machine", "run"}
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"accelsim {accelsim.__version__}\n"


BROKEN_CONFIGS = {
    "unknown key": ("rows: 8", "rwos: 8", ":3: machine.array.rwos: unknown key 'rwos'; did you mean 'rows'?"),
    "wrong type": ("rows: 8", "rows: eight", ":3: machine.array.rows: "),
    "out of range": ("rows: 8", "rows: 0", ":3: machine.array.rows: "),
    "absurd size": ("rows: 8", "rows: 1000000000", ":3: machine.array.rows: "),
    "absurd number": ("bytes_per_cycle: 8", "bytes_per_cycle: 1e999999999", ":11: machine.dram.bytes_per_cycle: "),
    "missing key": ("  bn: {lanes: 8}\n", "", "machine.bn: "),
    "missing network": ("workload: net.yaml", "workload: nest.yaml", ":17: run.workload: nest.yaml: "),
    "duplicate key": ("name: small", "name: small\n  name: other", ":3: "),
    "alias bomb": (
        "name: small",
        "a: &a [1, 1, 1, 1, 1, 1, 1, 1]\n  b: &b [*a, *a, *a, *a, *a, *a, *a, *a]\n  c: &c [*b, *b, *b, *b, *b, *b, "
        "*b, *b]\n  d: &d [*c, *c, *c, *c, *c, *c, *c, *c]\n  e: &e [*d, *d, *d, *d, *d, *d, *d, *d]\n  f: [*e, *e, "
        "*e, *e, *e, *e, *e, *e]",
        "config.yaml",
    ),
    "tag": ("name: small", "name: !!python/object/apply:os.system [echo]", ":2: "),
    "no mapping": (CONFIG, "- one\n- two\n", "config.yaml"),
    "no YAML": (CONFIG, "machine: [", "config.yaml"),
    "empty": (CONFIG, "", "config.yaml"),
    "raster with os": (
        "cols: 8",
        "cols: 8, dataflow: os, ifmap_streaming: raster",
        ":3: machine.array.ifmap_streaming: 'raster' streams past stationary weights",
    ),
    "shadow registers with os": (
        "cols: 8",
        "cols: 8, dataflow: os, stationary_double_buffer: true",
        ":3: machine.array.stationary_double_buffer: ",
    ),
    "block diagonal with is": (
        "cols: 8",
        "cols: 8, dataflow: is, grouped: block_diagonal",
        ":3: machine.array.grouped: ",
    ),
    "flush longer than a fold leaves": (
        "bn: {lanes: 8}",
        "bn: {lanes: 8, placement: pass, flush_cycles: 23}",
        ":12: machine.bn.flush_cycles: 23 is more than the 22 cycles",
    ),
    "an unknown layer in a tiling": (
        "workload: net.yaml",
        "workload: net.yaml\n  tiling: {conf: {}}",
        ":18: run.tiling.conf: no layer has this name; did you mean 'conv'?",
    ),
    "a tiling larger than the layer": (
        "workload: net.yaml",
        "workload: net.yaml\n  tiling:\n    conv: {out_channels: 9}",
        ":19: run.tiling.conv: layer 'conv': out_channels is 9, but the layer has only 8",
    ),
    # 3 images of 8 channels of 16 pixels
    "a tiling that does not fit": (
        "workload: net.yaml",
        "workload: net.yaml\n  batch: 3\n  tiling: {conv: {images: 3}}",
        "needs 384 psums of the accumulator, one half of which holds 256",
    ),
    "no network format": ("workload: net.yaml", "workload: config.txt", "config.txt: "),
}

BROKEN_NETWORKS = {
    "shapes that do not chain": (
        "{name: conv, op: conv,",
        "{name: conv, op: conv, in_channels: 9,",
        ":4: layers[0]: layer 'conv': in_channels is 9, but 'input' delivers 8",
    ),
    "unknown operator": (
        "op: batchnorm",
        "op: bachnorm",
        ":5: layers[1].op: unknown operator 'bachnorm'; did you mean",
    ),
    "unknown input": (
        "op: relu",
        "op: relu, inputs: bnn",
        "reads 'bnn', which no earlier layer has; did you mean 'bn'?",
    ),
    "a window larger than its input": ("kernel: 3, padding: 1", "kernel: 5", "does not fit its padded input"),
    # 47 x 47 weights of one input and one output channel
    "a tile that cannot fit": (
        "kernel: 3, padding: 1",
        "kernel: 47, padding: 23",
        "needs 2209 bytes of the weight buffer, one half of which holds 2048",
    ),
    "an absurd network": ("channels: 8, height: 4", "channels: 16777216, height: 65536", "net.yaml:"),
    "a name used twice": ("name: relu", "name: bn", "this name is used twice"),
}


def assert_refused(folder: Path, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = names(folder)
    assert main(["run", "config.yaml", "-o", "out"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert words in printed.err
    assert "Traceback" not in printed.err
    assert names(folder) == before


@pytest.mark.parametrize("case", BROKEN_CONFIGS)
def test_a_broken_configuration_is_refused(case: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right, wrong, words = BROKEN_CONFIGS[case]
    assert CONFIG.count(right) == 1
    (folder / "config.yaml").write_text(CONFIG.replace(right, wrong))
    (folder / "config.txt").touch()
    assert_refused(folder, words, capsys)


@pytest.mark.parametrize("case", BROKEN_NETWORKS)
def test_a_broken_network_is_refused(case: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right, wrong, words = BROKEN_NETWORKS[case]
    assert NETWORK.count(right) == 1
    (folder / "net.yaml").write_text(NETWORK.replace(right, wrong))
    assert_refused(folder, words, capsys)


BAD_SETTINGS = {
    "no value": (["machine.array.rows"], "--set: 'machine.array.rows' must have the form KEY=VALUE"),
    "unknown key": (["machine.array.rowz=8"], "--set machine.array.rowz: unknown key 'rowz'; did you mean 'rows'?"),
    "wrong type": (["run.batch=many"], "--set run.batch: "),
    "out of range": (["run.batch=0"], "--set run.batch: "),
    "missing file": (["run.workload=nowhere.yaml"], "--set run.workload: nowhere.yaml: "),
    "no YAML": (["run.batch=[1"], "--set run.batch: "),
    "two variants of one kind": (["run.variants=[fused, fused]"], "run.variants: names a variant twice"),
    "flush with shadow registers": (
        ["machine.array.stationary_double_buffer=true", "machine.bn={lanes: 8, placement: pass, flush_cycles: 1}"],
        "bn.flush_cycles: must be 0 with array.stationary_double_buffer",
    ),
    "layer of a tiling": (["run.tiling.conv.out_channels=9"], "--set run.tiling.conv: layer 'conv': out_channels is 9"),
}


@pytest.mark.parametrize("case", BAD_SETTINGS)
def test_bad_settings_are_refused(case: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings, words = BAD_SETTINGS[case]
    options = [part for setting in settings for part in ("--set", setting)]
    assert main(["run", "config.yaml", "-o", "out", *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err
    assert names(folder) == {"config.yaml", "net.yaml"}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("net.yaml", "this is a file"),
        (".", "holds something else than results"),
        ("net.yaml/below", "cannot be written"),
        ("/dev/null/below", "cannot be written"),
    ],
)
@pytest.mark.parametrize("force", [[], ["--force"]])
def test_output_that_cannot_be_written_is_refused(
    target: str, words: str, force: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "config.yaml", "-o", target, *force]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err
    assert Path("net.yaml").read_text() == NETWORK


def test_a_missing_configuration_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "nowhere.yaml"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: nowhere.yaml: ")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["runn"],
        ["run"],
        ["run", "c.yaml", "--varants"],
        ["run", "c.yaml", "--variants", "both"],
        ["explain", "c.yaml"],
    ],
)
def test_a_wrong_command_line_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("usage: accelsim")


def test_interrupting_is_no_error_of_ours(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("accelsim.results.result.simulate", interrupted)
    assert main(["run", "config.yaml", "-o", "out"]) == 130
    assert names(folder) == {"config.yaml", "net.yaml"}


def test_a_deadlock_is_a_failure_and_no_bad_input(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def deadlocked(_: object) -> None:
        raise DeadlockError("nothing moves", LayerRecord(0, (), ArrayTotals()))

    monkeypatch.setattr("accelsim.results.result.simulate", deadlocked)
    assert main(["run", "config.yaml", "-o", "out"]) == 1
    assert capsys.readouterr().err == "error: nothing moves\n"
    assert names(folder) == {"config.yaml", "net.yaml"}


@pytest.mark.usefixtures("folder")
def test_what_is_printed_elsewhere_than_on_a_terminal_has_no_blanks_at_line_ends(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for command in (["explain", "config.yaml", "--layer", "conv"], ["run", "config.yaml", "-o", "out"]):
        assert main(command) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines == [line.rstrip() for line in lines]


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from accelsim.cli import main\n"
        "try:\n    main(['--help'])\n"
        "finally:\n"
        "    print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    finished = run_fresh("-c", program)
    assert finished.returncode == 0
    assert finished.stdout.startswith("usage: accelsim")
    imported = set(finished.stderr.translate(str.maketrans("", "", "[]',\n")).split())
    assert "accelsim" in imported
    assert not imported & {"numpy", "pandas", "pydantic", "simpy", "matplotlib", "ruamel", "rich"}


def test_the_module_is_the_command(folder: Path) -> None:
    finished = run_fresh("-m", "accelsim", "run", str(folder / "config.yaml"), "-o", str(folder / "out"))
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "results: " in finished.stdout
    refused = run_fresh("-m", "accelsim", "run", str(folder / "config.yaml"), "-o", str(folder / "out"))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "results are here already; give --force to replace them" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_a_reader_that_has_gone_gets_no_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "accelsim", "schema"]
    finished = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
    os.close(writer)
    assert (finished.returncode, finished.stderr) == (1, "")


def test_run_warns_of_what_is_not_modelled(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "net.yaml").write_text(NETWORK + LRN)
    assert main(["run", "config.yaml", "-o", "out"]) == 0
    printed = capsys.readouterr()
    assert " ".join(printed.out.split()).endswith(WARNING)
    assert printed.err == ""


@pytest.mark.parametrize(
    "command",
    [
        ["run", "config.yaml", "-o", "out"],
        ["explain", "config.yaml", "--layer", "conv"],
        ["import", "net.yaml", "-o", "out.yaml"],
    ],
)
def test_strict_refuses_what_is_not_modelled(
    command: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "net.yaml").write_text(NETWORK + LRN)
    assert main([*command, "--strict"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.endswith("net.yaml: not modelled: 'norm1' (LRN) and 1 more; this is a strict run\n")
    assert names(folder) == {"config.yaml", "net.yaml"}
    (folder / "net.yaml").write_text(NETWORK)
    assert main([*command, "--strict"]) == 0
