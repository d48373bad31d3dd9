"""Little graphs with convolutions and BatchNorms; all feature maps have 4 channels."""

from __future__ import annotations

from accelsim.workload.graph import Graph
from accelsim.workload.nodes import Activation, BatchNorm, Conv, Node
from accelsim.workload.shapes import Shape, Window


def conv(name: str, source: str, *, bias: bool = False) -> Conv:
    return Conv(name=name, inputs=(source,), in_channels=4, out_channels=4, window=Window(), bias=bias)


def bn(name: str, source: str) -> BatchNorm:
    return BatchNorm(name=name, inputs=(source,))


def relu(name: str, source: str) -> Activation:
    return Activation(name=name, inputs=(source,), kind="relu")


def graph(*nodes: Node) -> Graph:
    return Graph("test", Shape(4, 6, 6), nodes)
