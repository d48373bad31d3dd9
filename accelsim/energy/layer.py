"""All actions of a layer, counted without a simulation: no cycle is needed for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from accelsim.config.machine import MachineConfig
from accelsim.energy.action import BYTE_BITS, Action, Component, action, summed
from accelsim.energy.array import convolution_actions
from accelsim.energy.drain import drain_actions
from accelsim.layers import Layer
from accelsim.mapping.plan import LayerMapping
from accelsim.program.layer import layer_program
from accelsim.program.phases import layer_phases
from accelsim.timing.work import Transfer

_BUFFERS: dict[str, Component] = {
    "ifmap": "ifmap_buffer",
    "weight": "weight_buffer",
    "parameter": "parameter_buffer",
    "residual": "residual_buffer",
    "ofmap": "ofmap_buffer",
}


def layer_actions(
    machine: MachineConfig, layer: Layer, mapping: LayerMapping, transfers: Iterable[Transfer] | None = None
) -> tuple[Action, ...]:
    """Count the actions of a layer.

    Parameters
    ----------
    machine
        The machine.
    layer
        The layer, as one variant of the network has it.
    mapping
        How it is tiled and what stays on chip.
    transfers
        What the DMA moves for it, if that is known already (a record of a simulation has it); else its program is
        written.

    Returns
    -------
    tuple
        Actions that all differ, in the order of :data:`accelsim.energy.action.COMPONENTS`.
    """
    if transfers is None:
        transfers = [operation.transfer for operation in layer_program(machine, layer, mapping).transfers]
    actions = transfer_actions(transfers)
    stays = (mapping.residency.ifmap, mapping.residency.intermediate)
    for phase, is_on_chip in zip(layer_phases(machine, layer, mapping), stays, strict=False):  # one phase, or two
        source: Component = "ofmap_buffer" if is_on_chip else "ifmap_buffer"
        if phase.conv_tiles is not None:
            actions.extend(convolution_actions(machine, phase, phase.conv_tiles, source))
        actions.extend(drain_actions(machine, phase, source))
    return summed(actions)


def transfer_actions(transfers: Iterable[Transfer]) -> list[Action]:
    """Count the bytes that the DMA moves, at both ends."""
    read: Counter[Component] = Counter()
    written: Counter[Component] = Counter()
    for transfer in transfers:
        moved = read if transfer.direction == "read" else written
        moved[_BUFFERS[transfer.buffer]] += transfer.bytes
    return [
        action("dram", "read", BYTE_BITS, read.total()),
        action("dram", "write", BYTE_BITS, written.total()),
        *(action(buffer, "write", BYTE_BITS, count) for buffer, count in read.items()),
        *(action(buffer, "read", BYTE_BITS, count) for buffer, count in written.items()),
    ]
