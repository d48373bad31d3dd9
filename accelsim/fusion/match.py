"""Which BatchNorms can be folded into a convolution beside them, and why the others cannot.

The simulator's graph and the ONNX model are both rewritten by these decisions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from accelsim.workload.graph import Graph
from accelsim.workload.nodes import BatchNorm, Conv, Linear, Node, Output, Unmodelled, Weighted


class Match(NamedTuple):
    """The decision about one BatchNorm.

    ``into`` is the convolution (or fully connected layer) that absorbs it: the one before it, or, where it lies
    ``ahead`` of the convolution, the one after. Where none does, ``reason`` says why.
    """

    batchnorm: str
    into: str | None
    reason: str = ""
    ahead: bool = False


def match_batchnorms(graph: Graph, *, clone_shared: bool = False) -> list[Match]:
    """Decide for every BatchNorm of the graph, in order.

    Parameters
    ----------
    graph
        The network.
    clone_shared
        Whether convolutions that share their weights may each get weights of their own.
    """
    return _Matcher(graph, clone_shared=clone_shared).matches()


class _Matcher:
    def __init__(self, graph: Graph, *, clone_shared: bool) -> None:
        self.graph = graph
        self.clone_shared = clone_shared
        self.readers: Mapping[str, list[str]] = graph.readers()
        self.uses_of_weights = Counter(node.weights for node in graph if isinstance(node, Weighted) and node.weights)
        self.into: dict[str, str] = {}
        """What goes into the convolution before it: BatchNorm, and convolution."""
        self.into_next: dict[str, str] = {}
        """What goes into the convolution after it."""

    def matches(self) -> list[Match]:
        batchnorms = [node for node in self.graph if isinstance(node, BatchNorm)]
        decided: dict[str, Match] = {}
        # Each after the BatchNorms before it, through which it may reach a convolution ...
        for node in batchnorms:
            decided[node.name] = match = self._behind(node)
            if match.into is not None:
                self.into[node.name] = match.into
        # ... and those that reach none the other way round.
        for node in reversed(batchnorms):
            if node.name not in self.into and not node.unfoldable:
                decided[node.name] = match = self._ahead(node, decided[node.name].reason)
                if match.into is not None:
                    self.into_next[node.name] = match.into
        return [decided[node.name] for node in batchnorms]

    def _behind(self, batchnorm: BatchNorm) -> Match:
        """Fold a BatchNorm into the convolution before it."""
        if batchnorm.unfoldable:
            return Match(batchnorm.name, None, batchnorm.unfoldable)
        source = batchnorm.inputs[0]
        producer = self.graph.nodes.get(self.into.get(source, source))
        if not isinstance(producer, Weighted):
            return Match(batchnorm.name, None, _no_convolution_before(producer))
        others = [self.graph.nodes[name] for name in self.readers[source] if name != batchnorm.name]
        if others:
            also = "an output of the network" if isinstance(others[0], Output) else f"read by '{others[0].name}'"
            return Match(batchnorm.name, None, f"'{source}' before it is also {also}")
        reason = self._refusal(producer)
        if reason:
            return Match(batchnorm.name, None, f"'{producer.name}' before it: {reason}")
        return Match(batchnorm.name, producer.name)

    def _ahead(self, batchnorm: BatchNorm, before: str) -> Match:
        """Fold a BatchNorm into the convolution after it; ``before`` is why the one before it cannot have it."""
        readers = self.readers[batchnorm.name]
        if len(readers) != 1:
            return Match(batchnorm.name, None, before)
        reader = self.graph.nodes[readers[0]]
        absorbing = self.graph.nodes[self.into_next.get(reader.name, reader.name)]
        if not isinstance(absorbing, Conv | Linear):
            return Match(batchnorm.name, None, f"{before}, and no convolution after it, but {_named(reader)}")
        reason = self._refusal(absorbing)
        if not reason and isinstance(absorbing, Conv) and any(absorbing.window.padding):
            reason = "it pads its input, with zeros that the BatchNorm would have shifted"
        if reason:
            return Match(batchnorm.name, None, f"{before}, and '{absorbing.name}' after it: {reason}")
        return Match(batchnorm.name, absorbing.name, ahead=True)

    def _refusal(self, node: Weighted) -> str:
        if node.unfoldable:
            return node.unfoldable
        shares = self.uses_of_weights[node.weights] - 1 if node.weights else 0
        if shares and not self.clone_shared:
            other = next(
                other.name
                for other in self.graph
                if isinstance(other, Weighted) and other.weights == node.weights and other is not node
            )
            return f"it shares its weights with '{other}'"
        return ""


def _no_convolution_before(producer: Node | None) -> str:
    return "it reads the network's input" if producer is None else f"no convolution before it, but {_named(producer)}"


def _named(node: Node) -> str:
    return f"{node.what if isinstance(node, Unmodelled) else node.operator} '{node.name}'"
