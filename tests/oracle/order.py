"""The order of a layer's transfers, rebuilt from docs/microarchitecture.md (§3, §6 to §9) and the plain data types.

A transfer is named by its kind and the indices of its tiles: ``("parameters",)`` or ``("parameters", g, n)``,
``("ifmap", g, m, k)``, ``("weight", g, n, k)``, ``("residual", g, m, n)``, ``("store", g, m, n)``; in streamed phases
``("parameters", n)`` and ``(kind, n, m)``. Two loads of a buffer bring the same contents if they have the same name.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from typing import NamedTuple

from accelsim.config.machine import MachineConfig
from accelsim.layers import ConvShape, Epilogue, Layer, StreamShape
from accelsim.mapping.plan import LayerMapping
from accelsim.mapping.tiling import Tiling, pixel_tiles, spans
from accelsim.workload.shapes import Window
from tests.oracle.words import phases_of

Name = tuple[str | int, ...]


class Step(NamedTuple):
    """An array operation of a tile, or a streamed tile: the loads that it needs, and the store of its tile."""

    tile: int
    needs: list[Name]
    store: Name


def transfer_order(machine: MachineConfig, layer: Layer, mapping: LayerMapping) -> list[Name]:
    """Return the names of a layer's transfers in program order."""
    shape, epilogue, tiling, kept = layer.shape, layer.epilogue, mapping.tiling, mapping.residency
    at_once = mapping.parameters_at_once
    if isinstance(shape, StreamShape):
        return _streamed(machine, _streamed_steps(shape, epilogue, tiling, at_once), kept.ifmap, kept.ofmap)
    has_words = phases_of(machine, layer)[0].words > 0
    if not (machine.bn.placement == "offchip" and epilogue.batchnorm):
        steps = _convolution_steps(shape, tiling, has_words, at_once, residual=epilogue.residual)
        return _convolution(machine, steps, kept.ifmap, kept.ofmap)
    assert mapping.second_phase is not None
    first = _convolution_steps(shape, tiling, has_words, at_once, residual=False)
    output = StreamShape(shape.batch, shape.output, shape.output, Window())
    second = _streamed_steps(output, epilogue, mapping.second_phase, at_once)
    return [
        *_convolution(machine, first, kept.ifmap, kept.intermediate),
        *_streamed(machine, second, kept.intermediate, kept.ofmap),
    ]


def _convolution_steps(
    shape: ConvShape, tiling: Tiling, has_words: bool, at_once: bool, *, residual: bool
) -> list[Step]:
    groups = range(len(spans(shape.groups, tiling.groups)))
    channels = range(len(spans(shape.output.channels // shape.groups, tiling.out_channels)))
    cuts = range(len(spans(shape.input.channels // shape.groups, tiling.in_channels)))
    pixels = _pixels(shape, tiling)
    tiles = list(product(groups, pixels, channels))
    if tiling.reuse == "weight":
        tiles = [(g, m, n) for g, n, m in product(groups, channels, pixels)]
    steps = []
    for tile, (g, m, n) in enumerate(tiles):
        for k in cuts:
            needs: list[Name] = []
            if has_words:
                needs.append(("parameters",) if at_once else ("parameters", g, n))
            needs += [("ifmap", g, m, k), ("weight", g, n, k)]
            if residual and k == cuts[-1]:
                needs.append(("residual", g, m, n))
            steps.append(Step(tile, needs, ("store", g, m, n)))
    return steps


def _streamed_steps(shape: StreamShape, epilogue: Epilogue, tiling: Tiling, at_once: bool) -> list[Step]:
    channels = range(len(spans(shape.output.channels, tiling.out_channels)))
    steps = []
    for tile, (n, m) in enumerate(product(channels, _pixels(shape, tiling))):
        needs: list[Name] = []
        if epilogue.batchnorm:
            needs.append(("parameters",) if at_once else ("parameters", n))
        needs.append(("ifmap", n, m))
        if epilogue.residual:
            needs.append(("residual", n, m))
        steps.append(Step(tile, needs, ("store", n, m)))
    return steps


def _pixels(shape: ConvShape | StreamShape, tiling: Tiling) -> range:
    return range(len(list(pixel_tiles(shape.batch, shape.output, tiling.images, tiling.out_height, tiling.out_width))))


def _convolution(machine: MachineConfig, steps: list[Step], ifmap_on_chip: bool, ofmap_on_chip: bool) -> list[Name]:
    earlier = 1 if machine.bn.placement == "pass" else machine.accumulator.halves
    ahead = min(machine.buffers.ifmap.halves, machine.buffers.weight.halves)
    return _in_order(machine, steps, ifmap_on_chip, ofmap_on_chip, ahead, {"ifmap": earlier, "weight": earlier})


def _streamed(machine: MachineConfig, steps: list[Step], ifmap_on_chip: bool, ofmap_on_chip: bool) -> list[Name]:
    return _in_order(machine, steps, ifmap_on_chip, ofmap_on_chip, machine.buffers.ifmap.halves, {})


def _in_order(
    machine: MachineConfig,
    steps: list[Step],
    ifmap_on_chip: bool,
    ofmap_on_chip: bool,
    ahead: int,
    earlier: dict[str, int],
) -> list[Name]:
    """Put a phase's loads in the order of its steps, and the stores of its tiles between them.

    A store comes after the loads of the step that is ``ahead`` behind its tile's last. A half is free at the drain of
    the last tile that used it, or where ``earlier`` names its buffer, of the one so many tiles before that.
    """
    buffers = machine.buffers
    halves = {"ifmap": buffers.ifmap.halves, "weight": buffers.weight.halves}
    halves |= {"parameters": buffers.parameter.halves, "residual": buffers.residual.halves}
    free_ofmaps = buffers.ofmap.halves - ifmap_on_chip
    stores = list(dict.fromkeys(step.store for step in steps))
    last_steps = list({step.tile: index for index, step in enumerate(steps)}.values())

    order: list[Name] = []
    stored = 0
    last_tiles: defaultdict[str, list[int]] = defaultdict(list)  # by buffer: of each filling, the last that used it
    loaded: dict[str, Name] = {}

    def store_before(tile: int) -> None:
        nonlocal stored
        while stored < tile:
            order.append(stores[stored])
            stored += 1

    for index, (tile, needs, _) in enumerate(steps):
        for need in needs:
            buffer = str(need[0])
            if ifmap_on_chip and buffer == "ifmap":
                continue
            fillings = last_tiles[buffer]
            if need != loaded.get(buffer):
                if len(fillings) >= halves[buffer]:
                    drain = fillings[-halves[buffer]] - earlier.get(buffer, 0)
                    store_before(drain - free_ofmaps + 1)
                order.append(need)
                loaded[buffer] = need
                fillings.append(tile)
            fillings[-1] = tile
        store_before(sum(last + ahead <= index for last in last_steps))
    store_before(len(last_steps))
    return [name for name in order if not (ofmap_on_chip and name[0] == "store")]
