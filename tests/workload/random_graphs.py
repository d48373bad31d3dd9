"""Random networks of all operators, for the tests that look at nothing but graphs."""

from __future__ import annotations

from random import Random
from typing import get_args

from accelsim.workload.graph import Graph
from accelsim.workload.nodes import (
    WEIGHTS_UNKNOWN,
    Activation,
    ActivationKind,
    Add,
    BatchNorm,
    Concat,
    Conv,
    Flatten,
    Linear,
    Node,
    Output,
    Pool,
    Source,
    Unmodelled,
    View,
)
from accelsim.workload.shapes import Shape, Window

OPERATORS = (Conv, Linear, BatchNorm, Activation, Add, Pool, Flatten, View, Concat, Source, Output, Unmodelled)


def random_graph(random: Random, nodes: int = 12) -> Graph:
    """Return a network whose nodes read anything before them that they can."""
    graph = Graph(f"net {random.randint(0, 99)}", _random_shape(random), [])
    for index in range(nodes):
        operator = random.choice(OPERATORS + (Conv, BatchNorm, Activation) * 2)
        graph.append(_random_node(random, operator, f"{operator.operator}{index}", graph))
    return graph


def _random_node(random: Random, operator: type[Node], name: str, graph: Graph) -> Node:
    source = random.choice([next(reversed(graph.shapes)), random.choice(list(graph.shapes))])
    shape = graph.shapes[source]
    reads = (source,)
    weights = random.choice([None, None, "shared", name])
    unfoldable = random.choice(["", "", "its weights are computed"])
    bias = random.random() < 0.5
    if operator is Conv:
        window = _random_window(random, shape)
        groups = random.choice([size for size in range(1, shape.channels + 1) if shape.channels % size == 0])
        outputs = groups * random.randint(1, 3)
        return Conv(
            name=name,
            inputs=reads,
            in_channels=shape.channels,
            out_channels=outputs,
            window=window,
            groups=groups,
            bias=bias,
            weights=weights,
            unfoldable=unfoldable,
        )
    if operator is Linear:
        return Linear(
            name=name,
            inputs=reads,
            in_features=shape.elements,
            out_features=random.randint(1, 9),
            bias=bias,
            weights=weights,
            unfoldable=unfoldable,
        )
    if operator is BatchNorm:
        return BatchNorm(name=name, inputs=reads, unfoldable=unfoldable)
    if operator is Activation:
        return Activation(name=name, inputs=reads, kind=random.choice(get_args(ActivationKind)))
    if operator is Pool:
        window_or_all = random.choice([_random_window(random, shape), None])
        return Pool(name=name, inputs=reads, kind=random.choice(["max", "avg"]), window=window_or_all)
    if operator is View:
        return View(name=name, inputs=reads, shape=Shape(random.randint(1, shape.channels), shape.height, shape.width))
    if operator is Concat:
        return Concat(name=name, inputs=reads * random.randint(2, 3), axis=random.choice(["channels", "width"]))
    if operator is Source:
        return Source(name=name, inputs=(), shape=_random_shape(random))
    if operator is Unmodelled:
        return Unmodelled(
            name=name,
            inputs=tuple(random.sample(list(graph.shapes), k=random.randint(0, min(2, len(graph.shapes))))),
            what=random.choice(["LRN", "Resize"]),
            shape=_random_shape(random),
            operations=random.choice([0, 12_345]),
            bias=bias,
            weights=weights,
            unfoldable=random.choice(["", WEIGHTS_UNKNOWN, "it is odd"]),
        )
    if operator is Add:
        same = [other for other, found in graph.shapes.items() if found == shape]
        return Add(name=name, inputs=(source, random.choice(same)))
    return operator(name=name, inputs=reads)


def _random_shape(random: Random) -> Shape:
    return Shape(random.randint(1, 6), random.choice([1, 5, 8]), random.choice([1, 5, 8]))


def _random_window(random: Random, shape: Shape) -> Window:
    """Return a window that fits the shape."""
    kernel = (random.randint(1, min(3, shape.height)), random.randint(1, min(3, shape.width)))
    sides = [random.randint(0, size - 1) for size in kernel]
    padding = random.choice([(0, 0, 0, 0), (sides[0], sides[1], sides[0], sides[1]), (sides[0], 0, 0, sides[1])])
    stride = random.choice([(1, 1), (2, 2), (2, 1), kernel])
    return Window(kernel, stride, padding, random.choice([(1, 1), (1, 1), (1, 2)]) if kernel[1] == 1 else (1, 1))
