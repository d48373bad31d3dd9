"""Operators without a model: what they deliver, and an estimate of what they compute."""

from __future__ import annotations

import math

from accelsim.workload.nodes import Unmodelled
from accelsim.workload.onnx_frontend.affine import attributes
from accelsim.workload.onnx_frontend.reading import Reading
from accelsim.workload.onnx_frontend.weighted import with_bias

_MAC_OPS = 2

_ABSORBING = ("Conv", "ConvTranspose")
"""Operators without a model into whose weights a BatchNorm can be folded all the same."""


_WEIGHTS_OF_CONVOLUTIONS = {"Conv": 1, "ConvInteger": 1, "QLinearConv": 3}
"""Which input the weights are."""

_PRODUCTS = ("MatMul", "Gemm", "MatMulInteger", "QLinearMatMul")
_RECURRENT = ("LSTM", "GRU", "RNN", "DynamicQuantizeLSTM")


def unmodelled(reading: Reading, index: int) -> None:
    """Append an operator by name; all that it computes is counted with its first result."""
    node = reading.wiring.nodes[index]
    inputs = tuple(dict.fromkeys(reading.reads(*reading.moving(index))))
    operations = _operations(reading, index)
    name = reading.name_of(index)
    if node.op_type in _ABSORBING and len(node.input) > 1:
        channels = reading.sides(node.output[0])[1]
        layer = with_bias(reading, index, channels, axis=1)
        absorbing = Unmodelled(
            name=name,
            inputs=inputs,
            what=node.op_type,
            shape=reading.image(node.output[0]),
            operations=operations,
            **layer.fields,
        )
        reading.deliver(layer.result, absorbing, *layer.origin)
        return
    wanted = [name for name in node.output if name in reading.wiring.readers or name in reading.wiring.outputs]
    for number, tensor in enumerate(wanted):
        result = Unmodelled(
            name=name if number == 0 else reading.unique(f"{name}.{number}"),
            inputs=inputs,
            what=node.op_type,
            shape=reading.image(tensor),
            operations=operations if number == 0 else 0,
        )
        reading.deliver(tensor, result, index)


def _operations(reading: Reading, index: int) -> int:
    """Estimate the operations of one image: exact for products, else one for each element that it reads or writes."""
    node, batch = reading.wiring.nodes[index], reading.batch
    moving = reading.moving(index)
    read = max((math.prod(reading.sides(name)) for name in moving), default=0)
    written = sum(math.prod(reading.sides(name)) for name in node.output if name)
    if node.op_type in _WEIGHTS_OF_CONVOLUTIONS:
        weights = reading.sides(node.input[_WEIGHTS_OF_CONVOLUTIONS[node.op_type]])
        return _MAC_OPS * written * math.prod(weights[1:]) // batch
    if node.op_type == "ConvTranspose":
        return _MAC_OPS * math.prod(reading.sides(node.input[0])) * math.prod(reading.sides(node.input[1])[1:]) // batch
    if node.op_type in _PRODUCTS:
        inner = reading.sides(node.input[0])[0 if attributes(node).get("transA") else -1]
        return _MAC_OPS * written * inner // batch
    if node.op_type in _RECURRENT:
        steps = reading.sides(node.input[0])[0]
        return _MAC_OPS * steps * sum(math.prod(reading.sides(name)) for name in node.input[1:3])
    if node.op_type == "LRN":
        # a square, a sum over the window, and a multiplication, an addition, a power and a division for each element
        window: int = attributes(node)["size"]
        return read * (window + 4) // batch
    return max(read, written) // batch
