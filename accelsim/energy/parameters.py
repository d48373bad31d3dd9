"""How often parameter words are read: a lane keeps those of its channel until it turns to another."""

from __future__ import annotations

from collections.abc import Iterable

from accelsim.config.machine import MachineConfig
from accelsim.energy.tiles import TileClass
from accelsim.timing.integers import larger, smaller
from accelsim.timing.work import Block


def parameter_reads(machine: MachineConfig, classes: Iterable[TileClass], lanes: int) -> int:
    """Reads of one word of the channels as ``lanes`` lanes walk over the rows of all tiles, each block anew.

    In ``is`` a row is one channel, and all lanes share the word.
    """
    return sum(
        tiles * block.repeat * (block.rows if machine.array.dataflow == "is" else _turns(block, lanes))
        for tiles, blocks in classes
        for block in blocks
    )


def channel_changes(machine: MachineConfig, classes: Iterable[TileClass], lanes: int) -> int:
    """How often a lane, of ``lanes``, turns to another channel on its walk over the rows of all tiles."""
    return sum(
        tiles * block.repeat * (_used(block, lanes) if machine.array.dataflow == "is" else _turns(block, lanes))
        for tiles, blocks in classes
        for block in blocks
    )


def _turns(block: Block[int], lanes: int) -> int:
    """Turns where a column is a channel: lane l takes columns l, l + lanes, ... of each row in turn.

    A lane with one column stays with it for all rows. There are as many of these as columns, where there are lanes for
    all of them; else each column beyond the lanes gives one of them a second.
    """
    alone = smaller(block.columns, larger(0, 2 * lanes - block.columns))
    return alone + (block.columns - alone) * block.rows


def _used(block: Block[int], lanes: int) -> int:
    """Lanes at work on a row, times rows, each of which is another channel."""
    return smaller(block.columns, lanes) * block.rows
