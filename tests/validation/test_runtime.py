from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from accelsim.errors import InputError
from accelsim.validation import runtime
from accelsim.validation.runtime import run_model
from tests.validation.models import PATH, parsed

CONV_BN = """g (float[1, 2, 2, 2] x) => (float[1, 1, 2, 2] y) {
    c = Conv(x, w)
    b = BatchNormalization<epsilon = 0.0>(c, scale, shift, mean, variance)
    y = Relu(b)
}"""
PARAMETERS: dict[str, Any] = {
    "w": [[[[2.0]], [[-1.0]]]],
    "scale": [3.0],
    "shift": [5.0],
    "mean": [4.0],
    "variance": [4.0],
}
X = np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2)


def conv_bn() -> onnx.ModelProto:
    return parsed(CONV_BN, **PARAMETERS)


def test_outputs_come_by_name() -> None:
    results = run_model(conv_bn(), {"x": X}, PATH)
    # 2·x0 - x1 is -4, -3, -2 and -1; less 4, times 3/2, plus 5 that is -7, -5.5, -4 and -2.5.
    assert {name: array.tolist() for name, array in results.items()} == {"y": [[[[0.0, 0.0], [0.0, 0.0]]]]}


def test_tensors_inside_come_with_them_if_they_are_asked_for() -> None:
    results = run_model(conv_bn(), {"x": X}, PATH, ["b", "y", "c", "b"])
    assert list(results) == ["y", "b", "c"]
    assert results["c"].ravel().tolist() == [-4.0, -3.0, -2.0, -1.0]
    assert results["b"].ravel().tolist() == [-7.0, -5.5, -4.0, -2.5]


def test_the_model_is_left_as_it_is() -> None:
    model = conv_bn()
    run_model(model, {"x": X}, PATH, ["b"])
    assert model == conv_bn()


def test_nothing_is_optimised_or_done_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    session = onnxruntime.InferenceSession

    def watched(model: bytes, options: Any, providers: list[str]) -> Any:
        seen.append((options, providers))
        return session(model, options, providers=providers)

    monkeypatch.setattr(onnxruntime, "InferenceSession", watched)
    run_model(conv_bn(), {"x": X}, PATH)
    ((options, providers),) = seen
    assert options.graph_optimization_level == onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    assert options.execution_mode == onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert providers == ["CPUExecutionProvider"]


def test_a_model_too_large_for_one_message_goes_through_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    expected = run_model(conv_bn(), {"x": X}, PATH, ["b"])
    monkeypatch.setattr(runtime, "MAX_SERIALISED_BYTES", 0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    saved: list[list[str]] = []
    save = onnx.save_model

    def watched(model: onnx.ModelProto, file: Path, **options: Any) -> None:
        save(model, file, **options)
        saved.append(sorted(path.name for path in file.parent.iterdir()))

    monkeypatch.setattr(onnx, "save_model", watched)
    model = conv_bn()
    results = run_model(model, {"x": X}, PATH, ["b"])
    assert saved == [["model.onnx", "weights"]]
    assert results["b"].tolist() == expected["b"].tolist()
    assert model == conv_bn()
    assert list(tmp_path.iterdir()) == []


def unknown_operator() -> onnx.ModelProto:
    return parsed("g (float[1, 2, 2, 2] x) => (float[1, 2, 2, 2] y) { y = Squabble(x) }")


def unknown_domain() -> onnx.ModelProto:
    model = unknown_operator()
    model.graph.node[0].domain = "elsewhere"
    model.opset_import.append(onnx.OperatorSetIdProto(domain="elsewhere", version=1))
    return model


def opset_of_the_future() -> onnx.ModelProto:
    return parsed("g (float[1, 2, 2, 2] x) => (float[1, 2, 2, 2] y) { y = Relu(x) }", opset=999)


def weights_that_do_not_fit() -> onnx.ModelProto:
    return parsed(CONV_BN, **PARAMETERS | {"w": np.ones((1, 3, 1, 1))})


def another_input() -> onnx.ModelProto:
    return parsed("g (float[1] z) => (float[1] y) { y = Relu(z) }")


@pytest.mark.parametrize(
    "model", [unknown_operator, unknown_domain, opset_of_the_future, weights_that_do_not_fit, another_input]
)
def test_what_onnxruntime_refuses_is_the_files_fault(model: Callable[[], onnx.ModelProto]) -> None:
    with pytest.raises(InputError, match=r"^net.onnx: onnxruntime cannot execute it: \w\w") as caught:
        run_model(model(), {"x": X}, PATH)
    assert "\n" not in str(caught.value)
    assert "ONNXRuntimeError" not in str(caught.value)
    assert "onnxruntime_src" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_an_output_that_is_no_tensor_of_numbers_cannot_be_compared() -> None:
    model = parsed("g (float[1, 2, 2, 2] x) => (seq(float[1, 2, 2, 2]) y) { y = SequenceConstruct(x) }")
    with pytest.raises(InputError, match=r"net.onnx: its output 'y' holds no numbers that could be compared"):
        run_model(model, {"x": X}, PATH)


def test_without_onnxruntime_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accelsim.optional.find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"needs onnxruntime: pip install 'accelsim\[onnx\]'"):
        run_model(conv_bn(), {"x": X}, PATH)
