"""``accelsim fuse``: the file it writes, what it says, and that it leaves nothing behind where it fails."""

from __future__ import annotations

from pathlib import Path

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
