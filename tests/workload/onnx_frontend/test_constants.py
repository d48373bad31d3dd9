from __future__ import annotations

import numpy as np
import onnx
import pytest

from accelsim.workload.onnx_frontend.constants import Constants, ValuesAbsentError, feature_inputs, parameter_inputs
from tests.workload.onnx_frontend.models import model, random, stored_outside, without_values


def constants(given: onnx.ModelProto) -> Constants:
    return Constants(given, {})


def test_initializers_and_what_is_made_of_them_are_constant() -> None:
    known = constants(model("t = Transpose<perm = [1, 0, 2, 3]>(w) y = Conv(x, t)", w=random(4, 5, 3, 3)))
    assert "w" in known
    assert "t" in known
    assert "x" not in known
    assert "y" not in known
    assert np.array_equal(known.values("t"), random(4, 5, 3, 3).transpose(1, 0, 2, 3))


def test_constants_may_be_made_of_nothing() -> None:
    known = constants(
        model(
            "k = Constant<value_floats = [1.0, 2.0, 3.0, 4.0]>() u = Unsqueeze(k, a)"
            "f = ConstantOfShape(s) b = Add(u, f) y = Add(x, b)",
            a=np.array([1, 2]),
            s=np.array([4, 1, 1]),
        )
    )
    assert np.array_equal(known.values("b"), np.array([1, 2, 3, 4], np.float32).reshape(4, 1, 1))


def test_random_numbers_are_not_constant() -> None:
    assert "r" not in constants(model("r = RandomNormal<shape = [1, 4, 8, 8]>() y = Add(x, r)"))


def test_values_may_be_absent() -> None:
    given = without_values(model("t = Neg(w) y = Conv(x, t)", w=random(4, 4, 3, 3)))
    known = constants(given)
    assert "t" in known
    with pytest.raises(ValuesAbsentError, match="the values of 'w' are not in the file"):
        known.values("t")
    assert known.values_at_hand("t") is None


def test_values_in_other_files_are_absent() -> None:
    given = model("y = Conv(x, w)", w=random(4, 4, 3, 3))
    stored_outside(given, "w", "weights.bin")
    assert constants(given).values_at_hand("w") is None


def test_a_long_chain_of_operators_is_no_deep_recursion() -> None:
    chain = " ".join(f"t{number + 1} = Neg(t{number})" for number in range(3000))
    known = constants(model(f"{chain} y = Add(x, t3000)", t0=random(4, 1, 1)))
    assert np.array_equal(known.values("t3000"), random(4, 1, 1))


def test_each_operator_is_executed_once_however_many_paths_lead_to_it() -> None:
    # 2^60 paths
    diamonds = " ".join(
        f"a{number} = Neg(t{number}) b{number} = Identity(t{number}) t{number + 1} = Max(a{number}, b{number})"
        for number in range(60)
    )
    known = constants(model(f"{diamonds} y = Add(x, t60)", t0=random(4, 1, 1)))
    assert np.array_equal(known.values("t60"), abs(random(4, 1, 1)))


@pytest.mark.parametrize(
    "maker",
    [
        "z = Expand(k, s)",
        "z = Tile(k, s)",
        "z = ConstantOfShape(s)",
        "c = ConstantOfShape(s) z = Neg(c)",
        "l = ReduceProd<keepdims = 0>(s) z = Range(zero, l, one)",
        "z = MatMul(p, q)",
    ],
)
def test_a_small_file_makes_no_constant_that_takes_all_memory(maker: str) -> None:
    given = model(
        f"{maker} y = Relu(x)",
        k=random(1),
        s=np.array([2**40]),
        zero=np.array(0),
        one=np.array(1),
        p=np.ones((2**15, 1), np.float32),
        q=np.ones((1, 2**15), np.float32),
    )
    assert constants(given).values_at_hand("z") is None


def test_inputs_without_values_that_are_parameters_everywhere_count_as_weights() -> None:
    given = model(
        "c = Conv(x, w) d = BatchNormalization(c, g, g, g, g) y = Add(d, e)",
        inputs="float[1,4,8,8] x, float[4,4,3,3] w, float[4] g, float[1,4,6,6] e",
    )
    assert parameter_inputs(given) == {"w", "g"}
    assert feature_inputs(given) == ["x", "e"]


def test_a_parameter_that_is_also_fed_elsewhere_is_a_feature() -> None:
    given = model(
        "y = Conv(x, w) z = Relu(w)", inputs="float[1,4,8,8] x, float[4,4,3,3] w", outputs="float[] y, float[] z"
    )
    assert parameter_inputs(given) == set()


def test_old_files_list_their_initializers_as_inputs() -> None:
    assert feature_inputs(model("y = Conv(x, w)", opset=8, ir_version=3, w=random(4, 4, 3, 3))) == ["x"]
