"""``accelsim fuse``: the file it writes, what it says, and that it leaves nothing behind where it fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from accelsim.cli import main
from tests.validation.models import parsed

GRAPH = """g (float[N, 2, 4, 4] x) => (float[N, 3, 4, 4] y) {
    c = Conv(x, w)
    b = BatchNormalization(c, scale, shift, mean, variance)
    r = Relu(b)
    y = BatchNormalization(r, scale, shift, mean, variance)
}"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a model."""
    ones = np.ones(3, np.float32)
    model = parsed(GRAPH, w=np.ones((3, 2, 1, 1), np.float32), scale=2 * ones, shift=ones, mean=ones, variance=ones)
    onnx.save(model, tmp_path / "model.onnx")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_model_that_is_left(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuse", "model.onnx", "-o", "sub/fused.onnx"]) == 0
    fused = onnx.load(folder / "sub" / "fused.onnx")
    assert [node.op_type for node in fused.graph.node] == ["Conv", "Relu", "BatchNormalization"]
    lines = capsys.readouterr().out.splitlines()
    assert lines[-4:-2] == [
        "1 of 2 BatchNorms folded into the layer before them",
        "  not folded: y: no convolution before it, but activation 'r'",
    ]
    assert lines[-2].startswith("4 operators before, 3 now")
    assert lines[-1] == "fused model: sub/fused.onnx"


@pytest.mark.usefixtures("folder")
def test_where_nothing_is_folded_it_says_so_and_writes_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    onnx.save(parsed("g (float[1, 2] x) => (float[1, 2] y) { y = Relu(x) }"), "relu.onnx")
    assert main(["fuse", "relu.onnx", "-o", "fused.onnx"]) == 0
    assert onnx.load("fused.onnx").graph.node == onnx.load("relu.onnx").graph.node
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "no BatchNorm to fold"
    assert lines[1].startswith("1 operators before, 1 now")
    assert lines[2:] == ["nothing was folded; written all the same: fused.onnx"]


def test_a_file_is_replaced_only_by_force(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "model.onnx").read_bytes()
    assert main(["fuse", "model.onnx", "-o", "model.onnx"]) == 2
    assert "--force" in capsys.readouterr().err
    assert (folder / "model.onnx").read_bytes() == before
    assert main(["fuse", "model.onnx", "-o", "model.onnx", "--force"]) == 0
    assert len(onnx.load(folder / "model.onnx").graph.node) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "no operators"), (b"layers: []\n", "not an ONNX model"), (None, "not the whole of one")],
    ids=["empty", "text", "truncated"],
)
def test_a_bad_file_is_named_and_nothing_is_left_behind(
    folder: Path, content: bytes | None, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (folder / "model.onnx").read_bytes()
    (folder / "bad.onnx").write_bytes(whole[: len(whole) // 2] if content is None else content)
    assert main(["fuse", "bad.onnx", "-o", "fused.onnx"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: bad.onnx: ")
    assert message in error
    assert sorted(path.name for path in folder.iterdir()) == ["bad.onnx", "model.onnx"]


def test_a_missing_file_is_named_with_its_neighbour(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuse", "modle.onnx", "-o", "fused.onnx"]) == 2
    assert capsys.readouterr().err == "error: modle.onnx: no such file; did you mean 'model.onnx'?\n"
    assert [path.name for path in folder.iterdir()] == ["model.onnx"]


@pytest.mark.usefixtures("folder")
def test_another_suffix_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["fuse", "model.onnx", "-o", "fused.yaml"])
    assert caught.value.code == 2
    assert "'fused.yaml' does not end in .onnx" in capsys.readouterr().err


def pruned_model(gammas: list[float]) -> onnx.ModelProto:
    """Two convolutions, the first with a BatchNorm of these γ."""
    parameters: dict[str, Any] = {
        "scale": gammas,
        "shift": [-1.0, 0.5, 2.0, 1.0],
        "mean": [1.0] * 4,
        "variance": [4.0] * 4,
    }
    body = """g (float[N, 2, 4, 4] x) => (float[N, 3, 2, 2] y) {
        c = Conv(x, w)
        b = BatchNormalization(c, scale, shift, mean, variance)
        r = Relu(b)
        y = Conv(r, v)
    }"""
    generator = np.random.default_rng(1)
    weights: dict[str, Any] = {"w": generator.normal(size=(4, 2, 1, 1)), "v": generator.normal(size=(3, 4, 3, 3))}
    return parsed(body, **weights, **parameters)


def test_channels_are_pruned_before_folding(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    onnx.save(pruned_model([1.0, 0.01, -0.02, 1.0]), "wide.onnx")
    assert main(["fuse", "wide.onnx", "-o", "narrow.onnx", "--prune-gamma", "0.05"]) == 0
    narrow = onnx.load(folder / "narrow.onnx")
    assert [node.op_type for node in narrow.graph.node] == ["Conv", "Relu", "Conv"]
    assert {tensor.name: list(tensor.dims) for tensor in narrow.graph.initializer} == {
        "w": [2, 2, 1, 1],
        "v": [3, 2, 3, 3],
        "y.bias": [3],
        "c.bias": [2],
    }
    lines = capsys.readouterr().out.splitlines()
    assert lines[:9] == [
        "",
        "         channels   |γ| below   channels",
        " layer     before        0.05        now",
        " ───────────────────────────────────────",
        " c              4           2          2",
        "",
        "2 of 7 channels removed",
        # 8 weights and 4 pairs of γ and β, and 108 weights; half of all that, and a bias of 3.
        "parameters: 124 before, 65 now (47.58 % fewer)",
        # 16 pixels of 8 weights and 4 pixels of 108.
        "MACs of an image of 2x4x4: 560 before, 280 now (50.00 % fewer)",
    ]
    assert lines[-3] == "1 of 1 BatchNorms folded into the layer before them"
    assert lines[-2].startswith("4 operators before, 3 now")


PRUNE = ["fuse", "wide.onnx", "-o", "pruned.onnx", "--prune-gamma", "0.05", "--no-fold"]


@pytest.fixture
def only_pruned(folder: Path) -> Path:
    """A pruned model with its BatchNorm, ``pruned.onnx``, beside what it was, ``wide.onnx``."""
    onnx.save(pruned_model([1.0, 0.01, -0.02, 1.0]), "wide.onnx")
    assert main(PRUNE) == 0
    return folder / "pruned.onnx"


def test_without_folding_the_pruned_model_keeps_its_batchnorms(
    only_pruned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*PRUNE, "--force"]) == 0
    pruned = onnx.load(only_pruned)
    assert [node.op_type for node in pruned.graph.node] == ["Conv", "BatchNormalization", "Relu", "Conv"]
    shapes = {tensor.name: list(tensor.dims) for tensor in pruned.graph.initializer}
    assert shapes["w"] == [2, 2, 1, 1]
    assert shapes["scale"] == shapes["variance"] == [2]
    lines = capsys.readouterr().out.splitlines()
    assert lines[6] == "2 of 7 channels removed"
    assert lines[-2].startswith("4 operators before, 4 now; ")
    assert lines[-1] == "pruned model: pruned.onnx"
    assert "folded" not in "".join(lines)


@pytest.mark.usefixtures("only_pruned")
def test_pruning_and_then_folding_is_both_at_once() -> None:
    assert main(["fuse", "pruned.onnx", "-o", "twice.onnx"]) == 0
    assert main(["fuse", "wide.onnx", "-o", "once.onnx", "--prune-gamma", "0.05"]) == 0
    twice, once = (onnx.load(name).graph for name in ("twice.onnx", "once.onnx"))
    assert twice.node == once.node
    assert twice.initializer == once.initializer


@pytest.mark.usefixtures("only_pruned")
def test_what_is_pruned_and_not_folded_can_be_simulated_both_ways(repository: Path) -> None:
    config = str(repository / "configs" / "resnet18.yaml")
    assert main(["run", config, "--set", "run.workload=pruned.onnx", "-o", "out", "--quiet"]) == 0
    summary = json.loads(Path("out", "summary.json").read_text())
    assert summary["batchnorms"] == [{"batchnorm": "b", "folded_into": "c", "ahead": False, "reason": None}]
    # 16 pixels of 2 channels, 4 operations each
    assert {name: of["operations"]["batchnorm"] for name, of in summary["variants"].items()} == {
        "fused": 0,
        "unfused": 128,
    }
    assert {of["macs"] for of in summary["variants"].values()} == {280}


@pytest.mark.usefixtures("folder")
def test_where_nothing_is_pruned_and_nothing_folded_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuse", "model.onnx", "-o", "same.onnx", "--prune-gamma", "0.05", "--no-fold"]) == 0
    assert onnx.load("same.onnx").graph.node == onnx.load("model.onnx").graph.node
    assert capsys.readouterr().out.splitlines()[-1] == "nothing was pruned; written all the same: same.onnx"


def test_neither_to_prune_nor_to_fold_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuse", "model.onnx", "-o", "same.onnx", "--no-fold"]) == 2
    assert capsys.readouterr() == ("", "error: --no-fold: nothing is left to do; give --prune-gamma, too\n")
    assert [path.name for path in folder.iterdir()] == ["model.onnx"]


@pytest.mark.usefixtures("folder")
def test_what_cannot_be_pruned_is_named_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuse", "model.onnx", "-o", "fused.onnx", "--prune-gamma", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[6:8] == [
        "  'c': 3 of 3 channels stay, as they are an output of the network",
        "0 of 3 channels removed",
    ]


@pytest.mark.usefixtures("folder")
def test_where_no_gamma_is_small_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    onnx.save(pruned_model([1.0, 0.25, -0.5, 1.0]), "wide.onnx")
    assert main(["fuse", "wide.onnx", "-o", "fused.onnx", "--prune-gamma", "0.05"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "no |γ| is below 0.05, so no channel is removed; the smallest is 0.25, of 'b'"


@pytest.mark.parametrize(
    ("gammas", "message"),
    [
        (
            [0.01, 0.02, -0.03, 0.01],
            "error: wide.onnx: 'c' would lose all its 4 channels: the largest |γ| that decides on them is 0.03, "
            "and the threshold is 0.05; at 0.02999 every layer keeps one\n",
        ),
        (None, "error: wide.onnx: it has no BatchNormalization with a γ that says which channels to prune\n"),
    ],
)
def test_a_layer_without_channels_is_refused_and_nothing_is_left_behind(
    folder: Path, gammas: list[float] | None, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    relu = parsed("g (float[1, 2] x) => (float[1, 2] y) { y = Relu(x) }")
    onnx.save(pruned_model(gammas) if gammas else relu, "wide.onnx")
    assert main(["fuse", "wide.onnx", "-o", "narrow.onnx", "--prune-gamma", "0.05"]) == 2
    assert capsys.readouterr().err == message
    assert not (folder / "narrow.onnx").exists()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("size", ["-0.1", "nan", "inf", "small"])
def test_a_gamma_is_a_size(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["fuse", "model.onnx", "-o", "fused.onnx", f"--prune-gamma={size}"])
    assert caught.value.code == 2
    assert f"'{size}' is no size of γ: a number of 0 or more, such as 0.05" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_what_is_left_can_be_simulated(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    onnx.save(pruned_model([1.0, 0.01, -0.02, 1.0]), "wide.onnx")
    assert main(["fuse", "wide.onnx", "-o", "narrow.onnx", "--prune-gamma", "0.05"]) == 0
    config = str(repository / "configs" / "resnet18.yaml")
    for name in ("wide", "narrow"):
        assert main(["run", config, "--set", f"run.workload={name}.onnx", "-o", name]) == 0
    assert "no BatchNorm to fold" in capsys.readouterr().out
    macs = [
        json.loads(Path(name, "summary.json").read_text())["variants"]["fused"]["macs"] for name in ("wide", "narrow")
    ]
    assert macs == [560, 280]
