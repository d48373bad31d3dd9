from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from accelsim.config.sparsity import Sparsity
from accelsim.fusion.apply_onnx import fuse_model
from accelsim.fusion.fold import Filters
from accelsim.quantisation.sparsity import kept_weights, sparse
from accelsim.workload.affine import Affine
from tests.validation.models import weights_of
from tests.workload.onnx_frontend.models import PATH, batchnorm, model, random

TWO_OF_FOUR = Sparsity(2, 4)
SPARSITIES = [TWO_OF_FOUR, Sparsity(1, 4), Sparsity(4, 8), Sparsity(3, 5)]


def test_the_largest_magnitudes_of_every_group_of_input_channels_are_left() -> None:
    weights = np.array([[3.0, -5, 1, 4, 9, -8, 7, 6]]).reshape(1, 8, 1)
    kept = kept_weights(weights, TWO_OF_FOUR)
    assert kept.ravel().tolist() == [False, True, False, True, True, True, False, False]


def test_of_equal_ones_the_first_are_left_and_of_a_smaller_group_as_many_as_there_are() -> None:
    weights = np.array([[1.0, -1, 1, 1, 0.1]]).reshape(1, 5, 1)
    assert kept_weights(weights, TWO_OF_FOUR).ravel().tolist() == [True, True, False, False, True]


def test_groups_are_those_of_one_output_channel_and_one_position_of_the_kernel() -> None:
    weights = np.zeros((2, 4, 2))
    weights[0, [0, 1], 0] = weights[0, [2, 3], 1] = weights[1, [1, 2], :] = 1
    assert np.array_equal(kept_weights(weights, TWO_OF_FOUR), weights == 1)


# Small integers, and scales of powers of two and their multiples by 3: so that no product is rounded into a tie.
FILTERS = arrays.arrays(np.int64, (3, 8, 2), elements=st.integers(-50, 50)).map(lambda found: found.astype(np.float64))
SCALES = st.lists(st.sampled_from([-3.0, -0.125, 0.375, 1.0, 1024.0]), min_size=3, max_size=3)


@given(FILTERS, SCALES, st.sampled_from(SPARSITIES))
def test_folding_a_batchnorm_behind_a_convolution_selects_the_same_weights(
    weights: np.ndarray, scales: list[float], sparsity: Sparsity
) -> None:
    filters = Filters(weights, np.zeros(3))
    folded = filters.folded_behind(Affine(np.array(scales), np.ones(3)))
    assert np.array_equal(kept_weights(folded.weights, sparsity), kept_weights(weights, sparsity))


@pytest.mark.parametrize("sparsity", SPARSITIES)
def test_a_sparse_model_that_is_fused_is_a_fused_model_that_is_made_sparse(sparsity: Sparsity) -> None:
    original = model(
        "c = Conv<group = 2>(x, w) n = BatchNormalization(c, g, b, m, v) f = Flatten(n) y = MatMul(f, u)",
        inputs="float[1,16,3,3] x",
        w=random(6, 8, 3, 3),
        u=random(6, 3),
        **{name: abs(values) + 0.1 for name, values in batchnorm(6).items()},
    )
    first = fuse_model(sparse(original, sparsity), PATH).model
    second = sparse(fuse_model(original, PATH).model, sparsity)
    (one,), (other,) = weights_of(first, "Conv"), weights_of(second, "Conv")
    assert np.array_equal(one, other)
    left = (one.reshape(6, 8, 9)[:, :4] != 0).sum(axis=1)
    assert (left == min(4, sparsity.kept)).all() if sparsity.block == 4 else left.sum() > 0
    assert weights_of(original, "Conv")[0].all()


def test_every_operator_has_its_input_channels_where_it_has_them() -> None:
    matrix = np.array([[4.0, 1], [3, 2], [2, 3], [1, 4]], np.float32)  # inputs by outputs
    expected = [[4, 0], [3, 0], [0, 3], [0, 4]]
    product = model("y = MatMul(x, w)", inputs="float[1,4] x", w=matrix)
    turned = model("y = Gemm<transB = 1>(x, w)", inputs="float[1,4] x", w=matrix.T.copy())
    transposed = model("y = ConvTranspose(x, w)", inputs="float[1,4,1,1] x", w=matrix[:, :, None, None])
    assert weights_of(sparse(product, TWO_OF_FOUR), "MatMul")[0].tolist() == expected
    assert weights_of(sparse(turned, TWO_OF_FOUR), "Gemm")[0].T.tolist() == expected
    assert weights_of(sparse(transposed, TWO_OF_FOUR), "ConvTranspose")[0][:, :, 0, 0].tolist() == expected


def test_depthwise_convolutions_stay() -> None:
    weights = random(4, 1, 3, 3)
    found = sparse(model("y = Conv<group = 4>(x, w)", w=weights), TWO_OF_FOUR)
    assert np.array_equal(weights_of(found, "Conv")[0], weights)
