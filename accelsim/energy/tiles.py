"""Output tiles of equal shape, counted: what drains them does the same for each."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import NamedTuple

from accelsim.config.machine import MachineConfig
from accelsim.program.drain import tile_blocks
from accelsim.program.phases import Phase
from accelsim.timing.work import ArrayWork, Block


class TileClass(NamedTuple):
    """``tiles`` tiles that lie in equal blocks of rows (docs/microarchitecture.md, §3, draining)."""

    tiles: int
    blocks: tuple[Block[int], ...]


def tile_classes(machine: MachineConfig, phase: Phase) -> list[TileClass]:
    """Return the output tiles of a phase by their shape."""
    return [TileClass(count, tile_blocks(machine, work)) for work, count in _works(phase).items()]


def _works(phase: Phase) -> Counter[ArrayWork[int]]:
    """Count the tiles by the work that leaves them in the accumulator (where nothing does, as if it did)."""
    works: Counter[ArrayWork[int]] = Counter()
    tiles = phase.conv_tiles
    if tiles is None:
        works.update(ArrayWork(tile.pixels.pixels, 0, 1, 1, tile.channels.size, 1) for tile in phase.tiles)
        return works
    positions, depth = tiles.shape.window.positions, tiles.ks[-1].size
    pixels = Counter(tile.pixels for tile in tiles.pixels)
    channels = Counter(span.size for span in tiles.channels)
    groups = Counter(span.size for span in tiles.groups)
    for (p, p_count), (n, n_count), (g, g_count) in product(pixels.items(), channels.items(), groups.items()):
        works[ArrayWork(p, 0, positions, depth, n, g)] = p_count * n_count * g_count
    return works
