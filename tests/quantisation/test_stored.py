"""Which tensors are stored, on small models."""

from __future__ import annotations

from typing import Any

from accelsim.quantisation.stored import StoredTensors, stored_tensors
from accelsim.workload.onnx_frontend.frontend import import_model
from tests.workload.onnx_frontend.models import PATH, batchnorm, model, random

W = random(4, 4, 1, 1)
BN = "BatchNormalization({0}, g, b, m, v)"


def stored(body: str, **weights: Any) -> StoredTensors:
    return stored_tensors(import_model(model(body, w=W, **batchnorm(4), **weights), PATH))


def test_a_layer_stores_what_is_behind_its_batchnorm_and_activation() -> None:
    found = stored(f"c = Conv(x, w) n = {BN.format('c')} r = Relu(n) y = Conv(r, w)")
    assert found.tensors == ("x", "r")
    assert found.read_by == {"c": "x", "y": "r"}


def test_the_result_of_a_convolution_that_only_a_relu_reads_is_the_relu_s() -> None:
    assert stored("c = Conv(x, w) r = Relu(c) y = Conv(r, w)").relu_behind == {"c": "r"}
    assert stored("c = Conv(x, w) r = HardSwish(c) y = Conv(r, w)").relu_behind == {}
    assert stored("c = Conv(x, w) r = Relu(c) y = Add(r, c)").relu_behind == {}


def test_operands_of_additions_are_stored_and_what_an_activation_makes_of_the_sum() -> None:
    found = stored(f"c = Conv(x, w) n = {BN.format('c')} s = Add(n, x) r = Relu(s) y = Conv(r, w)")
    assert found.tensors == ("x", "n", "r")


def test_views_and_maxima_make_no_new_values_but_averages_do() -> None:
    found = stored(
        "c = Conv(x, w) p = MaxPool<kernel_shape = [2, 2]>(c) t = Transpose<perm = [0, 1, 3, 2]>(p) y = Conv(t, w)"
    )
    assert (found.tensors, found.read_by["y"]) == (("x", "c"), "c")
    found = stored("c = Conv(x, w) p = AveragePool<kernel_shape = [2, 2]>(c) y = Conv(p, w)")
    assert (found.tensors, found.read_by["y"]) == (("x", "c", "p"), "p")


def test_what_is_joined_is_stored_as_one() -> None:
    found = stored("c = Conv(x, w) r = Relu(c) j = Concat<axis = 1>(r, x) y = Conv(j, u)", u=random(4, 8, 1, 1))
    assert (found.tensors, found.read_by["y"]) == (("x", "j"), "j")


def test_a_product_of_vectors_is_stored_under_the_name_of_its_result() -> None:
    body = "s = Constant<value_ints = [1, 4, 64]>() r = Reshape(x, s) m = MatMul(r, q) y = MatMul(m, q)"
    found = stored_tensors(import_model(model(body, q=random(64, 64)), PATH))
    assert found.tensors == ("x", "m")
    assert found.read_by == {"m": "x", "y": "m"}
