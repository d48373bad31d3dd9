"""Which BatchNorms can be folded into the operator before them, and why the others cannot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from accelsim.workload.graph import BatchNorm, Conv, Graph, Linear


class Match(NamedTuple):
    """The decision about one BatchNorm.

    ``into`` is the convolution (or fully connected layer) that absorbs it; where none does, ``reason`` says why.
    """

    batchnorm: str
    into: str | None
    reason: str = ""


def match_batchnorms(graph: Graph) -> list[Match]:
    """Decide for every BatchNorm of the graph, in order."""
    readers = graph.readers()
    return [_match(graph, node, readers) for node in graph if isinstance(node, BatchNorm)]


def _match(graph: Graph, batchnorm: BatchNorm, readers: Mapping[str, list[str]]) -> Match:
    source = batchnorm.inputs[0]
    producer = graph.nodes.get(source)
    if not isinstance(producer, Conv | Linear):
        what = type(producer).__name__.lower() if producer else "the network's input"
        return Match(batchnorm.name, None, f"'{source}' before it is no convolution but {what}")
    others = [name for name in readers[source] if name != batchnorm.name]
    if others:
        return Match(batchnorm.name, None, f"'{source}' is also read by '{others[0]}'")
    return Match(batchnorm.name, source)
