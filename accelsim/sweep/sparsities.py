"""Which sparsities of weights the arrays of a sweep have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelsim.config.sparsity import DENSE, Sparsity, read_sparsity
from accelsim.sweep.space import with_value

if TYPE_CHECKING:
    from accelsim.sweep.definition import Definition

SPARSITY = ("machine", "array", "sparsity")


def sparsities(definition: Definition) -> list[Sparsity]:
    """Return the sparsities of the base, or those that an axis gives instead, each once, in their order."""
    varied = [
        with_value(definition.base, keys, together[column])
        for axis in definition.axes
        for column, keys in enumerate(axis.keys)
        if keys == SPARSITY[: len(keys)]  # a section holds it too
        for together in axis.levels
    ]
    arrays = [settings["machine"]["array"] for settings in varied or [definition.base]]
    return list(dict.fromkeys(read_sparsity(array.get("sparsity", str(DENSE))) for array in arrays))
