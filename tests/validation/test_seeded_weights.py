from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from accelsim.config.sparsity import Sparsity
from accelsim.errors import InputError
from accelsim.validation.inputs import random_inputs
from accelsim.validation.runtime import run_model
from accelsim.validation.seeded_weights import (
    BETA_DEVIATION,
    IMAGES,
    LOG_GAMMA_DEVIATION,
    SMALL_GAMMA,
    seeded_model,
)
from accelsim.workload.graph import Graph
from accelsim.workload.nodes import Activation, BatchNorm, Conv, Flatten, Linear, Node, Unmodelled
from accelsim.workload.onnx_frontend.frontend import import_model
from accelsim.workload.shapes import Shape, Window, ZeroKernels
from tests.validation.models import initializer, weights_of

PATH = Path("net.yaml")
DEPTH = 3
CHANNELS = 200


def network() -> Graph:
    """Blocks of convolution, BatchNorm and ReLU, and a classifier."""
    nodes: list[Node] = []
    source, channels = "input", 3
    for block in range(DEPTH):
        conv, bn, relu = (f"{what}{block}" for what in ("conv", "bn", "relu"))
        window = Window((3, 3), padding=(1, 1, 1, 1))
        nodes.append(Conv(name=conv, inputs=(source,), in_channels=channels, out_channels=CHANNELS, window=window))
        nodes += [BatchNorm(name=bn, inputs=(conv,)), Activation(name=relu, inputs=(bn,), kind="relu")]
        source, channels = relu, CHANNELS
    nodes += [Flatten(name="flat", inputs=(source,))]
    nodes += [Linear(name="fc", inputs=("flat",), in_features=CHANNELS * 16, out_features=7)]
    return Graph("net", Shape(3, 4, 4), nodes)


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    return seeded_model(network(), PATH, seed=5)


def calibration_images(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return random_inputs(model, PATH, 5, batch=IMAGES)


def test_batchnorms_normalise_the_images_they_were_calibrated_on(model: onnx.ModelProto) -> None:
    names = [f"bn{block}" for block in range(DEPTH)]
    found = run_model(model, calibration_images(model), PATH, names)
    for name in names:
        gamma, beta = (initializer(model, f"{name}.{slot}") for slot in ("scale", "shift"))
        assert np.allclose(found[name].mean(axis=(0, 2, 3)), beta, atol=1e-4)
        assert np.allclose(found[name].std(axis=(0, 2, 3)), gamma, rtol=1e-3)


def test_outputs_are_centred_so_that_images_have_different_classes(model: onnx.ModelProto) -> None:
    (logits,) = run_model(model, calibration_images(model), PATH).values()
    assert np.allclose(logits.mean(axis=0), 0, atol=1e-5)
    assert len(set(logits.argmax(axis=1))) > 1


def test_weights_are_he_normal_and_gamma_and_beta_spread_as_stated(model: onnx.ModelProto) -> None:
    weights = initializer(model, "conv1.weight")
    assert weights.std() == pytest.approx(np.sqrt(2 / (CHANNELS * 9)), rel=0.01)
    gammas = np.concatenate([initializer(model, f"bn{block}.scale") for block in range(DEPTH)])
    betas = np.concatenate([initializer(model, f"bn{block}.shift") for block in range(DEPTH)])
    assert np.log(gammas).std() == pytest.approx(LOG_GAMMA_DEVIATION, rel=0.1)
    assert np.median(gammas) == pytest.approx(1, rel=0.1)
    assert betas.std() == pytest.approx(BETA_DEVIATION, rel=0.1)


@pytest.mark.parametrize(("share", "small"), [(0.0, 0), (0.4, 80), (1.0, CHANNELS)])
def test_a_share_of_gammas_is_near_zero_and_no_other(share: float, small: int) -> None:
    model = seeded_model(network(), PATH, seed=1, small_gammas=share)
    for gammas in weights_of(model, "BatchNormalization"):
        assert (abs(gammas) < SMALL_GAMMA).sum() == small
        assert (abs(gammas) < 10 * SMALL_GAMMA * 0.999).sum() == small


def test_the_same_seed_gives_the_same_bytes_and_another_others() -> None:
    first, same, other = (seeded_model(network(), PATH, seed=seed).SerializeToString() for seed in (1, 1, 2))
    assert first == same != other


def test_what_cannot_be_exported_is_refused_with_the_file() -> None:
    node = Unmodelled(name="n", inputs=("input",), what="LRN", shape=Shape(3, 4, 4))
    with pytest.raises(InputError, match=r"^net.yaml: layer 'n' cannot be exported: 'LRN' has no model$"):
        seeded_model(Graph("net", Shape(3, 4, 4), [node]), PATH, seed=1)


def test_batchnorms_of_a_sparse_model_are_calibrated_with_the_weights_that_are_left() -> None:
    sparse = seeded_model(network(), PATH, seed=5, sparsity=Sparsity(2, 4))
    assert (weights_of(sparse, "Conv")[1] == 0).mean() == 0.5
    assert len(sparse.graph.initializer) == len(seeded_model(network(), PATH, seed=5).graph.initializer)
    found = run_model(sparse, calibration_images(sparse), PATH, ["bn2"])["bn2"]
    assert np.allclose(found.mean(axis=(0, 2, 3)), initializer(sparse, "bn2.shift"), atol=1e-4)


def test_kernels_that_are_zero_in_the_network_are_zero_in_the_model() -> None:
    blocks = (ZeroKernels(0, 16, 0, 8), ZeroKernels(16, 32, 4, 8))
    conv = Conv(
        name="conv", inputs=("input",), in_channels=8, out_channels=32, window=Window((3, 3)), zero_kernels=blocks
    )
    graph = Graph("zeros", Shape(8, 5, 5), [conv])
    model = seeded_model(graph, PATH, seed=1)
    read_again = import_model(model, PATH).graph.nodes["conv"]
    assert isinstance(read_again, Conv)
    assert set(read_again.zero_kernels) == set(blocks)
