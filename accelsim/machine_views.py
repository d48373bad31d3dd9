"""The machine as seen for one purpose: with the fields that matter to it, and one and the same value for all others.

Machines that do not differ for the purpose have equal views, which makes a view the key under which a result can be
remembered. It is a machine itself, and results are computed from it; so none can depend on a field that it hides.
"""

from __future__ import annotations

from fractions import Fraction

from accelsim.config.machine import (
    AccumulatorConfig,
    BnConfig,
    BufferConfig,
    BuffersConfig,
    DmaConfig,
    DramConfig,
    MachineConfig,
    RequantizationConfig,
    StageConfig,
)
from accelsim.layers import ConvShape, Epilogue
from accelsim.mapping.problem import MappingProblem
from accelsim.requantization import drain_words, requantizes

# What stands for a section of which nothing matters: any value would do.
_ANY_BUFFER = BufferConfig(kib=1, halves=1)
_ANY_STAGE = StageConfig(lanes=1)
_ANY_BN = BnConfig(lanes=1)
_ANY_DMA = DmaConfig()
_ANY_DRAM = DramConfig(bytes_per_cycle=Fraction(1))


def seen_by_mapper(problem: MappingProblem) -> MachineConfig:
    """Return the machine of a problem as far as its tiling depends on it."""
    machine, convolution = problem.machine, isinstance(problem.shape, ConvShape)
    buffers, passes = machine.buffers, machine.bn.placement == "pass"
    psums = machine.half_psums if convolution else 1
    psum_halves = 1 if passes else machine.accumulator.halves
    return _with_sections(
        machine,
        accumulator=AccumulatorConfig.model_construct(psums=psums, halves=psum_halves),
        buffers=BuffersConfig.model_construct(
            ifmap=_halves_of(buffers.ifmap) if problem.ifmap_on_chip else buffers.ifmap,
            weight=buffers.weight if convolution else _halves_of(buffers.weight),
            parameter=buffers.parameter if problem.parameter_words else _ANY_BUFFER,
            residual=buffers.residual if problem.residual else _ANY_BUFFER,
            ofmap=buffers.ofmap if problem.stored_bits else _ANY_BUFFER,
        ),
        dma=_ANY_DMA,
        dram=machine.dram,
        bn=_bn(machine, parameter_bits=machine.bn.parameter_bits if problem.parameter_words else None),
        requantization=_requantizer_seen_by_mapper(problem),
        residual_add=_ANY_STAGE,
        pooling=_lanes_of(machine, machine.pooling) if problem.pooling else _ANY_STAGE,
        activation=_lanes_of(machine, machine.activation),
    )


def seen_by_units(
    machine: MachineConfig, epilogue: Epilogue, *, convolution: bool, second_phase: bool
) -> MachineConfig:
    """Return a machine as far as the time of a layer's operations depends on it, the layer being mapped.

    Parameters
    ----------
    machine
        The machine.
    epilogue
        What the layer does besides its convolution.
    convolution
        Whether it has one.
    second_phase
        Whether it has a BatchNorm that goes off chip.
    """
    buffers = machine.buffers
    return _with_sections(
        machine,
        accumulator=AccumulatorConfig.model_construct(psums=1, halves=machine.accumulator.halves),
        buffers=BuffersConfig.model_construct(
            ifmap=_halves_of(buffers.ifmap),
            weight=_halves_of(buffers.weight),
            parameter=_halves_of(buffers.parameter),
            residual=_halves_of(buffers.residual),
            ofmap=_halves_of(buffers.ofmap),
        ),
        dma=machine.dma,
        dram=machine.dram,
        bn=_bn_seen_by_units(machine, epilogue, convolution=convolution, second_phase=second_phase),
        requantization=_requantizer_seen_by_units(machine, epilogue, convolution=convolution),
        residual_add=_stage(machine, machine.residual_add) if epilogue.residual else _ANY_STAGE,
        pooling=_stage(machine, machine.pooling) if epilogue.pooling else _ANY_STAGE,
        activation=_stage(machine, machine.activation),
    )


def seen_by_counts(
    machine: MachineConfig, epilogue: Epilogue, *, convolution: bool, second_phase: bool
) -> MachineConfig:
    """Return a machine as far as the actions of a layer depend on it; parameters as of :func:`seen_by_units`."""
    view = seen_by_units(machine, epilogue, convolution=convolution, second_phase=second_phase)
    array = view.array.model_copy(update={"psum_bits": machine.array.psum_bits})
    bn = view.bn.model_copy(update={"latency_cycles": 0, "flush_cycles": 0})
    requantization = view.requantization
    if requantization is not None:  # its multiplier is as wide as a parameter, also where it is not loaded as one
        requantization = requantization.model_copy(update={"latency_cycles": 0})
        bn = bn.model_copy(update={"parameter_bits": machine.bn.parameter_bits})
    stages = dict.fromkeys(("residual_add", "pooling", "activation"), _ANY_STAGE)
    hidden = {"dma": _ANY_DMA, "dram": _ANY_DRAM, **stages}
    return view.model_copy(update={"array": array, "bn": bn, "requantization": requantization, **hidden})


