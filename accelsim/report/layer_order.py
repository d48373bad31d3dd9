"""The order of layers where two variants do not have the same ones."""

from __future__ import annotations

from graphlib import TopologicalSorter
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def execution_order(variants: Iterable[Sequence[str]]) -> list[str]:
    """Return the names of all layers in an order that is that of each variant; each may lack some of them.

    Where two stand in the same place, that of the later variant comes first: what fusing took away, and then what is
    there instead.
    """
    order: TopologicalSorter[str] = TopologicalSorter()
    for names in reversed(list(variants)):
        order.add(names[0])
        for before, after in pairwise(names):
            order.add(after, before)
    return list(order.static_order())
