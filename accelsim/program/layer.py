"""The program of one layer: of its convolution, of what it streams, or, with an off-chip BN, of both in turn."""

from __future__ import annotations

from accelsim.config.machine import MachineConfig
from accelsim.layers import ConvShape, Epilogue, Layer
from accelsim.layout import FeatureMap
from accelsim.mapping.plan import LayerMapping, streamed_shape
from accelsim.program.conv_tiles import ConvJob, worked_shape
from accelsim.program.convolution import convolution_program
from accelsim.program.memory_map import MemoryMap
from accelsim.program.operations import Program
from accelsim.program.stream import StreamJob, stream_program


def layer_program(machine: MachineConfig, layer: Layer, mapping: LayerMapping) -> Program:
    """Write the program of a layer.

    Parameters
    ----------
    machine
        The machine.
    layer
        The layer, as one variant of the network has it (with or without a BatchNorm of its own).
    mapping
        How it is tiled and what stays on chip.
    """
    memory = MemoryMap(machine.dma.burst_bytes)
    kept, at_once = mapping.residency, mapping.parameters_at_once
    operand_bits = machine.array.operand_bits
    if not isinstance(layer.shape, ConvShape):
        stream = StreamJob(layer.shape, layer.epilogue, mapping.tiling, at_once, kept.ifmap, kept.ofmap)
        ifmap = FeatureMap(layer.shape.batch, layer.shape.input, operand_bits)
        placed = memory.place_map(ifmap, travels=not kept.ifmap)
        return stream_program(machine, stream, placed, memory)
    shape = worked_shape(machine, layer.shape)
    if mapping.second_phase is None or not layer.epilogue.batchnorm:
        job = ConvJob(shape, layer.epilogue, mapping.tiling, at_once, operand_bits, kept.ifmap, kept.ofmap)
        return convolution_program(machine, job, memory)[0]
    without_bn = Epilogue(bias=layer.epilogue.bias, folded_scale=layer.epilogue.folded_scale)
    job = ConvJob(
        shape,
        without_bn,
        mapping.tiling,
        at_once,
        machine.intermediate_bits,
        kept.ifmap,
        kept.intermediate,
    )
    first, intermediate = convolution_program(machine, job, memory)
    stream = StreamJob(
        streamed_shape(layer.shape),
        layer.epilogue._replace(bias=False, folded_scale=False),
        mapping.second_phase,
        at_once,
        kept.intermediate,
        kept.ofmap,
    )
    return _one_after_the_other(first, stream_program(machine, stream, intermediate, memory))


def _one_after_the_other(first: Program, second: Program) -> Program:
    """Join two programs: what the first has taken it has given back, so the tokens of its start hold for both."""
    return Program(
        transfers=[*first.transfers, *second.transfers],
        array=[*first.array, *second.array],
        drains=[*first.drains, *second.drains],
        function_unit=[*first.function_unit, *second.function_unit],
        tokens=first.tokens,
    )
