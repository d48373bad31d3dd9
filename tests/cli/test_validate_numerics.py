"""``accelsim validate numerics``: what it prints, and its exit codes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from accelsim.cli import main
from accelsim.fusion.fold import Filters
from accelsim.workload.affine import Affine
from tests.validation.models import parsed

GRAPH = """g (float[N, 2, H, W] x) => (float[N, 3] y) {
    c = Conv(x, w, bias)
    b = BatchNormalization(c, scale, shift, mean, variance)
    p = GlobalAveragePool(b)
    f = Flatten(p)
    y = Softmax(f)
}"""
SHAPE = ["--input-shape", "2,4,4"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a model."""
    generator = np.random.default_rng(1)
    parameters: dict[str, Any] = {
        name: generator.uniform(1, 2, 3) for name in ("bias", "scale", "shift", "mean", "variance")
    }
    onnx.save_model(parsed(GRAPH, w=generator.normal(size=(3, 2, 1, 1)), **parameters), tmp_path / "net.onnx")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def validate(*options: str) -> int:
    return main(["validate", "numerics", "net.onnx", *options])


@pytest.mark.usefixtures("folder")
def test_a_model_that_stays_the_same_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert validate(*SHAPE) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert [line.split()[:2] for line in printed.out.splitlines()[4:6]] == [["f", "logit"], ["y", "probability"]]
    for words in (
        "1 of 1 BatchNorms folded",
        "onnxruntime: same; off by at most ",
        "(tolerance 1e-04)",
        "float64, layer by layer: same; off by at most ",
        "(tolerance 1e-12)",
        "inputs: random, seed 1",
    ):
        assert words in printed.out


@pytest.mark.usefixtures("folder")
def test_a_wrong_fold_is_a_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def short_form(filters: Filters, affine: Affine) -> Filters:
        scale = affine.scale[:, None, None]
        return filters._replace(weights=scale * filters.weights, bias=filters.bias + affine.shift)

    monkeypatch.setattr(Filters, "folded_behind", short_form)
    assert validate(*SHAPE) == 1
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "onnxruntime: DIFFERENT in 2 of 2 tensors; 'f' is off by " in printed.out
    assert "float64, layer by layer: DIFFERENT; 'c' is off by " in printed.out


@pytest.mark.usefixtures("folder")
def test_the_tolerance_decides(capsys: pytest.CaptureFixture[str]) -> None:
    assert validate(*SHAPE, "--tolerance", "1e-30", "--batch", "8") == 1
    assert "(tolerance 1e-30)" in capsys.readouterr().out


@pytest.mark.usefixtures("folder")
def test_layers_have_lines_if_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert validate(*SHAPE, "--layers") == 0
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()[4:5]] == [["b", "layer"]]


@pytest.mark.usefixtures("folder")
def test_the_seed_decides_what_is_fed_and_what_weights_are(capsys: pytest.CaptureFixture[str]) -> None:
    printed = []
    for options in ((), ("--seed", "2"), ("--random-weights",), ("--random-weights", "--seed", "2")):
        assert validate(*SHAPE, *options) == 0
        printed.append(capsys.readouterr().out)
    assert len(set(printed)) == 4
    assert "inputs: random, seed 2" in printed[3]
    assert validate(*SHAPE, "--random-weights", "--seed", "2") == 0
    assert capsys.readouterr().out == printed[3]


def test_inputs_may_be_given(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(folder / "in.npz", x=np.ones((2, 2, 3, 5), np.float32))
    assert validate("--inputs", "in.npz") == 0
    assert "inputs: in.npz; inputs of single layers: random, seed 1" in capsys.readouterr().out


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("options", "rows"),
    [
        (["--bits", "4"], [["4", "per-tensor"], ["4", "per-channel"]]),
        (["--bits", "8", "--bits", "4", "--granularity", "per-channel"], [["8", "per-channel"], ["4", "per-channel"]]),
        (["--granularity", "per-channel"], []),
    ],
)
def test_quantisation_is_compared_if_bits_are_given(
    options: list[str], rows: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert validate(*SHAPE, *options) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if " bits " in line]
    assert [[words[0], words[2]] for words in lines if words[3] == "f"] == rows


