from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from accelsim.errors import InputError
from accelsim.workload.onnx_frontend.model import is_small, load_model, skeleton
from tests.workload.onnx_frontend.models import batchnorm, model, random, stored_outside

SIMPLE = "y = Conv(x, w)"


def simple() -> onnx.ModelProto:
    return model(SIMPLE, w=random(4, 4, 3, 3))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder" / "model.onnx"


def refused(file: Path, message: str, *, weights: bool = False) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load_model(file, weights=weights)
    assert caught.value.path == file


def saved(given: onnx.ModelProto, file: Path) -> Path:
    file.write_bytes(given.SerializeToString())
    return file


def test_a_model_is_read_as_it_is(file: Path) -> None:
    assert load_model(saved(simple(), file)) == simple()


@pytest.mark.parametrize(
    "content",
    [b"", b"a text\n" * 20, bytes(100), simple().SerializeToString()[:-1], simple().SerializeToString()[:100]],
    ids=["empty", "text", "zeros", "one byte short", "cut off"],
)
def test_a_file_that_is_no_model(content: bytes, file: Path) -> None:
    file.write_bytes(content)
    refused(file, "not an ONNX model")


def test_a_file_that_is_not_there(file: Path) -> None:
    refused(file, "no such file")
    refused(file.parent, "folder")


@pytest.mark.parametrize(
    ("opset", "message"),
    [
        (6, "its opset is 6; opsets 7 to"),
        (1000, "its opset is 1000; opsets 7 to"),
        (None, "none of ONNX's own operators"),
    ],
)
def test_an_opset_that_is_not_read(opset: int | None, message: str, file: Path) -> None:
    given = simple()
    if opset is None:
        given.opset_import[0].domain = "foo"
    else:
        given.opset_import[0].version = opset
    refused(saved(given, file), message)


def _cycle(given: onnx.ModelProto) -> None:
    given.graph.node[0].input[0] = "y"


def _unknown(given: onnx.ModelProto) -> None:
    given.graph.node[0].op_type = "Bar"


def _foreign(given: onnx.ModelProto) -> None:
    given.graph.node[0].domain = "foo"


def _missing(given: onnx.ModelProto) -> None:
    del given.graph.initializer[:]


def _twice(given: onnx.ModelProto) -> None:
    given.graph.node.append(given.graph.node[0])


def _nowhere(given: onnx.ModelProto) -> None:
    given.graph.output[0].name = "z"


def _without_input(given: onnx.ModelProto) -> None:
    given.graph.node[0].input[0] = ""


def _short(given: onnx.ModelProto) -> None:
    given.graph.initializer[0].raw_data = b"short"


def _newer(given: onnx.ModelProto) -> None:
    given.ir_version = 1000


def _shapeless(given: onnx.ModelProto) -> None:
    given.graph.input[0].type.tensor_type.ClearField("shape")


@pytest.mark.parametrize(
    "broken",
    [_cycle, _unknown, _foreign, _missing, _twice, _nowhere, _without_input, _short, _newer, _shapeless],
    ids=lambda function: function.__name__,
)
def test_a_model_that_does_not_hold_together(broken: Callable[[onnx.ModelProto], None], file: Path) -> None:
    given = simple()
    broken(given)
    refused(saved(given, file), "not a valid ONNX model: ")


@pytest.mark.parametrize(
    ("dims", "data_type", "message"),
    [
        ([2**40, 4, 3, 3], 1, "tensor 'w' has more than 4294967296 elements"),
        ([2**62, 2**62, 2**62], 1, "tensor 'w' has more than"),
        ([-4, 4, 3, 3], 1, "tensor 'w' has a side of -4"),
        ([4, 4, 3, 3], 77, "tensor 'w' has elements of the unknown type 77"),
    ],
)
def test_weights_that_cannot_be(dims: list[int], data_type: int, message: str, file: Path) -> None:
    given = simple()
    given.graph.initializer[0].dims[:] = dims
    given.graph.initializer[0].data_type = data_type
    refused(saved(given, file), message)


