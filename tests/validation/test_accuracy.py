from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from accelsim.errors import InputError
from accelsim.quantisation import network as network_module
from accelsim.quantisation.layer import VARIANTS, IntegerLayer, Variant, Widths, integer_layer
from accelsim.quantisation.symmetric import GRANULARITIES
from accelsim.validation import accuracy as accuracy_module
from accelsim.validation.accuracy import COMPARED_IMAGES, VariantAccuracy, accuracy
from accelsim.validation.inputs import random_inputs
from accelsim.validation.random_weights import randomised
from accelsim.workload.onnx_frontend.model import load_model
from tests.validation.models import PATH, light, parsed

GRAPH = """g (float[N, 4, 6, 6] x) => (float[N, 5] y) {
    c = Conv(x, w)
    n = BatchNormalization(c, scale, shift, mean, variance)
    r = Relu(n)
    p = GlobalAveragePool(r)
    f = Flatten(p)
    l = Gemm<transB = 1>(f, u)
    y = Softmax(l)
}"""


def network(scale: Any = None) -> onnx.ModelProto:
    generator = np.random.default_rng(3)
    parameters: dict[str, Any] = {
        "w": generator.normal(0, 0.3, (8, 4, 3, 3)),
        "u": generator.normal(0, 1, (5, 8)),
        "scale": np.exp(generator.normal(0, 1, 8)) if scale is None else scale,
        "shift": generator.normal(0, 0.3, 8),
        "mean": generator.normal(0, 0.3, 8),
        "variance": generator.uniform(0.5, 2, 8),
    }
    return parsed(GRAPH, **parameters)


def measured(model: onnx.ModelProto, *widths: Widths, **options: Any) -> dict[tuple[str, str], list[VariantAccuracy]]:
    """What was found, by variant and tensor, in the order of the widths."""
    found: dict[tuple[str, str], list[VariantAccuracy]] = {}
    for one in accuracy(model, PATH, widths, seed=1, **options):
        found.setdefault((one.variant, one.tensor), []).append(one)
    return found


def images(count: int) -> dict[str, Any]:
    """Inputs on which steps are measured, too, so that nothing is cut off."""
    return {"x": np.random.default_rng(5).normal(size=(count, 4, 6, 6)).astype(np.float32)}


def test_every_variant_and_tensor_is_compared_on_all_images() -> None:
    widths = [Widths(8, 8, granularity) for granularity in GRANULARITIES]
    found = measured(network(), *widths)
    assert list(found) == [(variant, tensor) for variant in VARIANTS for tensor in ("l", "y")]
    for rows in found.values():
        assert [row.widths for row in rows] == widths
        assert {row.images for row in rows} == {COMPARED_IMAGES}
        assert all(isinstance(row.same_top1, int) and row.same_top1 > COMPARED_IMAGES / 2 for row in rows)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_bit_more_is_6_decibels(variant: Variant) -> None:
    """Steps are half as long, of weights and activations alike; over 8 bits, lest chance decide."""
    rows = measured(network(), *(Widths(bits, bits, "per-channel") for bits in (6, 14)), inputs=images(32))[
        variant, "l"
    ]
    assert rows[1].sqnr_db - rows[0].sqnr_db == pytest.approx(8 * 6.02, abs=4)


def test_folding_costs_where_a_layer_has_one_scale_and_not_in_the_requantiser() -> None:
    scale = np.array([0.3] * 7 + [2.0])
    widths = (Widths(4, 12, "per-tensor"), Widths(4, 12, "per-channel"))
    rows = measured(network(scale), *widths, inputs=images(32))
    per_tensor, per_channel = ({variant: rows[variant, "l"][i].sqnr_db for variant in VARIANTS} for i in range(2))
    assert per_tensor["fused"] < per_tensor["unfused"] - 2
    assert per_tensor["fused_into_requant"] == pytest.approx(per_tensor["unfused"], abs=0.2)
    assert per_channel["fused"] == pytest.approx(per_channel["unfused"], abs=0.2)
    assert per_channel["fused_into_requant"] == pytest.approx(per_channel["unfused"], abs=0.2)


def test_a_percentile_cuts_what_is_larger() -> None:
    widths = Widths(8, 8, "per-channel")
    whole = measured(network(), widths)["unfused", "l"][0].sqnr_db
    assert measured(network(), widths, percentile=50.0)["unfused", "l"][0].sqnr_db < whole - 10


def test_steps_are_measured_on_other_images(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = []

    def watched(model: Any, path: Any, seed: int, **options: Any) -> Any:
        seeds.append((seed, options["batch"]))
        return random_inputs(model, path, seed, **options)

    monkeypatch.setattr(accuracy_module, "random_inputs", watched)
    accuracy(network(), PATH, [Widths()], seed=7)
    assert seeds == [(7, COMPARED_IMAGES), (8, accuracy_module.CALIBRATION_IMAGES)]


def test_inputs_may_be_given() -> None:
    assert measured(network(), Widths(), inputs=images(3))["fused", "y"][0].images == 3


def test_a_fault_of_one_variant_is_seen_in_that_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(variant: Variant, *options: Any) -> IntegerLayer:
        layer = integer_layer(variant, *options)
        return layer._replace(bias=layer.bias * 2) if variant == "fused_into_requant" else layer

    before = measured(network(), Widths(), inputs=images(8))
    monkeypatch.setattr(network_module, "integer_layer", faulty)
    after = measured(network(), Widths(), inputs=images(8))
    assert after["unfused", "l"] == before["unfused", "l"]
    assert after["fused_into_requant", "l"][0].sqnr_db < before["fused_into_requant", "l"][0].sqnr_db - 5


@pytest.mark.parametrize("name", ["shufflenet", "squeezenet"])
def test_networks_that_nobody_wrote_for_us_lose_little_with_16_bits(name: str) -> None:
    model = randomised(load_model(light(name), weights=True), 1)
    found = accuracy(model, light(name), [Widths(16, 16, "per-channel")], seed=1)
    logits = [one for one in found if one.tensor == found[0].tensor]
    assert len(logits) == len(VARIANTS)
    assert all(one.sqnr_db > 45 for one in logits)


def test_models_that_are_fed_integers_are_refused() -> None:
    model = parsed("g (uint8[1, 4] x) => (float[1, 3] y) { f = Cast<to = 1>(x) y = MatMul(f, w) }", w=np.ones((4, 3)))
    with pytest.raises(InputError, match=r"^net.onnx: layer 'y' reads integers \('x'\)"):
        accuracy(model, PATH, [Widths()], seed=1)


def test_what_psums_need_and_what_was_made_coarser_is_said() -> None:
    # 36 weights of 8 bits: 36 · 127 · 128 is below 2^20, and 20 bits and the sign hold it; no more than that of biases
    found = measured(network(), Widths(), inputs=images(2))["unfused", "l"][0]
    assert 17 <= found.psum_bits <= 21
    assert found.coarser_channels == 0
    scale = np.array([1e-12] * 3 + [1.0] * 5)
    coarser = measured(network(scale), Widths(), inputs=images(2))
    assert [coarser[variant, "l"][0].coarser_channels for variant in VARIANTS] == [0, 0, 3]