def test_a_random_model_cannot_be_compared(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = onnx.load(folder / "net.onnx")
    model.graph.node[2].op_type = "RandomNormalLike"  # instead of the pooling
    onnx.save_model(model, folder / "net.onnx")
    assert validate(*SHAPE) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: net.onnx: two runs of the original differ: ")


def test_a_model_that_is_not_finite_itself_is_a_failure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = "g (float[1, 9] x) => (float[1, 9] y) { y = Log(x) }"
    onnx.save_model(parsed(log), folder / "net.onnx")
    assert validate() == 1
    assert "cannot be compared: 'y' holds NaN or infinity in the original already\n" in capsys.readouterr().out


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "error: net.onnx: its input 'x' of shape [N, 2, H, W] leaves sides open"),
        ([*SHAPE, "--batch", "0"], "error: net.onnx: a batch of 0 is empty"),
        (["--inputs", "in.npz"], "error: in.npz: cannot be read: No such file or directory"),
        (["--inputs", "in.npz", "--batch", "2"], "error: the arrays of --inputs have their shapes; leave out --batch"),
        (["--inputs", "in.npz", *SHAPE], "error: the arrays of --inputs have their shapes; leave out --batch"),
    ],
)
def test_input_at_fault(options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert validate(*options) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(message)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--bits", "1"], "argument --bits: invalid choice: 1"),
        (["--granularity", "per-row"], "argument --granularity: invalid choice: 'per-row'"),
        (["--seed", "-1"], "argument --seed: "),
        (["--seed", "x"], "argument --seed: 'x' is no whole number\n"),
        (["--seed", "1234567890"], "argument --seed: '1234567890' has more than 9 digits\n"),
        (["--seed", "1" * 21], f"argument --seed: '{'1' * 19}…' has more than 9 digits\n"),
        (["--tolerance", "nan"], "argument --tolerance: 'nan' is no tolerance, such as 1e-4"),
        (["--tolerance", "small"], "argument --tolerance: 'small' is no tolerance, such as 1e-4"),
    ],
)
def test_options_at_fault(options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        validate(*SHAPE, *options)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("accelsim.optional.find_spec", lambda _: None)
    assert validate(*SHAPE) == 2
    assert capsys.readouterr().err == "error: this needs onnx and onnxruntime: pip install 'accelsim[onnx]'\n"


def test_what_is_pruned_is_compared_with_gammas_of_zero(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = """g (float[N, 2, 4, 4] x) => (float[N, 2] y) {
        c = Conv(x, w)
        b = BatchNormalization(c, scale, shift, mean, variance)
        p = GlobalAveragePool(b)
        f = Flatten(p)
        y = Gemm(f, v)
    }"""
    generator = np.random.default_rng(1)
    parameters: dict[str, Any] = {name: generator.uniform(1, 2, 3) for name in ("shift", "mean", "variance")}
    weights: dict[str, Any] = {"w": generator.normal(size=(3, 2, 1, 1)), "v": generator.normal(size=(3, 2))}
    onnx.save_model(parsed(body, scale=[1.0, 0.125, 2.0], **weights, **parameters), folder / "net.onnx")
    assert validate("--prune-gamma", "0.25", "--layers") == 0
    printed = capsys.readouterr().out
    for words in ("1 of 5 channels removed", " b ", "onnxruntime: same; off by", "float64, layer by layer: same"):
        assert words in printed


@pytest.mark.usefixtures("folder")
def test_activations_are_quantised_too_if_their_bits_are_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert validate(*SHAPE, "--bits", "8", "--bits", "4", "--activation-bits", "6", "--granularity", "per-tensor") == 0
    printed = capsys.readouterr().out
    lines = [line.split() for line in printed.splitlines() if line.strip()[:1].isdigit() and " bits " in line]
    assert [line[:6] for line in lines] == [
        [weights, "bits", "6", "bits", "per-tensor", tensor] for weights in ("8", "4") for tensor in ("f", "y")
    ]
    assert all(line[-2:] == ["of", "16"] for line in lines)
    assert "steps of activations: the largest magnitude in random images, seed 2" in printed
    # 3 weights of 127 at most, activations of 32: 12,192 and the bias
    assert re.search(r"^psums: 1[3-6] bits hold them all, whatever is fed$", printed, re.MULTILINE)


@pytest.mark.usefixtures("folder")
def test_the_original_may_be_made_sparse_first(capsys: pytest.CaptureFixture[str]) -> None:
    printed = []
    for options in ([], ["--sparsity", "1:2"]):
        assert validate(*SHAPE, "--bits", "8", *options) == 0
        printed.append(capsys.readouterr().out)
    assert "sparsity 1:2: the original here has 1 of every 2 weights left" in printed[1]
    assert printed[0].splitlines()[4] != printed[1].splitlines()[4]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--activation-bits", "8"], "say to how many --bits"),
        (["--bits", "8", "--percentile", "99"], "give --activation-bits, too"),
        (["--sparsity", "2:4", "--prune-gamma", "0.1"], "prune first, with 'accelsim fuse'"),
    ],
)
def test_options_that_belong_together(options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert validate(*SHAPE, *options) == 2
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("--sparsity", "2", "must be 'dense' or 'N:M' with 1 <= N <= M <= 16, such as '2:4', not the text '2'"),
        ("--sparsity", "5:4", "not the text '5:4'"),
        ("--sparsity", "0:4", "not the text '0:4'"),
        ("--percentile", "0", "'0' is no percentile"),
        ("--percentile", "101", "'101' is no percentile"),
    ],
)
def test_what_is_no_sparsity_or_percentile_is_refused(
    option: str, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        validate(option, text)
    assert message in capsys.readouterr().err