def test_functions_are_put_in_place(file: Path) -> None:
    given = model("y = loc.F(x)", domains=', "loc": 1')
    body = [onnx.helper.make_node("Sigmoid", ["a"], ["s"]), onnx.helper.make_node("Mul", ["a", "s"], ["b"])]
    given.functions.append(
        onnx.helper.make_function("loc", "F", ["a"], ["b"], body, [onnx.helper.make_opsetid("", 17)])
    )
    assert [node.op_type for node in load_model(saved(given, file)).graph.node] == ["Sigmoid", "Mul"]


def test_functions_that_call_themselves(file: Path) -> None:
    given = model("y = loc.F(x)", domains=', "loc": 1')
    body = [onnx.helper.make_node("F", ["a"], ["b"], domain="loc")]
    given.functions.append(
        onnx.helper.make_function("loc", "F", ["a"], ["b"], body, [onnx.helper.make_opsetid("loc", 1)])
    )
    refused(saved(given, file), "its functions cannot be put in place: Cycle")


def test_weights_in_another_file_are_read_where_they_are_wanted(file: Path) -> None:
    given = simple()
    (file.parent / "weights.bin").write_bytes(stored_outside(given, "w", "weights.bin"))
    assert load_model(saved(given, file)) == given
    loaded = load_model(file, weights=True).graph.initializer[0]
    assert np.array_equal(onnx.numpy_helper.to_array(loaded), random(4, 4, 3, 3))


@pytest.mark.parametrize(
    ("location", "keys", "message"),
    [
        ("nowhere.bin", {}, "tensor 'w' lies in 'nowhere.bin', which is not there"),
        ("", {}, "tensor 'w' lies in '', which is not there"),
        (".", {}, "which is not there"),
        ("../outside.bin", {}, r"tensor 'w' lies in '../outside.bin', outside the model's folder"),
        ("/etc/hostname", {}, "outside the model's folder"),
        ("link.bin", {}, "tensor 'w' lies in 'link.bin', outside the model's folder"),
        ("weights.bin", {"offset": "a"}, "tensor 'w' cannot be read from its file"),
        ("weights.bin", {"offset": "-4"}, "must be non-negative"),
        ("weights.bin", {"offset": str(2**40)}, "exceeds file size"),
        ("weights.bin", {"length": str(2**40)}, "exceeds available data"),
        ("weights.bin", {"length": "4"}, "too small for the declared shape"),
        ("weights\0.bin", {}, "cannot be read from its file"),
        ("a" * 5000, {}, "cannot be read from its file: File name too long"),
    ],
)
def test_weights_that_lie_where_they_cannot_be_read(
    location: str, keys: dict[str, str], message: str, file: Path
) -> None:
    given = simple()
    data = stored_outside(given, "w", location, **keys)
    (file.parent / "weights.bin").write_bytes(data)
    (file.parent.parent / "outside.bin").write_bytes(data)
    (file.parent / "link.bin").symlink_to(file.parent.parent / "outside.bin")
    load_model(saved(given, file))  # without weights, it is fine
    refused(file, message, weights=True)


def test_a_skeleton_has_the_shapes_of_all_weights_and_the_values_of_the_small_ones() -> None:
    given = model("c = Conv(x, w) y = BatchNormalization(c, g, b, m, v)", w=random(4, 4, 30, 30), **batchnorm(4))
    bare = skeleton(given)
    assert [value.name for value in bare.graph.input] == ["x", "w"]
    assert [tensor.name for tensor in bare.graph.initializer] == ["g", "b", "m", "v"]
    assert bare.graph.node == given.graph.node


def test_a_tensor_without_values_is_none_whose_values_are_at_hand() -> None:
    tensor = onnx.numpy_helper.from_array(random(4))
    assert is_small(tensor)
    tensor.ClearField("raw_data")
    assert not is_small(tensor)
    assert is_small(onnx.numpy_helper.from_array(np.zeros(0, np.float32)))  # nothing is all it has


def test_a_file_that_must_not_be_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(simple(), file)

    def denied(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", denied)
    refused(file, "(?i)permission")


def test_an_output_may_be_of_any_shape(file: Path) -> None:
    given = simple()
    for output in given.graph.output:
        output.type.tensor_type.ClearField("shape")
    assert len(load_model(saved(given, file)).graph.node) == len(given.graph.node)


def test_the_checkers_sentences_are_told_to_their_end(file: Path) -> None:
    given = simple()
    given.graph.node[0].input[0] = "nope"
    refused(saved(given, file), "input 'nope' of node: .*is not output of any previous nodes")
