from __future__ import annotations

import numpy as np
import onnx

from accelsim.pruning.gammas import Gammas, gammas_of
from accelsim.workload.onnx_frontend.frontend import import_model
from tests.pruning.models import batchnorm, normalised
from tests.workload.onnx_frontend.models import PATH, model, random

P = batchnorm("p", (1.0, -0.5, 0.25, 0.0), (0, 0, 0, 0))


def found(given: onnx.ModelProto) -> list[Gammas]:
    return gammas_of(import_model(given, PATH, parameters_fed=True), list(given.graph.node))


def test_magnitudes_of_gamma() -> None:
    (gammas,) = found(model(f"c = Conv(x, w) y = {normalised('p', 'c')}", w=random(4, 4, 1, 1), **P))
    assert (gammas.batchnorm, gammas.operator) == ("y", 1)
    assert gammas.magnitudes.tolist() == [1.0, 0.5, 0.25, 0.0]


def test_what_scales_behind_it_is_part_of_it() -> None:
    given = model(
        f"c = Conv(x, w) n = {normalised('p', 'c')} s = Mul(n, k) a = Add(s, k) y = Div(a, d)",
        w=random(4, 4, 1, 1),
        k=np.array([-2, 1, 4, 1], np.float32).reshape(4, 1, 1),
        d=np.float32(2),
        **P,
    )
    (gammas,) = found(given)
    assert (gammas.batchnorm, gammas.operator) == ("n", 1)
    assert gammas.magnitudes.tolist() == [1.0, 0.25, 0.5, 0.0]


def test_arithmetic_alone_has_none() -> None:
    assert found(model("y = Mul(x, k)", k=np.ones((4, 1, 1), np.float32))) == []


def test_a_batchnorm_in_training_has_none() -> None:
    batchnorm = normalised("p", "x").replace("(", "<training_mode = 1>(", 1)
    assert found(model(f"y, m, v = {batchnorm}", **P)) == []


def test_a_gamma_that_is_fed_is_not_known() -> None:
    parameters = {name: values for name, values in P.items() if name != "pg"}
    assert found(model(f"y = {normalised('p', 'x')}", inputs="float[1,4,8,8] x, float[4] pg", **parameters)) == []
