"""Operators that scale and shift channel by channel: BatchNormalization, and arithmetic with constants.

Caffe's BatchNorm has neither γ nor β; in exported models they follow as a Mul and an Add.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx

from accelsim.workload.affine import Affine, batchnorm_affine
from accelsim.workload.onnx_frontend.constants import Constants

ARITHMETIC = frozenset({"Mul", "Add", "Sub", "Div"})

_EPSILON = 1e-5  # ONNX's default


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """Return the attributes of an operator by name."""
    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}


def moving_input(node: onnx.NodeProto, constants: Constants) -> str | None:
    """Return the one input of an operator that is no constant, where there is just one."""
    moving = [name for name in node.input if name and name not in constants]
    return moving[0] if len(moving) == 1 else None


def is_by_channel(node: onnx.NodeProto, shapes: Mapping[str, Sequence[int]], constants: Constants, axis: int) -> bool:
    """Whether arithmetic with a constant is a scale or a shift by channel, the channels lying along ``axis``."""
    moving = moving_input(node, constants)
    if node.op_type not in ARITHMETIC or moving is None or moving not in shapes:
        return False
    if node.op_type == "Div" and node.input[0] != moving:
        return False
    sides = shapes[moving]
    constant = shapes.get(_constant_input(node, moving))
    if constant is None or not 1 < len(sides) >= len(constant):
        return False
    aligned = [1] * (len(sides) - len(constant)) + list(constant)
    axis %= len(sides)
    return aligned[axis] in (1, sides[axis]) and math.prod(aligned) == aligned[axis]


def affine_of(node: onnx.NodeProto, constants: Constants, channels: int) -> Affine:
    """Return what a BatchNormalization, or arithmetic by channel, does.

    Raises
    ------
    ValueError
        If parameters are not such that it can be done ahead of time.
    ValuesAbsentError
        If they are not in the file.
    """
    if node.op_type == "BatchNormalization":
        gamma, beta, mean, variance = (constants.values(name) for name in node.input[1:5])
        return batchnorm_affine(gamma, beta, mean, variance, attributes(node).get("epsilon", _EPSILON))
    moving = moving_input(node, constants)
    constant = constants.values(_constant_input(node, str(moving)))
    values = np.broadcast_to(constant.astype(np.float64).reshape(-1), (channels,))
    if not np.isfinite(values).all() or (node.op_type == "Div" and not values.all()):
        raise ValueError(f"the constant of its {node.op_type} is not finite, or zero")
    ones, zeros = np.ones_like(values), np.zeros_like(values)
    if node.op_type == "Mul":
        return Affine(values, zeros)
    if node.op_type == "Div":
        return Affine(1 / values, zeros)
    if node.op_type == "Add":
        return Affine(ones, values)
    return Affine(ones, -values) if node.input[0] == moving else Affine(-ones, values)


def _constant_input(node: onnx.NodeProto, moving: str) -> str:
    constants: list[str] = [name for name in node.input if name != moving]
    return constants[0]


def why_unfoldable(
    node: onnx.NodeProto, shapes: Mapping[str, Sequence[int]], constants: Constants, channels: int
) -> str:
    """Return why a BatchNormalization cannot be done ahead of time, as far as that is its own matter; else ``""``."""
    options = attributes(node)
    if options.get("training_mode") or len([name for name in node.output if name]) > 1:
        return "it is in training mode"
    if options.get("spatial", 1) == 0:
        return "it normalises every position by itself (spatial = 0)"
    for name, parameter in zip(("scale", "bias", "mean", "variance"), node.input[1:5], strict=True):
        if parameter not in constants:
            return f"its {name} is fed or computed at run time"
        if list(shapes.get(parameter, [channels])) != [channels]:
            return f"its {name} has shape {list(shapes[parameter])} for {channels} channels"
    return ""
