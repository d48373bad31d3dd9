"""Whether a network computes the same when its BatchNorms are folded, and channels with a small γ removed before.

Twice: the whole model, executed in its own type, usually float32; and every folded layer for itself in float64, where
folding must be exact but for the rounding of the last digits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np
import onnx

from accelsim.config.sparsity import Sparsity
from accelsim.errors import InputError
from accelsim.fusion.apply_onnx import FoldedLayer, fuse_model
from accelsim.fusion.fold import Filters
from accelsim.fusion.match import Match
from accelsim.pruning.apply_onnx import PrunedModel, prune_model
from accelsim.pruning.strands import Flags
from accelsim.quantisation.sparsity import sparse
from accelsim.validation.inputs import Inputs, image_shape, random_inputs, read_inputs
from accelsim.validation.random_weights import randomised
from accelsim.validation.runtime import run_model, run_repeatedly
from accelsim.workload.affine import Affine, Doubles
from accelsim.workload.onnx_frontend.constants import Array, parameter_inputs
from accelsim.workload.onnx_frontend.frontend import import_model
from accelsim.workload.onnx_frontend.wiring import Wiring

TOLERANCE = 1e-4
"""Of a model's tensors, relative to their scale: see :class:`Difference`.

Folding rounds other numbers than the original does, each to 2^-24 = 6e-8 of its size in float32. What remains of that
behind 35 to 94 folded layers, with random weights (ResNet-50, ShuffleNet, DenseNet-121, Inception v2) and with trained
ones, is 2e-7 to 6e-6, and does not grow with depth: every BatchNorm brings its input back to one scale. Wrong folds of
the same models are off by more than 1e-3: with half of ε by 1e-3 to 4e-1, with a bias that is not scaled by 6e-2 to
5e-1.
"""

TOLERANCE_FLOAT64 = 1e-12
"""Of a layer in float64, relative to the magnitudes that add up to each value.

A sum of n products is off by at most n · 2^-53 of their magnitudes (Higham, Accuracy and Stability of Numerical
Algorithms, 2002, chapter 3): 1e-12 bounds layers of up to 4,500 weights per output channel in the worst case, and any
others in practice, where rounding errors cancel.
"""

WINDOWS = 64
"""Random input windows that a layer is tried with in float64."""

PROBABILITIES = ("Softmax", "Sigmoid", "HardSigmoid")
"""Operators that hide differences of their input: it is compared as well where they make an output."""

_PASSES_ON = ("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose")

Role = Literal["output", "probability", "logit", "layer"]
"""What a tensor is: an output of the model, such as lies between 0 and 1, what that is made of, or a layer's result."""


class Difference(NamedTuple):
    """How far a tensor of one model is from the same tensor of another.

    Parameters
    ----------
    tensor
        Its name.
    scale
        Largest magnitude in the original; 1 where it holds probabilities, however small they all are.
    max_error
        Largest absolute difference.
    sqnr_db
        Signal to quantisation noise: 10 · log10(Σ original² ÷ Σ difference²); infinite where both are equal.
    not_finite
        Which of the two models has NaN or infinity in it; there are no figures then.
    role
        What it is.
    finite_error
        Where something is not finite: relative error of what is; infinite if the two are not finite in other places.
    """

    tensor: str
    scale: float
    max_error: float
    sqnr_db: float
    not_finite: tuple[str, ...] = ()
    role: Role = "output"
    finite_error: float = 0.0

    @property
    def relative_error(self) -> float:
        """Largest absolute difference, relative to the scale; where that is 0, only 0 is the same."""
        return _relative(self.max_error, self.scale)

    def within(self, tolerance: float) -> bool:
        """Whether both are the same."""
        return not self.not_finite and self.relative_error <= tolerance

    def same_where_finite(self, tolerance: float) -> bool:
        """Whether both have the same NaN and infinities, and are the same elsewhere."""
        return bool(self.not_finite) and self.finite_error <= tolerance


class ExactLayer(NamedTuple):
    """How far a layer is from itself with BatchNorms folded, in float64, relative to the magnitudes it adds up.

    ``tensor`` is its result.
    """

    layer: str
    tensor: str
    relative_error: float


