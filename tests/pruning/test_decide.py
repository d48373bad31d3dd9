from __future__ import annotations

import re

import numpy as np
import pytest

from accelsim.errors import InputError
from accelsim.pruning.apply_onnx import prune_model
from accelsim.pruning.decide import Kept, PrunedLayer
from tests.pruning.models import SMALL, batchnorm, normalised, pruned
from tests.workload.onnx_frontend.models import PATH, model, random

TWO_LAYERS = model(
    f"a = Conv(x, w) p = {normalised('p', 'a')} b = Conv(p, u) q = {normalised('q', 'b')} y = Conv(q, v)",
    w=random(4, 4, 1, 1),
    u=random(3, 4, 1, 1),
    v=random(2, 3, 1, 1),
    **batchnorm("p", (0.9, -0.2, 0.1, 0.05), (1, 2, 3, 4)),
    **batchnorm("q", (0.123456, -0.01, 0.02), (1, 2, 3), seed=2),
)


def test_smaller_than_the_threshold_is_small_and_equal_is_not() -> None:
    gammas = np.array([0.9, 0.2, 0.1, 0.05], np.float32).astype(float)
    for number, threshold in enumerate(gammas):
        if threshold < 0.1234:
            (first, *_) = pruned(TWO_LAYERS, threshold).layers
            assert first.removed == 3 - number if number < 3 else first.name == "b"


def test_a_layer_must_keep_a_channel() -> None:
    # The second layer's largest is 0.123456, so that a threshold of its first four digits leaves it that channel.
    message = (
        "model.onnx: 'b' would lose all its 3 channels: the largest |γ| that decides on them is 0.123456, and the "
        "threshold is 0.5; at 0.1234 every layer keeps one"
    )
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        prune_model(TWO_LAYERS, PATH, 0.5)
    assert [(layer.name, layer.left) for layer in pruned(TWO_LAYERS, 0.1234).layers] == [("a", 2), ("b", 1)]


def test_two_batchnorms_may_empty_a_layer_together() -> None:
    original = model(
        f"""e = Conv(x, w) p = {normalised("p", "e")} d = Conv<group = 2>(p, u) q = {normalised("q", "d")}
        y = Conv(q, v)""",
        w=random(2, 4, 1, 1),
        u=random(2, 1, 1, 1),
        v=random(2, 2, 1, 1),
        **batchnorm("p", (0.25, 1), (1, 2)),
        **batchnorm("q", (1, 0.5), (1, 2), seed=2),
    )
    with pytest.raises(InputError, match=r"'e' would lose all its 2 channels: .* is 0.5, .* is 0.6; at 0.5 every"):
        prune_model(original, PATH, 0.6)
    assert [layer.left for layer in pruned(original, 0.5).layers] == [1, 1]


def test_reasons_are_counted() -> None:
    original = model(
        f"""a = Conv(x, w) p = {normalised("p", "a")} b = Conv(x, u) q = {normalised("q", "b")} s = Add(p, q)
        r = Relu(s) y = Conv<pads = [1, 1, 1, 1]>(r, v)""",
        w=random(6, 4, 1, 1),
        u=random(6, 4, 1, 1),
        v=random(2, 6, 3, 3),
        **batchnorm("p", [SMALL] * 5 + [1], (1, 1, 1, -2, 1, 1)),
        **batchnorm("q", [1, 1, SMALL, SMALL, 1, 1], (1, 1, 1, 1, 1, 1), seed=2),
    )
    first, second = pruned(original).layers
    padded = "'y' pads its input with zeros, and they are not zero"
    kept = (Kept(3, "'s' adds them to 'b', which keeps them"), Kept(1, padded))
    assert first == PrunedLayer("a", channels=6, small=5, removed=1, kept=kept)
    assert first.left == 5
    assert second == PrunedLayer("b", channels=6, small=2, removed=1, kept=(Kept(1, padded),))


def test_a_batchnorm_behind_no_layer_is_named_by_what_it_reads() -> None:
    original = model(
        f"""a = Conv(x, w) b = Conv(x, u) j = Concat<axis = 1>(a, b) n = {normalised("p", "j")} r = Relu(n)
        y = Conv(r, v)""",
        w=random(2, 4, 1, 1),
        u=random(2, 4, 1, 1),
        v=random(2, 4, 1, 1),
        **batchnorm("p", (1, SMALL, SMALL, 1), (1, 2, 3, 4)),
    )
    found = [(layer.name, layer.channels, layer.small, layer.removed) for layer in pruned(original).layers]
    assert found == [("a", 2, 0, 1), ("b", 2, 0, 1), ("j", 4, 2, 2)]
