"""What of a network has no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelsim.errors import InputError
from accelsim.workload.nodes import Unmodelled

if TYPE_CHECKING:
    from pathlib import Path

    from accelsim.workload.graph import Graph


def unmodelled_nodes(graph: Graph) -> tuple[Unmodelled, ...]:
    """Return the operators without a model, in order."""
    return tuple(node for node in graph if isinstance(node, Unmodelled))


def refuse_unmodelled(graph: Graph, path: Path) -> None:
    """Refuse a network, read from ``path``, that has operators without a model.

    Raises
    ------
    InputError
        Naming the first of them.
    """
    nodes = unmodelled_nodes(graph)
    if nodes:
        first, more = nodes[0], f" and {len(nodes) - 1} more" if len(nodes) > 1 else ""
        raise InputError(f"not modelled: '{first.name}' ({first.what}){more}; this is a strict run", path=path)
