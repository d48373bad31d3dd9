"""Actions: what is counted, and priced (docs/energy.md)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from accelsim.config.run import Variant

Component = Literal[
    "conv_array",
    "accumulator",
    "bn_stage",
    "requantizer",
    "residual_add",
    "pooling",
    "activation",
    "ifmap_buffer",
    "weight_buffer",
    "parameter_buffer",
    "residual_buffer",
    "ofmap_buffer",
    "dram",
]
"""What acts. A function unit's arithmetic stands under the name of the stage whose work it does."""

COMPONENTS: tuple[Component, ...] = get_args(Component)

Verb = Literal["multiply", "add", "compare", "read", "write"]
"""What is done; a subtraction is an addition."""

VERBS: tuple[Verb, ...] = get_args(Verb)

BYTE_BITS = 8
"""Width of what the DMA moves."""


@dataclass(frozen=True, slots=True)
class Action:
    """Equal actions of a component."""

    component: Component
    action: Verb
    width_bits: int
    """Width of an operand, or of the word read or written."""
    by_bits: int
    """Width of the other operand of a multiplication; 0 of everything else."""
    count: int


class LayerActions(NamedTuple):
    """All actions of one layer, in one variant of the network."""

    variant: Variant
    layer: str
    actions: tuple[Action, ...]


def action(component: Component, verb: Verb, width_bits: int, count: int, by_bits: int = 0) -> Action:
    """Return an action that, but for a multiplication, has operands of one width."""
    return Action(component, verb, width_bits, by_bits, count)


def summed(actions: Iterable[Action]) -> tuple[Action, ...]:
    """Put equal actions together, in the order of ``COMPONENTS`` and ``VERBS``; what never happens is left out."""
    counts: dict[_Kind, int] = {}
    for found in actions:
        kind = _Kind(found.component, found.action, found.width_bits, found.by_bits)
        counts[kind] = counts.get(kind, 0) + found.count
    return tuple(Action(*kind, counts[kind]) for kind in sorted(counts, key=_place) if counts[kind])


class _Kind(NamedTuple):
    """What equal actions have in common."""

    component: Component
    action: Verb
    width_bits: int
    by_bits: int


def _place(kind: _Kind) -> tuple[int, int, int, int]:
    return COMPONENTS.index(kind.component), VERBS.index(kind.action), kind.width_bits, kind.by_bits
