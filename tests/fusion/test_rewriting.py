from __future__ import annotations

import numpy as np
import onnx
import pytest

from accelsim.errors import InputError
from accelsim.fusion.fold import Filters
from accelsim.fusion.rewriting import CannotRewriteError, Rewriting, check_rewritten
from accelsim.workload.onnx_frontend.constants import Constants
from tests.workload.onnx_frontend.models import PATH, declared, model, random


def rewriting(given: onnx.ModelProto) -> Rewriting:
    return Rewriting(given, Constants(given, {}))


def values(given: onnx.ModelProto) -> dict[str, list[float]]:
    return {tensor.name: onnx.numpy_helper.to_array(tensor).ravel().tolist() for tensor in given.graph.initializer}


def test_a_new_constant_takes_the_place_of_one_that_nobody_else_reads() -> None:
    changed = rewriting(model("y = Add(x, k)", k=random(4, 1, 1)))
    changed.set_input(0, 1, "other", np.ones((2, 1, 1), np.float32))
    assert values(changed.finished()) == {"k": [1, 1]}


def test_a_constant_that_others_read_stays_beside_the_new_one() -> None:
    original = model("a = Add(x, k) y = Add(a, k)", k=np.float32(3))
    before = original.SerializeToString()
    changed = rewriting(original)
    changed.set_input(0, 1, "k", np.ones(1, np.float32))
    assert values(changed.finished()) == {"k": [3], "k_2": [1]}
    assert original.SerializeToString() == before


def test_inputs_between_are_left_out() -> None:
    changed = rewriting(model("y = Clip(x)"))
    changed.set_input(0, 2, "largest", np.array(6, np.float32))
    assert list(changed.finished().graph.node[0].input) == ["x", "", "largest"]


def test_a_weight_that_is_an_input_is_declared_anew() -> None:
    changed = rewriting(model("y = Add(x, k)", opset=8, ir_version=3, k=random(4, 1, 1)))
    new = np.ones((1, 1), np.float32)
    changed.set_input(0, 1, "other", new)
    assert changed.finished().graph.input[1] == declared("k", new)


def test_without_a_bias_a_product_stays_what_it_is() -> None:
    for with_bias, operator in ((False, "MatMul"), (True, "Gemm")):
        changed = rewriting(model("y = MatMul(x, w)", inputs="float[1,3] x", w=random(3, 2)))
        changed.write_filters("y", 0, Filters(np.ones((2, 3, 1)), np.zeros(2)), with_bias=with_bias)
        assert [node.op_type for node in changed.finished().graph.node] == [operator]


def test_what_is_too_large_is_refused_and_nothing_is_changed() -> None:
    original = model("y = MatMul(x, w)", inputs="float[1,3] x", w=random(3, 2))
    changed = rewriting(original)
    with pytest.raises(CannotRewriteError, match="its weights would be too large for float32"):
        changed.write_filters("y", 0, Filters(np.full((2, 3, 1), 1e300), np.zeros(2)))
    assert changed.finished() == original


def test_what_is_no_model_is_named() -> None:
    given = model("y = Relu(x)")
    given.graph.node[0].input[0] = "nowhere"
    with pytest.raises(InputError, match=r"^model.onnx: what folding makes of it is not valid: "):
        check_rewritten(given, PATH, "folding")
