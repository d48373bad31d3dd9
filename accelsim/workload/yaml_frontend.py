"""The YAML workload format: a list of layers, each validated by the model of its operator.

.. code-block:: yaml

    name: tiny
    source: "where the network comes from"            # optional
    input: {channels: 3, height: 32, width: 32}
    layers:
      - {name: conv1, op: conv, out_channels: 8, kernel: 3, padding: 1}
      - {name: bn1, op: batchnorm}
      - {name: relu, op: relu}
      - {name: sum, op: add, inputs: [relu, conv1]}

A layer without ``inputs`` reads the layer before it, the first one the network's ``input``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from accelsim.documents.validation import validated
from accelsim.documents.wording import described, shortened
from accelsim.documents.yaml_document import Keys, YamlDocument, read_yaml
from accelsim.errors import did_you_mean
from accelsim.workload.graph import INPUT, Graph
from accelsim.workload.nodes import GraphError, Node
from accelsim.workload.yaml_layers import MODELS, Entry, InputEntry, LayerEntry, Name


class _Network(Entry):
    name: Name
    source: str | None = Field(None, description="where the network is published")
    input: InputEntry
    layers: list[dict[str, Any]] = Field(min_length=1)


def read_workload(path: Path) -> Graph:
    """Read a network from a YAML file.

    Parameters
    ----------
    path
        The file; the format is shown at the top of this module and in the README.

    Returns
    -------
    Graph
        The network with all shapes inferred.

    Raises
    ------
    InputError
        With file and line, on anything that is not a network whose shapes chain.
    """
    document = read_yaml(path)
    network = validated(_Network, document)
    try:
        graph = Graph(network.name, network.input.shape, ())
    except GraphError as error:
        raise document.error(("input",), error.message) from None
    previous = INPUT
    for index, entry in enumerate(network.layers):
        keys: Keys = ("layers", index)
        layer = validated(_model_of(document, entry, keys), document, entry, keys)
        try:
            graph.append(_node(layer, graph, previous))
        except GraphError as error:
            raise document.error(keys, str(error)) from None
        previous = layer.name
    return graph


def _model_of(document: YamlDocument, entry: dict[str, Any], keys: Keys) -> type[LayerEntry]:
    if "op" not in entry:
        raise document.error((*keys, "op"), f"is missing (one of {', '.join(MODELS)})")
    op = entry["op"]
    if not isinstance(op, str):
        raise document.error((*keys, "op"), f"must be the name of an operator, not {described(op)}")
    if op not in MODELS:
        known = f"{did_you_mean(op, MODELS)} (known operators: {', '.join(MODELS)})"
        raise document.error((*keys, "op"), f"unknown operator '{shortened(op)}'{known}")
    return MODELS[op]


def _node(layer: LayerEntry, graph: Graph, previous: str) -> Node:
    inputs = layer.sources(previous)
    return layer.node(inputs, arriving=tuple(graph.shape_read(source, layer.name) for source in inputs))