class Numerics(NamedTuple):
    """Everything that was compared.

    Parameters
    ----------
    model
        The original; where channels were removed, with γ = 0 in these.
    fused
        The same with its BatchNorms folded.
    inputs
        What both were fed.
    matches
        What became of every BatchNorm.
    differences
        Of outputs, of what probabilities are made of, and of layers if they were asked for.
    layers
        Of every layer that absorbed something, in float64.
    tolerance
        Of the differences, relative to the scale of their tensor.
    pruned
        What became of channels with a small γ, if they were to be removed.
    """

    model: onnx.ModelProto
    fused: onnx.ModelProto
    inputs: Inputs
    matches: tuple[Match, ...]
    differences: tuple[Difference, ...]
    layers: tuple[ExactLayer, ...]
    tolerance: float
    pruned: PrunedModel | None = None

    @property
    def same(self) -> bool:
        """Whether everything is within its tolerance."""
        return self.same_as_executed and self.same_in_float64

    @property
    def same_as_executed(self) -> bool:
        """Whether the tensors of both models are the same."""
        return all(difference.within(self.tolerance) for difference in self.differences)

    @property
    def same_in_float64(self) -> bool:
        """Whether every layer is the same in float64."""
        return all(layer.relative_error <= TOLERANCE_FLOAT64 for layer in self.layers)


def validate_numerics(
    model: onnx.ModelProto,
    path: Path,
    *,
    seed: int,
    inputs: Path | None = None,
    batch: int | None = None,
    input_shape: tuple[int, int, int] | None = None,
    clone_shared: bool = False,
    random_weights: bool = False,
    sparsity: Sparsity | None = None,
    with_layers: bool = False,
    tolerance: float = TOLERANCE,
    prune_gamma: float | None = None,
) -> Numerics:
    """Fold a model's BatchNorms and compare it with itself.

    Parameters
    ----------
    model
        The model, with its weights.
    path
        Its file, for errors.
    seed
        Of random inputs, of random weights, and of the windows that layers are tried with.
    inputs
        An ``.npz`` file to feed instead of random inputs.
    batch, input_shape
        Sides that the model leaves open, for random inputs.
    clone_shared
        Whether convolutions that share their weights may each get weights of their own.
    random_weights
        Whether to replace all weights first.
    sparsity
        What weights to set to zero first, if any.
    with_layers
        Whether to compare the result of every folded layer, too.
    tolerance
        Largest difference that passes for rounding, relative to the scale of the tensor.
    prune_gamma
        Whether to remove channels first: those with a smaller |γ|. What is left is compared with the model in which
        these γ are 0.

    Raises
    ------
    InputError
        If the model or the inputs are at fault, the model is random, or onnxruntime cannot execute it.
    """
    if inputs is None:
        fed = random_inputs(model, path, seed, batch=batch, input_shape=input_shape)
    else:
        fed = read_inputs(inputs, model, path)
    shape = image_shape(fed) or input_shape
    if random_weights:
        import_model(model, path, shape)  # shapes must fit before there can be new weights
        model = randomised(model, seed)
    _refuse_without_weights(model, path)
    if sparsity is not None:
        model = sparse(model, sparsity)
    pruned = None if prune_gamma is None else prune_model(model, path, prune_gamma, shape, clone_shared=clone_shared)
    left: Mapping[str, Flags] = {}
    to_fold = model
    if pruned is not None:
        model, to_fold, left = pruned.reference, pruned.model, pruned.left
    fused = fuse_model(to_fold, path, shape, clone_shared=clone_shared)
    roles: dict[str, Role] = {layer.output: "layer" for layer in fused.layers if with_layers}
    roles |= compared_tensors(model)
    differences = compare_models(model, fused.model, fed, path, roles, left)
    if not all(difference.within(tolerance) for difference in differences):
        _refuse_random(model, fed, path, tuple(roles))
    exact = tuple(exact_layer(layer, seed) for layer in fused.layers)
    return Numerics(model, fused.model, fed, fused.matches, differences, exact, tolerance, pruned)


def _refuse_without_weights(model: onnx.ModelProto, path: Path) -> None:
    absent = sorted(parameter_inputs(model))
    if absent:
        message = f"it was written without weights ('{absent[0]}' has no values); --random-weights makes some up"
        raise InputError(message, path=path)


def _refuse_random(model: onnx.ModelProto, inputs: Inputs, path: Path, tensors: Sequence[str]) -> None:
    first, second = run_repeatedly(model, inputs, path, tensors, times=2)
    if not all(np.array_equal(first[name], second[name], equal_nan=True) for name in tensors):
        message = "two runs of the original differ: it has operators that are random, such as Dropout in training"
        raise InputError(message, path=path)


def compared_tensors(model: onnx.ModelProto) -> dict[str, Role]:
    """Return the outputs of a model; probabilities come after the tensor that they are made of."""
    wiring = Wiring(model.graph)
    roles: dict[str, Role] = {}
    for output in model.graph.output:
        made_by = wiring.producer.get(output.name)
        while made_by is not None and wiring.nodes[made_by].op_type in _PASSES_ON:
            made_by = wiring.producer.get(wiring.nodes[made_by].input[0])
        if made_by is not None and wiring.nodes[made_by].op_type in PROBABILITIES:
            roles.setdefault(wiring.nodes[made_by].input[0], "logit")
            roles[output.name] = "probability"
        else:
            roles[output.name] = "output"
    return roles


