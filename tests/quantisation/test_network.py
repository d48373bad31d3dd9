"""Models with fake quantisation hold the integers of the layers that they consist of, and are what they were before."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np
import onnx
import pytest

from accelsim.errors import InputError
from accelsim.fusion.apply_onnx import fuse_model
from accelsim.layers import ConvShape
from accelsim.quantisation.layer import VARIANTS, Variant, Widths, integer_layer, run_layer
from accelsim.quantisation.network import Plan, integer_layers, plan_network, quantised_network
from accelsim.quantisation.symmetric import GRANULARITIES, Granularity, Integers, rounded_activations
from accelsim.validation.runtime import run_model
from accelsim.workload.shapes import Shape, Window
from tests.workload.onnx_frontend.models import PATH, Array, batchnorm, model, random

BODY = """c = Conv<pads = [1, 1, 1, 1]>(x, w1) n = BatchNormalization(c, g, b, m, v) r = Relu(n)
          d = Conv<group = 2>(r, w2, k) o = BatchNormalization(d, g2, b2, m2, v2)
          s = Add(o, r) t = Relu(s) p = GlobalAveragePool(t) f = Flatten(p)
          y = Gemm<transB = 1, alpha = 2.0>(f, w3, e)"""
SECOND = {f"{name}2": values for name, values in batchnorm(4, seed=3).items()}
MODEL = model(
    BODY,
    w1=random(4, 4, 3, 3),
    w2=random(4, 2, 1, 1, seed=2),
    w3=random(5, 4, seed=4),
    k=random(4, seed=5),
    e=random(5, seed=6),
    **batchnorm(4),
    **SECOND,
)
STEPS = {"x": 0.03, "r": 0.11, "o": 0.07, "t": 0.13, "p": 0.01, "y": 0.02}
CASES = list(product(VARIANTS, GRANULARITIES, [(8, 8), (4, 4), (3, 8), (8, 5)]))


def planned(of: onnx.ModelProto = MODEL) -> Plan:
    return plan_network(fuse_model(of, PATH), PATH)


def executed(network: onnx.ModelProto, feature_map: Array, *tensors: str) -> dict[str, Array]:
    return run_model(network, {"x": feature_map}, PATH, tensors)


def integers(values: Array, tensor: str) -> Integers:
    found = np.rint(values / STEPS[tensor]).astype(np.int64)
    assert np.allclose(found * STEPS[tensor], values, rtol=1e-6, atol=0)
    return found


@pytest.mark.parametrize(("variant", "granularity", "bits"), CASES)
def test_the_integers_are_those_of_the_layers(
    variant: Variant, granularity: Granularity, bits: tuple[int, int]
) -> None:
    widths = Widths(*bits, granularity)
    plan = planned()
    network = quantised_network(plan, STEPS, integer_layers(plan, STEPS, variant, widths), widths)
    onnx.checker.check_model(network, full_check=True)
    ifmap = rounded_activations(np.asarray(random(1, 4, 8, 8, seed=9), np.float64), STEPS["x"], bits[1])
    found = executed(network, (ifmap * np.float32(STEPS["x"])).astype(np.float32), "r", "o")
    padded = Window((3, 3), padding=(1, 1, 1, 1))
    shapes = (
        ConvShape(1, Shape(4, 8, 8), Shape(4, 8, 8), padded, 1),
        ConvShape(1, Shape(4, 8, 8), Shape(4, 8, 8), Window(), 2),
    )
    (first, second, _), steps = plan.layers, [STEPS[name] for name in ("x", "r", "o")]
    layers = [
        integer_layer(variant, layer.filters, layer.affine, *around, widths)
        for layer, around in zip((first, second), pairwise(steps), strict=True)
    ]
    stored = run_layer(layers[0], ifmap, shapes[0], widths, relu=True).values
    assert integers(found["r"], "r").tolist() == stored.tolist()
    following = run_layer(layers[1], stored, shapes[1], widths).values
    assert integers(found["o"], "o").tolist() == following.tolist()
    assert len(np.unique(following)) > 3


def test_a_plan_says_what_is_quantised_by_what() -> None:
    plan = planned()
    assert [(layer.name, layer.source, layer.stored) for layer in plan.layers] == [
        ("n", "x", "r"),  # called by its result, which was the BatchNorm's
        ("o", "r", "o"),
        ("y", "p", None),
    ]
    assert plan.stored.tensors == ("x", "r", "o", "t", "p")
    assert set(plan.scaled) == set(STEPS)


OTHERS: dict[str, tuple[onnx.ModelProto, dict[str, Any]]] = {
    "activation between": (model("c = Conv(x, w) h = HardSwish(c) y = Conv(h, w)", w=random(4, 4, 1, 1)), {}),
    "bias behind": (
        model("f = Flatten(x) c = MatMul(f, w) a = Add(c, k) r = Relu(a) y = MatMul(r, u)",
              w=random(256, 6), k=random(6), u=random(6, 3)), {}),
    "transposed": (
        model("c = ConvTranspose<group = 2>(x, w) y = Conv(c, u)", w=random(4, 3, 2, 2), u=random(4, 6, 1, 1)), {}),
    "over one dimension": (
        model("c = Conv(x, w) y = Conv(c, w)", inputs="float[1,4,9] x", w=random(4, 4, 1)), {"shape": (1, 4, 9)}),
    "joined, pooled, viewed": (
        model("""c = Conv(x, w) j = Concat<axis = 1>(c, x) p = MaxPool<kernel_shape = [2, 2]>(j)
                 t = Transpose<perm = [0, 1, 3, 2]>(p) y = Conv(t, u)""",
              w=random(4, 4, 1, 1), u=random(2, 8, 1, 1)), {}),
    "chain": (
        model("c = Conv(x, w, k) n = BatchNormalization(c, g, b, m, v) y = BatchNormalization(n, g2, b2, m2, v2)",
              w=random(4, 4, 1, 1), k=random(4), **batchnorm(4), **SECOND), {}),
    "ahead": (
        model("n = BatchNormalization(x, g, b, m, v) y = Conv(n, w)", w=random(4, 4, 1, 1), **batchnorm(4)), {}),
    "unfolded": (
        model("n = BatchNormalization(x, g, b, m, v) y = Conv<pads = [1, 1, 1, 1]>(n, w)",
              w=random(4, 4, 3, 3), **batchnorm(4)), {}),
    "opset 9": (model("c = Conv(x, w) r = Relu(c) f = Flatten(r) y = Gemm(f, u, k)", opset=9, w=random(4, 4, 1, 1),
                      u=random(256, 3), k=random(3)), {}),
    "computed weights": (model("y = MatMul(x, x)"), {}),
}  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", OTHERS)
def test_with_16_bits_nothing_much_is_lost_whatever_the_operators(name: str, variant: Variant) -> None:
    original, options = OTHERS[name]
    plan = planned(original)
    feature_map = random(*options.get("shape", (1, 4, 8, 8)), seed=8)
    exact = executed(plan.model, feature_map, *(tensor for tensor in plan.scaled if tensor != "x")) | {"x": feature_map}
    steps = {tensor: float(abs(exact[tensor]).max()) / (2**15 - 1) for tensor in plan.scaled}
    widths = Widths(16, 16, "per-channel")
    network = quantised_network(plan, steps, integer_layers(plan, steps, variant, widths), widths)
    found = executed(network, feature_map)["y"]
    assert abs(found - exact["y"]).max() < 2e-3 * abs(exact["y"]).max()
    if name != "computed weights":
        assert not np.array_equal(found, exact["y"])


def test_models_of_other_floats_are_refused() -> None:
    original = model(
        "y = MatMul(x, w)", inputs="float16[1,4] x", outputs="float16[] y", w=random(4, 3, dtype=np.float16)
    )
    with pytest.raises(InputError, match="quantised in models of float32, not of float16"):
        planned(original)
