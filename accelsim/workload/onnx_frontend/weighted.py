"""Convolutions and products with weights, and the constants that are added behind them."""

from __future__ import annotations

import math
from typing import NamedTuple, TypedDict

from accelsim.workload.nodes import Conv, GraphError, Linear, View
from accelsim.workload.onnx_frontend.affine import attributes, is_by_channel, moving_input
from accelsim.workload.onnx_frontend.reading import Reading, printable
from accelsim.workload.onnx_frontend.windows import pads_whole_windows, window_of
from accelsim.workload.onnx_frontend.zero_kernels import zero_kernels
from accelsim.workload.shapes import Shape, Window, ZeroKernels


class WeightFields(TypedDict):
    """What a node says of its weights; see :class:`accelsim.workload.nodes.Weighted`."""

    bias: bool
    weights: str | None
    unfoldable: str


class WithBias(NamedTuple):
    """Operators that are one layer: a product, and additions of constants; and the tensor that is their result."""

    origin: tuple[int, ...]
    result: str
    fields: WeightFields


def conv(reading: Reading, index: int) -> bool:
    """Conv over one or two dimensions."""
    node = reading.wiring.nodes[index]
    source, weights = reading.sides(node.input[0]), reading.sides(node.input[1])
    options = attributes(node)
    groups = options.get("group", 1)
    if groups < 1:
        raise GraphError(reading.name_of(index), f"has {groups} groups")
    if len(source) not in (3, 4) or len(weights) != len(source) or not reading.has_batch(node.input[0]):
        return False
    padded = reading.padded.get(node.input[0])
    window = window_of(options, weights[2:], source[2:], reading.sides(node.output[0])[2:], padded)
    if pads_whole_windows(window):
        return False
    layer = with_bias(reading, index, weights[0], axis=1)
    node_of_graph = Conv(
        name=reading.name_of(index),
        inputs=reading.reads(node.input[0]),
        in_channels=weights[1] * groups,
        out_channels=weights[0],
        window=window,
        groups=groups,
        zero_kernels=_zero_kernels(reading, node.input[1]),
        **layer.fields,
    )
    reading.deliver(layer.result, node_of_graph, *layer.origin)
    return True


def gemm(reading: Reading, index: int) -> bool:
    """Gemm of features with weights."""
    node, options = reading.wiring.nodes[index], attributes(reading.wiring.nodes[index])
    if reading.moving(index)[:1] != [node.input[0]] or options.get("transA") or node.input[1] not in reading.constants:
        return False
    sides = reading.sides(node.input[1])
    features = sides[0] if options.get("transB") else sides[1]
    addend = reading.sides(node.input[2]) if len(node.input) > 2 and node.input[2] else ()
    by_row = len(addend) == 2 and addend[0] > 1
    return not by_row and _product(reading, index, features, outputs_first=bool(options.get("transB")))


def matmul(reading: Reading, index: int) -> bool:
    """MatMul of features with a matrix of weights."""
    node = reading.wiring.nodes[index]
    if reading.moving(index) != [node.input[0]] or len(reading.sides(node.input[1])) != 2:
        return False
    return _product(reading, index, reading.sides(node.input[1])[1], outputs_first=False)


def _product(reading: Reading, index: int, out_features: int, *, outputs_first: bool) -> bool:
    """Append a fully connected layer; on several vectors of an image it is a convolution of 1x1 over them.

    ``outputs_first`` says that the rows of the weights are those of output features.
    """
    node = reading.wiring.nodes[index]
    source, sides = reading.image(node.input[0]), reading.sides(node.input[0])
    in_features = sides[-1]
    if len(sides) < 2 or source.elements % in_features:
        return False
    vectors = source.elements // in_features
    layer = with_bias(reading, index, out_features, axis=-1)
    name = reading.name_of(index)
    inputs = reading.reads(node.input[0])
    zeros = _zero_kernels(reading, node.input[1], outputs_first=outputs_first)
    is_direct = len(sides) == 2 and vectors == 1
    if not is_direct:  # with a view on either side, even one that keeps the shape: the features are no channels there
        turned = View(name=reading.unique(f"{name}.vectors"), inputs=inputs, shape=Shape(in_features, 1, vectors))
        reading.append(turned)
        inputs = (turned.name,)
    product = (
        Linear(
            name=name,
            inputs=inputs,
            in_features=in_features,
            out_features=out_features,
            zero_kernels=zeros,
            **layer.fields,
        )
        if vectors == 1
        else Conv(
            name=name,
            inputs=inputs,
            in_channels=in_features,
            out_channels=out_features,
            window=Window(),
            zero_kernels=zeros,
            **layer.fields,
        )
    )
    if is_direct:
        reading.deliver(layer.result, product, *layer.origin)
    else:
        reading.append(product, *layer.origin)
        shape = reading.image(layer.result)
        reading.deliver(layer.result, View(name=reading.unique(f"{name}.result"), inputs=(name,), shape=shape))
    return True


def with_bias(reading: Reading, index: int, channels: int, axis: int) -> WithBias:
    """Return an operator with weights and the additions behind it of a constant by channel, which are its bias."""
    node = reading.wiring.nodes[index]
    origin, result = [index], node.output[0]
    following = reading.wiring.sole_reader(result)
    while following is not None and _is_bias(reading, following, channels, axis):
        origin.append(following)
        reading.done.add(following)
        result = reading.wiring.nodes[following].output[0]
        following = reading.wiring.sole_reader(result)
    has_bias = len(origin) > 1 or any(node.input[2:3])
    fields = WeightFields(
        bias=has_bias, weights=_shared_name(reading, node.input[1]), unfoldable=_why_unfoldable(reading, index)
    )
    return WithBias(tuple(origin), result, fields)


def _zero_kernels(reading: Reading, weights: str, *, outputs_first: bool = True) -> tuple[ZeroKernels, ...]:
    """Return the zero kernels of weights; none where the values are not in the file."""
    values = reading.constants.values_at_hand(weights)
    if values is None:
        return ()
    return zero_kernels(values if outputs_first else values.T)


def _shared_name(reading: Reading, weights: str) -> str | None:
    """Return the name of weights that others read, too; those of a single layer need none."""
    is_shared = len(reading.wiring.readers[weights]) > 1
    return printable(weights) if is_shared else None


def _is_bias(reading: Reading, index: int, channels: int, axis: int) -> bool:
    node = reading.wiring.nodes[index]
    moving = moving_input(node, reading.constants)
    if node.op_type != "Add" or moving is None or reading.is_part_of_another(index):
        return False
    constant = next(name for name in node.input if name != moving)
    return (
        is_by_channel(node, reading.shapes, reading.constants, axis) and math.prod(reading.sides(constant)) == channels
    )


def _why_unfoldable(reading: Reading, index: int) -> str:
    node = reading.wiring.nodes[index]
    for what, name in zip(("weights are", "bias is"), node.input[1:3], strict=False):
        if name and name not in reading.constants:
            return f"its {what} fed or computed at run time"
    maker = reading.wiring.producer.get(node.input[1])
    if maker is not None and reading.wiring.nodes[maker].op_type == "DequantizeLinear":
        return "its weights are quantised"
    return ""
