"""A network written in the YAML workload format, one layer a line."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from ruamel.yaml.representer import SafeRepresenter

from accelsim.documents.core_yaml import core_yaml
from accelsim.documents.new_file import write_new_file
from accelsim.errors import InputError
from accelsim.workload.graph import INPUT, Graph
from accelsim.workload.nodes import (
    WEIGHTS_UNKNOWN,
    Activation,
    BatchNorm,
    Concat,
    Conv,
    Linear,
    Node,
    Pool,
    Source,
    Unmodelled,
    View,
    Weighted,
)
from accelsim.workload.shapes import Shape, Window, ZeroKernels
from accelsim.workload.yaml_frontend import read_workload

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ruamel.yaml import YAML
    from ruamel.yaml.nodes import ScalarNode


def write_workload(graph: Graph, path: Path, source: str | None = None, *, force: bool = False) -> None:
    """Write a network as a YAML file, which is read back before it takes its place.

    Parameters
    ----------
    graph
        The network.
    path
        The file to write.
    source
        Where the network is from.
    force
        Whether a file that is there is replaced.

    Raises
    ------
    InputError
        If the file cannot be written there, or the format has no room for the network.
    """

    def write(fresh: Path) -> None:
        fresh.write_text(workload_yaml(graph, source), encoding="utf-8")
        try:
            read_workload(fresh)
        except InputError as error:
            fault = ": ".join(filter(None, (error.key, error.message)))
            raise InputError(f"the network does not go into a YAML file: {fault}", path=path) from None

    write_new_file(path, write, force=force)


def workload_yaml(graph: Graph, source: str | None = None) -> str:
    """Return a network in the YAML workload format, defaults left out.

    Parameters
    ----------
    graph
        The network. Its names have to be names that the format knows: printable, of at most 200 characters, and not
        ``input``.
    source
        Where the network is from.

    Raises
    ------
    ValueError
        If BatchNorms have been folded into the graph, for which the format has no words: write the network itself.
    """
    writer = _line_writer()
    lines = [_line(writer, {"name": graph.name})[1:-1]]
    if source is not None:
        lines.append(_line(writer, {"source": source})[1:-1])
    lines += [f"input: {_line(writer, _sides(graph.input_shape))}", "layers:"]
    previous = INPUT
    for node in graph:
        lines.append(f"  - {_line(writer, _entry(node, previous))}")
        previous = node.name
    return "\n".join(lines) + "\n"


class _Representer(SafeRepresenter):
    """Writes plain data; quotes all text but the plainest, since ruamel leaves ``?0`` bare inside braces."""


_PLAINEST = re.compile(r"[\w/.][\w/.:+-]*( [\w/.+-]+)*", re.ASCII)


def _represented(representer: _Representer, text: str) -> ScalarNode:
    style = None if _PLAINEST.fullmatch(text) else '"'
    node: ScalarNode = representer.represent_scalar("tag:yaml.org,2002:str", text, style=style)
    return node


_Representer.add_representer(str, _represented)


def _line_writer() -> YAML:
    yaml = core_yaml()
    yaml.Representer = _Representer
    yaml.default_flow_style = True
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # declared by its default, None
    yaml.width = 2**16
    return yaml


def _line(writer: YAML, entry: dict[str, Any]) -> str:
    text = io.StringIO()
    writer.dump(entry, text)
    return text.getvalue().rstrip("\n")


def _entry(node: Node, previous: str) -> dict[str, Any]:
    """Return what the file says of a node."""
    entry: dict[str, Any] = {"name": node.name, "op": _op(node)}
    if node.inputs != (previous,) and not isinstance(node, Source):
        entry["inputs"] = list(node.inputs)
    if isinstance(node, Conv):
        entry["out_channels"] = node.out_channels
        entry |= _window(node.window, usual_stride=(1, 1)) | _given(groups=(node.groups, 1), bias=(node.bias, False))
        entry |= _zero_weights(node.zero_kernels)
    elif isinstance(node, Linear):
        entry |= {"out_features": node.out_features} | _given(bias=(node.bias, True))
        entry |= _zero_weights(node.zero_kernels)
    elif isinstance(node, Pool) and node.window:
        entry |= _window(node.window, usual_stride=node.window.kernel)
    elif isinstance(node, Concat):
        entry |= _given(axis=(node.axis, "channels"))
    elif isinstance(node, View):
        entry["shape"] = list(node.shape)
    elif isinstance(node, Source):
        entry |= _sides(node.shape)
    elif isinstance(node, Unmodelled):
        entry |= {"operator": node.what, "shape": list(node.shape)}
        entry |= _given(operations=(node.operations, 0), bias=(node.bias, False))
    return entry | _foldability(node)


def _zero_weights(blocks: Sequence[ZeroKernels]) -> dict[str, Any]:
    """Return the key, if there are any."""
    entries = [
        {"outputs": _range(block.first_output, block.end_output), "inputs": _range(block.first_input, block.end_input)}
        for block in blocks
    ]
    return {"zero_weights": entries} if entries else {}


def _range(first: int, end: int) -> int | str:
    return first if end == first + 1 else f"{first}-{end - 1}"


def _op(node: Node) -> str:
    if isinstance(node, Activation):
        return node.kind
    if isinstance(node, Pool):
        return f"{node.kind}pool" if node.window else f"global_{node.kind}pool"
    return node.operator


def _given(**values: tuple[Any, Any]) -> dict[str, Any]:
    """Return those values, each given with its default, that are not the default."""
    return {key: value for key, (value, default) in values.items() if value != default}


def _foldability(node: Node) -> dict[str, Any]:
    if isinstance(node, BatchNorm):
        return _given(unfoldable=(node.unfoldable, ""))
    if not isinstance(node, Weighted):
        return {}
    if node.folded or node.folded_ahead:
        raise ValueError(f"'{node.name}' has absorbed BatchNorms, which a YAML network cannot say")
    usual = WEIGHTS_UNKNOWN if isinstance(node, Unmodelled) else ""
    return _given(weights=(node.weights, None), unfoldable=(node.unfoldable, usual))


def _sides(shape: Shape) -> dict[str, int]:
    return {"channels": shape.channels} | _given(height=(shape.height, 1), width=(shape.width, 1))


def _window(window: Window, usual_stride: tuple[int, int]) -> dict[str, Any]:
    usual = Window()
    sizes = {"kernel": window.kernel} | _given(
        stride=(window.stride, usual_stride),
        padding=(window.padding, usual.padding),
        dilation=(window.dilation, usual.dilation),
    )
    return {key: _shortest(size) for key, size in sizes.items()}


def _shortest(sizes: Sequence[int]) -> int | list[int]:
    """Return one number where all are equal, a pair where opposite sides are."""
    if len(set(sizes)) == 1:
        return sizes[0]
    return list(sizes[:2] if sizes[:2] == sizes[2:] else sizes)