def seen_by_program(machine: MachineConfig) -> MachineConfig:
    """Return a view as far as the outline of the layer's program depends on it.

    Parameters
    ----------
    machine
        A view of :func:`seen_by_units` or of :func:`seen_by_counts`.
    """
    array = machine.array.model_copy(update={"psum_bits": 1})
    if array.grouped == "sequential":  # else the rows say how many groups lie side by side
        array = array.model_copy(update={"rows": 1, "stationary_double_buffer": False})
    bn = machine.bn.model_copy(update={"lanes": 1, "latency_cycles": 0, "flush_cycles": 0})
    stages = dict.fromkeys(("residual_add", "pooling", "activation"), _ANY_STAGE)
    requantization = machine.requantization
    if requantization is not None:
        requantization = requantization.model_copy(update={"lanes": 1, "latency_cycles": 0})
    # Bursts align the tensors in DRAM, and an outline has no addresses.
    hidden = {"array": array, "dma": _ANY_DMA, "dram": _ANY_DRAM, "bn": bn, "requantization": requantization, **stages}
    return machine.model_copy(update=hidden)


def _with_sections(machine: MachineConfig, **sections: object) -> MachineConfig:
    """Return a machine of these sections and the given one's array, of which only the width of psums is hidden."""
    array = machine.array.model_copy(update={"psum_bits": 1, "weight_bits": machine.weight_bits})
    return machine.model_copy(update={"name": "", "clock_mhz": 1.0, "keep_on_chip": False, "array": array, **sections})


def _bn(machine: MachineConfig, **known: object) -> BnConfig:
    """Return a BN stage of which the placement is known as far as it decides what lies behind the array."""
    placement = "pass" if machine.bn.placement == "pass" else "inline"
    values = {key: value for key, value in known.items() if value is not None}
    return _ANY_BN.model_copy(update={"placement": placement, **values})


def _bn_seen_by_units(machine: MachineConfig, epilogue: Epilogue, *, convolution: bool, second_phase: bool) -> BnConfig:
    bn, passes = machine.bn, machine.bn.placement == "pass"
    loads = epilogue.bias or drain_words(machine, epilogue, convolution=convolution) > 0
    return _bn(
        machine,
        flush_cycles=bn.flush_cycles if passes else None,
        lanes=_lanes(machine, bn.lanes) if epilogue.batchnorm else None,
        latency_cycles=bn.latency_cycles if epilogue.batchnorm and not passes else None,
        parameters=bn.parameters if epilogue.batchnorm else None,
        parameter_bits=bn.parameter_bits if loads else None,
        intermediate_bits=machine.intermediate_bits if second_phase else None,
    )


def _requantizer_seen_by_mapper(problem: MappingProblem) -> RequantizationConfig | None:
    """Return the requantiser that a tiling depends on; its words are known to the problem."""
    requantization = problem.machine.requantization if problem.requantizes else None
    if requantization is None:
        return None
    return RequantizationConfig(lanes=_lanes(problem.machine, requantization.lanes))


def _requantizer_seen_by_units(
    machine: MachineConfig, epilogue: Epilogue, *, convolution: bool
) -> RequantizationConfig | None:
    """Return the requantiser, if the layer passes it."""
    requantization = machine.requantization
    if requantization is None or not requantizes(machine, epilogue, convolution=convolution):
        return None
    return RequantizationConfig.model_construct(
        **dict(_stage(machine, requantization)), weight_scales=requantization.weight_scales
    )


def _stage(machine: MachineConfig, stage: StageConfig) -> StageConfig:
    """Return a stage as it is needed: a function unit makes passes, which have no latency."""
    latency_cycles = 0 if machine.bn.placement == "pass" else stage.latency_cycles
    return StageConfig.model_construct(lanes=_lanes(machine, stage.lanes), latency_cycles=latency_cycles)


def _lanes_of(machine: MachineConfig, stage: StageConfig) -> StageConfig:
    return StageConfig.model_construct(lanes=_lanes(machine, stage.lanes), latency_cycles=0)


def _lanes(machine: MachineConfig, lanes: int) -> int:
    """Lanes that can be used at once: no row of psums is wider than the array."""
    return min(lanes, machine.array.cols)


def _halves_of(buffer: BufferConfig) -> BufferConfig:
    return BufferConfig.model_construct(kib=1, halves=buffer.halves)