def compare_models(
    original: onnx.ModelProto,
    other: onnx.ModelProto,
    inputs: Inputs,
    path: Path,
    roles: Mapping[str, Role],
    left: Mapping[str, Flags] = MappingProxyType({}),
) -> tuple[Difference, ...]:
    """Execute two models on the same inputs, and compare tensors that have the same name in both.

    Parameters
    ----------
    original, other
        The models.
    inputs
        What to feed them.
    path
        The original's file, for errors.
    roles
        The tensors to compare, and what they are.
    left
        For tensors that have fewer channels in the other model: which of the original's they are.

    Raises
    ------
    InputError
        If onnxruntime cannot execute a model.
    """
    expected = run_model(original, inputs, path, tuple(roles))
    found = run_model(other, inputs, path, tuple(roles))
    for name in roles.keys() & left.keys():
        expected[name] = np.compress(left[name], expected[name], axis=1)
    return tuple(difference(name, expected[name], found[name], role) for name, role in roles.items())


def difference(tensor: str, original: Array, other: Array, role: Role = "output") -> Difference:
    """Measure how far a tensor is from the original."""
    values = {"original": original.astype(np.float64), "fused": other.astype(np.float64)}
    not_finite = tuple(model for model, numbers in values.items() if not np.isfinite(numbers).all())
    if not_finite:
        finite_error = _finite_error(tensor, values["original"], values["fused"], role)
        return Difference(tensor, math.nan, math.nan, math.nan, not_finite, role, finite_error)
    error = values["fused"] - values["original"]
    scale = 1.0 if role == "probability" else _largest(values["original"])
    return Difference(tensor, scale, _largest(error), _sqnr_db(values["original"], error), role=role)


def _finite_error(tensor: str, original: Doubles, fused: Doubles, role: Role) -> float:
    finite = np.isfinite(original)
    if not (np.isfinite(fused[finite]).all() and np.array_equal(original[~finite], fused[~finite], equal_nan=True)):
        return math.inf
    return difference(tensor, original[finite], fused[finite], role).relative_error


def _largest(values: Doubles) -> float:
    return float(np.abs(values).max(initial=0))


def _sqnr_db(signal: Doubles, noise: Doubles) -> float:
    largest = _largest(signal) or 1.0  # so that squares do not overflow
    powers = [float(np.square(values / largest).sum()) for values in (signal, noise)]
    if not powers[1]:
        return math.inf
    return 10 * math.log10(powers[0] / powers[1]) if powers[0] else -math.inf


def _relative(error: float, scale: float) -> float:
    if scale:
        return error / scale
    return math.inf if error else 0.0


def exact_layer(layer: FoldedLayer, seed: int) -> ExactLayer:
    """Try a folded layer on random windows, in float64.

    Each value is compared relative to the sum of the magnitudes that it is the sum of: sums may cancel, and a channel
    with γ = 0 is nothing but its shift.
    """
    per_group, positions = layer.before.weights.shape[1:]
    sides = (layer.before.groups * per_group, positions, WINDOWS)
    windows = np.random.default_rng(seed).standard_normal(sides)
    expected = _unfolded(layer.before, layer.ahead, layer.behind, windows)
    magnitudes = _unfolded(
        _magnitudes(layer.before), _all_magnitudes(layer.ahead), _all_magnitudes(layer.behind), abs(windows)
    )
    error = abs(layer.after.apply(windows) - expected)
    relative = np.divide(error, magnitudes, out=np.where(error > 0, math.inf, 0.0), where=magnitudes > 0)
    return ExactLayer(layer.name, layer.output, float(relative.max()))


def _unfolded(filters: Filters, ahead: Sequence[Affine], behind: Sequence[Affine], windows: Doubles) -> Doubles:
    for affine in ahead:
        windows = affine.scale[:, None, None] * windows + affine.shift[:, None, None]
    outputs = filters.apply(windows)
    for affine in behind:
        outputs = affine.scale[:, None] * outputs + affine.shift[:, None]
    return outputs


def _magnitudes(filters: Filters) -> Filters:
    return filters._replace(weights=abs(filters.weights), bias=abs(filters.bias))


def _all_magnitudes(affines: Sequence[Affine]) -> list[Affine]:
    return [Affine(abs(affine.scale), abs(affine.shift)) for affine in affines]
