"""What is left of a network's outputs when weights and activations are integers: unfused, and fused in two ways."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx

from accelsim.errors import InputError
from accelsim.fusion.apply_onnx import fuse_model
from accelsim.quantisation.layer import VARIANTS, Variant, Widths, needed_psum_bits
from accelsim.quantisation.network import Plan, integer_layers, plan_network, quantised_network
from accelsim.quantisation.symmetric import steps
from accelsim.validation.inputs import Inputs, image_shape, random_inputs
from accelsim.validation.numerics import compared_tensors, difference
from accelsim.validation.runtime import run_each
from accelsim.workload.onnx_frontend.constants import Array

CALIBRATION_IMAGES = 8
"""That the steps of activations are measured on, where they are random."""


COMPARED_IMAGES = 16
"""That models are compared on, where they are random and no other number is given."""


class VariantAccuracy(NamedTuple):
    """How far a tensor of a quantised model is from the original in float.

    Parameters
    ----------
    widths
        Bits of everything.
    variant
        How BatchNorm is done.
    tensor
        Its name.
    sqnr_db
        Signal to quantisation noise.
    same_top1
        Of how many images the largest value is the same class; ``None`` where the tensor has no classes.
    images
        Of how many.
    psum_bits
        How many hold every psum of every layer, whatever is fed.
    coarser_channels
        Output channels whose weights were made coarser, so that their bias fits.
    """

    widths: Widths
    variant: Variant
    tensor: str
    sqnr_db: float
    same_top1: int | None
    images: int
    psum_bits: int
    coarser_channels: int


def accuracy(
    model: onnx.ModelProto,
    path: Path,
    widths: Sequence[Widths],
    *,
    seed: int,
    images: int = COMPARED_IMAGES,
    inputs: Inputs | None = None,
    input_shape: tuple[int, int, int] | None = None,
    percentile: float = 100.0,
    clone_shared: bool = False,
) -> list[VariantAccuracy]:
    """Quantise weights and activations of a model in every variant, execute it, and compare it with the model in float.

    Steps of activations are those with which the largest magnitude that was seen in calibrating, or a percentile of the
    magnitudes, is the largest integer. What is calibrated on has another seed than what is compared, one higher.

    Parameters
    ----------
    model
        The model, with its weights, in float32; sparse or pruned already, if it is to be.
    path
        Its file, for errors.
    widths
        Bits of everything, for each comparison.
    seed
        Of the random inputs.
    images
        Random inputs to compare, where the model leaves its batch open.
    inputs
        What to feed instead of random inputs; steps are measured on the same.
    input_shape
        Sides of an image that the model leaves open.
    percentile
        Of the magnitudes of an image, of which the largest over all images counts; 100 is the maximum.
    clone_shared
        Whether convolutions that share their weights may each get weights of their own.

    Returns
    -------
    list
        For each of the widths and each variant, all outputs, and what probabilities are made of.

    Raises
    ------
    InputError
        If the model or the inputs are at fault, or onnxruntime cannot execute a model.
    """
    if inputs is None:
        fed = random_inputs(model, path, seed, batch=_open_batch(model, images), input_shape=input_shape)
        shown = random_inputs(
            model, path, seed + 1, batch=_open_batch(model, CALIBRATION_IMAGES), input_shape=input_shape
        )
    else:
        fed = shown = inputs
    shape = image_shape(fed) or input_shape
    plan = plan_network(fuse_model(model, path, shape, clone_shared=clone_shared), path, shape)
    largest = _magnitudes(plan, _one_by_one(model, shown), path, percentile)
    _refuse_integers(plan, largest, path)
    one_by_one = _one_by_one(model, fed)
    tensors = tuple(compared_tensors(model))
    expected = _joined(run_each(model, one_by_one, path, tensors), tensors)
    found = []
    for bits in widths:
        of_tensor = {name: float(steps(value, bits.activation_bits)) for name, value in largest.items()}
        for variant in VARIANTS:
            layers = integer_layers(plan, of_tensor, variant, bits)
            quantised = quantised_network(plan, of_tensor, layers, bits)
            results = _joined(run_each(quantised, one_by_one, path, tensors), tensors)
            psum_bits = max((needed_psum_bits(layer, bits) for layer in layers.values()), default=0)
            coarser = sum(int((layer.coarser_bits > 0).sum()) for layer in layers.values())
            for name in tensors:
                sqnr_db = difference(name, expected[name], results[name]).sqnr_db
                same, of = _same_top1(expected[name], results[name])
                found.append(VariantAccuracy(bits, variant, name, sqnr_db, same, of, psum_bits, coarser))
    return found


def _refuse_integers(plan: Plan, largest: Mapping[str, float], path: Path) -> None:
    for layer in plan.layers:
        if layer.source not in largest:
            message = (
                f"layer '{layer.name}' reads integers ('{layer.source}'), which have no step: feed the model floats"
            )
            raise InputError(message, path=path)


def _same_top1(expected: Array, found: Array) -> tuple[int | None, int]:
    """Return of how many images the class is the same, where there are classes, and how many images there are."""
    images = len(expected) if expected.ndim else 1
    if expected.ndim < 2 or expected.shape[1] < 2 or expected.size != images * expected.shape[1]:
        return None, images
    return int((expected.argmax(axis=1) == found.argmax(axis=1)).sum()), images


def _open_batch(model: onnx.ModelProto, images: int) -> int | None:
    return images if _has_open_batch(model) else None


def _has_open_batch(model: onnx.ModelProto) -> bool:
    """Whether the file leaves the batch of all that it is fed open."""
    weights = {tensor.name for tensor in model.graph.initializer}
    fed = [value.type.tensor_type.shape.dim for value in model.graph.input if value.name not in weights]
    return all(sides and sides[0].dim_value <= 0 for sides in fed)


def _one_by_one(model: onnx.ModelProto, inputs: Inputs) -> list[Inputs]:
    """Return inputs image by image, where the model leaves its batch open: so activations take little memory."""
    images = {len(array) if array.ndim else 0 for array in inputs.values()}
    if len(images) != 1 or not _has_open_batch(model):
        return [inputs]
    return [{name: array[image : image + 1] for name, array in inputs.items()} for image in range(images.pop())]


def _joined(runs: Iterable[dict[str, Array]], tensors: Sequence[str]) -> dict[str, Array]:
    found = list(runs)
    return {
        name: np.concatenate([run[name] for run in found]) if len(found) > 1 else found[0][name] for name in tensors
    }


def _magnitudes(plan: Plan, inputs: Sequence[Inputs], path: Path, percentile: float) -> dict[str, float]:
    """Return the magnitude of every tensor that is to have a step; those of integers have none."""
    inside = [name for name in plan.scaled if name not in inputs[0]]
    largest: dict[str, float] = {}
    for fed, run in zip(inputs, run_each(plan.model, inputs, path, inside), strict=True):
        for name in plan.scaled:
            values = fed[name] if name in fed else run[name]
            if values.dtype.kind == "f":
                largest[name] = max(largest.get(name, 0.0), _magnitude(values, percentile))
    return largest


def _magnitude(values: Array, percentile: float) -> float:
    magnitudes = np.abs(values)
    return float(magnitudes.max(initial=0) if percentile == 100 else np.percentile(magnitudes, percentile))
