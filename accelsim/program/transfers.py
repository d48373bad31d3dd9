"""The order in which the DMA works (docs/microarchitecture.md, §6, program order)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from accelsim.program.operations import TransferOperation

NOTHING = -1
"""Number of a drain before the first: what waits for it waits for nothing."""


class Load(NamedTuple):
    """A load, and the last drain that has to be over before its buffer half is free.

    Loads of ifmap and weights need not say: with a lookahead of no more than their buffers' halves, the stores that
    those drains need have been issued by then.
    """

    operation: TransferOperation
    after_drain: int = NOTHING


class Step(NamedTuple):
    """The loads of one operation of the array (or of one streamed tile), in order.

    ``store`` is the store of the tile that the operation finishes, if it finishes one that is stored.
    """

    loads: list[Load]
    store: TransferOperation | None


def ordered(steps: Iterable[Step], lookahead: int, ofmap_halves: int) -> list[TransferOperation]:
    """Put loads and stores in order.

    A store is issued after the loads of the ``lookahead``-th step behind the one that finishes its tile, but before
    any load that cannot proceed without it: drain d needs an ofmap half, so store d − ``ofmap_halves`` is to come
    before whatever waits for drain d.
    """
    order: list[TransferOperation] = []
    pending: deque[tuple[int, int, TransferOperation]] = deque()
    stores = 0
    for index, step in enumerate(steps):
        for load in step.loads:
            while pending and pending[0][0] <= load.after_drain - ofmap_halves:
                order.append(pending.popleft()[2])
            order.append(load.operation)
        if step.store is not None:
            pending.append((stores, index + lookahead, step.store))
            stores += 1
        while pending and pending[0][1] <= index:
            order.append(pending.popleft()[2])
    order.extend(operation for _, _, operation in pending)
    return order
