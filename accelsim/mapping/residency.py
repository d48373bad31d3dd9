"""What stays on chip from one layer to the next (docs/microarchitecture.md, §8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from accelsim.config.machine import MachineConfig
from accelsim.layers import ConvShape, Epilogue, Layer, StreamShape
from accelsim.layout import FeatureMap


class Residency(NamedTuple):
    """What of a layer's data does not travel (docs/microarchitecture.md, §8)."""

    ifmap: bool = False
    intermediate: bool = False
    ofmap: bool = False


def has_second_phase(machine: MachineConfig, shape: ConvShape | StreamShape, epilogue: Epilogue) -> bool:
    """Whether a layer's BatchNorm takes a second trip through DRAM."""
    return machine.bn.placement == "offchip" and epilogue.batchnorm and isinstance(shape, ConvShape)


def residencies(machine: MachineConfig, layers: Sequence[Layer]) -> list[Residency]:
    """Decide what stays on chip: an ofmap that fits one half, and that only the next layer reads, as its ifmap."""
    if not machine.keep_on_chip or machine.buffers.ofmap.halves < 2:
        return [Residency()] * len(layers)
    kept = []
    ifmap_there = False
    for index, layer in enumerate(layers):
        is_read_next = index + 1 < len(layers) and layers[index + 1].reads[0] == layer.writes
        ofmap_stays = is_read_next and layer.readers == 1 and _fits(machine, layer)
        intermediate_stays = has_second_phase(machine, layer.shape, layer.epilogue) and _fits(
            machine, layer, machine.intermediate_bits
        )
        kept.append(Residency(ifmap_there, intermediate_stays, ofmap_stays))
        ifmap_there = ofmap_stays
    return kept


def _fits(machine: MachineConfig, layer: Layer, bits: int | None = None) -> bool:
    ofmap = FeatureMap(layer.shape.batch, layer.shape.output, bits or machine.array.operand_bits)
    return ofmap.bytes <= machine.buffers.ofmap.half_bytes
