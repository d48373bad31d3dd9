from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from accelsim.errors import InputError
from accelsim.validation.inputs import model_inputs, random_inputs, read_inputs
from tests.validation.models import PATH, parsed

FIXED = "g (float[2, 3, 4, 5] x) => (float[2, 3, 4, 5] y) { y = Relu(x) }"
OPEN = "g (float[N, 3, H, W] x) => (float[N, 3, H, W] y) { y = Relu(x) }"
SEVERAL = """g (float[N, 6] image, int64[N] index, double[2, 2] d, bool[N] flag) => (float[N, 6] y) {
    y = Relu(image)
    i = Relu(d)
    a = Identity(index)
    f = Not(flag)
}"""


def test_random_floats_are_standard_normal_numbers_of_the_seed() -> None:
    (x,) = random_inputs(parsed(FIXED), PATH, seed=3).values()
    assert x.dtype == np.float32
    assert x.tolist() == np.random.default_rng(3).standard_normal((2, 3, 4, 5)).astype(np.float32).tolist()


def test_the_seed_decides() -> None:
    first, again, other = (random_inputs(parsed(FIXED), PATH, seed)["x"].tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_every_input_has_its_own_type() -> None:
    inputs = random_inputs(parsed(SEVERAL), PATH, seed=1, batch=50)
    assert {name: (array.dtype.type, array.shape) for name, array in inputs.items()} == {
        "image": (np.float32, (50, 6)),
        "index": (np.int64, (50,)),
        "d": (np.float64, (2, 2)),
        "flag": (np.bool_, (50,)),
    }
    assert set(inputs["index"].tolist()) == {0, 1, 2, 3}
    assert set(inputs["flag"].tolist()) == {True, False}


def test_initializers_are_not_fed() -> None:
    model = parsed("g (float[1, 2] x, float[2] c) => (float[1, 2] y) { y = Add(x, c) }", ir_version=3, c=[1.0, 2.0])
    assert list(random_inputs(model, PATH, seed=1)) == ["x"]


@pytest.mark.parametrize(("batch", "images"), [(None, 1), (1, 1), (3, 3)])
def test_an_open_batch_is_one_or_what_is_asked_for(batch: int | None, images: int) -> None:
    inputs = random_inputs(parsed(OPEN), PATH, seed=1, batch=batch, input_shape=(3, 5, 6))
    assert inputs["x"].shape == (images, 3, 5, 6)


@pytest.mark.parametrize("batch", [None, 2])
def test_a_batch_that_the_file_gives_stays(batch: int | None) -> None:
    assert random_inputs(parsed(FIXED), PATH, seed=1, batch=batch)["x"].shape == (2, 3, 4, 5)


@pytest.mark.parametrize(
    ("graph", "options", "message"),
    [
        (FIXED, {"batch": 3}, "its input 'x' has no open batch, so that it cannot be 3"),
        (OPEN, {"batch": 0, "input_shape": (3, 4, 5)}, "a batch of 0 is empty"),
        (OPEN, {}, r"its input 'x' of shape \[N, 3, H, W\] leaves sides open"),
        (OPEN, {"input_shape": (4, 5, 6)}, r"its input 'x' has images of \[3, \?, \?\], so they cannot be \[4, 5, 6\]"),
        (OPEN, {"input_shape": (3, 2**14, 2**14)}, r"its input 'x' would have the absurd shape \[1, 3, 16384, 16384\]"),
        (OPEN, {"input_shape": (3, 4, 5), "batch": 10**9}, r"would have the absurd shape \[1000000000, 3, 4, 5\]"),
    ],
)
def test_shapes_that_cannot_be_are_refused(graph: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^net.onnx: .*{message}"):
        random_inputs(parsed(graph), PATH, seed=1, **options)


@pytest.mark.parametrize(("kind", "word"), [("string", "string"), ("bfloat16", "bfloat16"), ("complex64", "complex64")])
def test_elements_that_are_no_numbers_of_numpy_are_refused(kind: str, word: str) -> None:
    model = parsed(f"g ({kind}[2] x) => ({kind}[2] y) {{ y = Identity(x) }}")
    with pytest.raises(InputError, match=f"net.onnx: its input 'x' holds elements of type {word}; only numbers"):
        model_inputs(model, PATH)


def test_an_input_that_is_no_tensor_is_refused() -> None:
    model = parsed("g (seq(float[2]) x) => (seq(float[2]) y) { y = Identity(x) }")
    with pytest.raises(InputError, match=r"net.onnx: its input 'x' is no tensor"):
        model_inputs(model, PATH)


def test_a_file_of_arrays_is_read_in_the_order_of_the_model(tmp_path: Path) -> None:
    arrays = {
        "flag": np.array([True, False, True]),
        "d": np.eye(2),
        "index": np.array([1, 2, 3]),
        "image": np.ones((3, 6), np.float32),
    }
    np.savez(tmp_path / "in.npz", **arrays)  # type: ignore[arg-type]
    read = read_inputs(tmp_path / "in.npz", parsed(SEVERAL), PATH)
    assert list(read) == ["image", "index", "d", "flag"]
    assert {name: array.tolist() for name, array in read.items()} == {
        name: array.tolist() for name, array in arrays.items()
    }


def images(*shape: int, dtype: str = "float32") -> np.ndarray[Any, Any]:
    return np.ones(shape, dtype)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": images(2, 3, 4, 5)}, r"the model has no input 'X' \(its inputs: x\)"),
        ({"xx": images(2, 3, 4, 5)}, r"the model has no input 'xx'; did you mean 'x'\? \(its inputs: x\)"),
        ({"x": images(2, 3, 4, 5), "y": images(1)}, "the model has no input 'y'"),
        ({}, "has no array 'x', which is an input of the model"),
        ({"x": images(2, 3, 4, 5, dtype="float64")}, "'x' must be of type float32, not float64"),
        ({"x": images(2, 3, 4, 5, dtype=">f4")}, "'x' must be of type float32, not >f4"),
        ({"x": images(1, 3, 4, 5)}, r"'x' must be of shape \[2, 3, 4, 5\], not \[1, 3, 4, 5\]"),
        ({"x": images(2, 3, 4)}, r"'x' must be of shape \[2, 3, 4, 5\], not \[2, 3, 4\]"),
        ({"x": images(3, 4, 5)}, r"'x' must be of shape \[2, 3, 4, 5\], not \[3, 4, 5\]"),
        ({"x": images(2, 3, 4, 5) * np.nan}, "'x' holds NaN or infinity"),
        ({"x": images(2, 3, 4, 5) * np.inf}, "'x' holds NaN or infinity"),
        ({"x": np.array([{}])}, "cannot be read as arrays of numbers: Object arrays cannot be loaded"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays: dict[str, Any], message: str, tmp_path: Path) -> None:
    file = tmp_path / "in.npz"
    np.savez(file, **arrays)
    with pytest.raises(InputError, match=f"in.npz: {message}"):
        read_inputs(file, parsed(FIXED), PATH)


def test_an_open_side_takes_what_it_is_given_but_not_nothing(tmp_path: Path) -> None:
    file = tmp_path / "in.npz"
    np.savez(file, x=images(2, 3, 7, 9))
    assert read_inputs(file, parsed(OPEN), PATH)["x"].shape == (2, 3, 7, 9)
    np.savez(file, x=images(0, 3, 7, 9))
    with pytest.raises(InputError, match=r"'x' of shape \[0, 3, 7, 9\] is empty"):
        read_inputs(file, parsed(OPEN), PATH)
    np.savez(file, x=images(2, 4, 7, 9))
    with pytest.raises(InputError, match=r"'x' must be of shape \[\?, 3, \?, \?\], not \[2, 4, 7, 9\]"):
        read_inputs(file, parsed(OPEN), PATH)


def write_text(file: Path) -> None:
    file.write_text("x = 1")


def write_single_array(file: Path) -> None:
    with file.open("wb") as opened:
        np.save(opened, images(2, 3, 4, 5))


def write_archive_of_text(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x", "text")


def write_garbage_in_archive(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'shape': (10")


def make_folder(file: Path) -> None:
    file.mkdir()


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (write_text, r"is no \.npz file, as numpy\.savez writes them"),
        (write_single_array, r"is no \.npz file, as numpy\.savez writes them"),
        (write_archive_of_text, "'x' in it is no array"),
        (write_garbage_in_archive, "cannot be read as arrays of numbers: "),
        (make_folder, "cannot be read: Is a directory"),
        (lambda _: None, "cannot be read: No such file or directory"),
    ],
)
def test_files_that_hold_no_arrays_are_refused(write: Any, message: str, tmp_path: Path) -> None:
    file = tmp_path / "in.npz"
    write(file)
    with pytest.raises(InputError, match=f"in.npz: {message}"):
        read_inputs(file, parsed(FIXED), PATH)


def test_a_type_that_onnx_does_not_know_is_refused() -> None:
    model = parsed(FIXED)
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.UNDEFINED
    with pytest.raises(InputError, match="its input 'x' holds elements of type undefined"):
        model_inputs(model, PATH)
    model.graph.input[0].type.tensor_type.elem_type = 12345
    with pytest.raises(InputError, match="its input 'x' holds elements of type unknown"):
        model_inputs(model, PATH)


@pytest.mark.parametrize(
    ("place", "value", "reason"), [(6, 1, "is encrypted"), (8, 99, "compression method is not supported")]
)
def test_members_that_zipfile_cannot_open(tmp_path: Path, place: int, value: int, reason: str) -> None:
    path = tmp_path / "inputs.npz"
    np.savez(path, x=np.zeros(3, np.float32))
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")  # flags and method, there and (two bytes earlier) ahead of the data
    data[entry + place + 2] = value
    data[place] = value
    path.write_bytes(data)
    with pytest.raises(InputError, match=f"cannot be read as arrays of numbers: .*{reason}"):
        read_inputs(path, parsed(FIXED), PATH)
