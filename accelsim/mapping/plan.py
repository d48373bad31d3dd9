"""The mapping of a whole network: what stays on chip, and a tiling for every layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from accelsim.config.machine import MachineConfig
from accelsim.config.run import Objective, TilingConfig
from accelsim.errors import MappingError, did_you_mean
from accelsim.layers import ConvShape, Epilogue, Layer, StreamShape
from accelsim.mapping.fixed import fixed_tiling
from accelsim.mapping.problem import MappingProblem
from accelsim.mapping.residency import Residency, has_second_phase, residencies
from accelsim.mapping.search import choose_tiling
from accelsim.mapping.tiling import Tiling
from accelsim.requantization import drain_words, requantizes
from accelsim.workload.shapes import Window

Choose = Callable[[MappingProblem, Objective], Tiling]


@dataclass(frozen=True, slots=True)
class LayerMapping:
    """Where a layer's data stays and how it is tiled.

    ``parameters_at_once`` says that the parameters of all channels are loaded together; ``second_phase`` is the tiling
    of an off-chip BN, where the layer has one.
    """

    residency: Residency
    tiling: Tiling
    parameters_at_once: bool
    second_phase: Tiling | None = None


def map_layers(
    machine: MachineConfig,
    layers: Sequence[Layer],
    fixed: Mapping[str, TilingConfig],
    objective: Objective = "traffic",
    choose: Choose = choose_tiling,
) -> dict[str, LayerMapping]:
    """Map the layers of the unfused network; the fused one runs with the same mappings, by layer name.

    Parameters
    ----------
    machine
        The machine.
    layers
        All layers in order of execution, with their BatchNorms.
    fixed
        Tilings that were asked for, by layer name.
    objective
        What the others are chosen by; see :func:`accelsim.mapping.search.choose_tiling`.
    choose
        That function, or one that remembers what it has returned.

    Raises
    ------
    MappingError
        If a layer fits in no way or not in the way asked for, or a fixed tiling names no layer.
    """
    names = [layer.name for layer in layers]
    for name in fixed:
        if name not in names:
            raise MappingError(f"no layer has this name{did_you_mean(name, names)}", key=f"run.tiling.{name}")
    _refuse_strides_under_raster(machine, layers)
    _refuse_pooling_before_a_narrower_activation(machine, layers)
    mapped: dict[str, LayerMapping] = {}
    equal: dict[_MappingKey, LayerMapping] = {}
    for layer, kept in zip(layers, residencies(machine, layers), strict=True):
        key = _MappingKey(layer.shape, layer.epilogue, kept, fixed.get(layer.name))
        try:
            mapped[layer.name] = equal.get(key) or _map(machine, key, objective, choose)
        except MappingError as error:
            where = f"run.tiling.{layer.name}" if layer.name in fixed else None
            raise MappingError(f"layer '{layer.name}': {error.message}", key=where) from None
        equal[key] = mapped[layer.name]
    return mapped


class _MappingKey(NamedTuple):
    """What a layer's mapping depends on, for one machine."""

    shape: ConvShape | StreamShape
    epilogue: Epilogue
    kept: Residency
    fixed: TilingConfig | None


def _refuse_strides_under_raster(machine: MachineConfig, layers: Sequence[Layer]) -> None:
    for layer in layers:
        stride = layer.shape.window.stride
        if machine.array.ifmap_streaming == "raster" and isinstance(layer.shape, ConvShape) and stride != (1, 1):
            raise MappingError(
                f"layer '{layer.name}': a convolution of stride {stride[0]}x{stride[1]} cannot run with "
                "machine.array.ifmap_streaming 'raster', which streams every input position and needs stride 1; "
                "use 'im2col'"
            )


def _refuse_pooling_before_a_narrower_activation(machine: MachineConfig, layers: Sequence[Layer]) -> None:
    for layer in layers:
        if layer.epilogue.pooling and not machine.can_pool:
            raise MappingError(
                f"layer '{layer.name}': pooling cannot be followed by an activation of fewer lanes: "
                f"machine.pooling.lanes is {machine.pooling.lanes}, machine.activation.lanes {machine.activation.lanes}"
            )


def streamed_shape(shape: ConvShape) -> StreamShape:
    """Return the second phase of a convolution with an off-chip BN: its output, streamed element by element."""
    return StreamShape(shape.batch, shape.output, shape.output, Window())


def _map(machine: MachineConfig, layer: _MappingKey, objective: Objective, choose: Choose) -> LayerMapping:
    shape, epilogue, kept, fixed = layer
    problem = problem_of(machine, shape, epilogue, kept)
    tiling = choose(problem, objective) if fixed is None else fixed_tiling(problem, fixed)
    if not (isinstance(shape, ConvShape) and has_second_phase(machine, shape, epilogue)):
        return LayerMapping(kept, tiling, problem.parameters_at_once)
    second_phase = choose(_second_phase(problem, shape, kept), objective)
    return LayerMapping(kept, tiling, problem.parameters_at_once, second_phase)


def problem_of(
    machine: MachineConfig, shape: ConvShape | StreamShape, epilogue: Epilogue, kept: Residency
) -> MappingProblem:
    """Return what the mapper is asked about a layer of the unfused network."""
    operand_bits = machine.array.operand_bits
    convolution = isinstance(shape, ConvShape)
    words = drain_words(machine, epilogue, convolution=convolution)
    # as if all BN of a convolution were folded, into its weights
    folded = Epilogue(bias=epilogue.bias or epilogue.batchnorm)
    stored_bits = [0 if kept.ofmap else operand_bits]
    if has_second_phase(machine, shape, epilogue) and not kept.intermediate:
        stored_bits.append(machine.intermediate_bits)
    return MappingProblem(
        machine=machine,
        shape=shape,
        parameter_words=epilogue.bias + words,
        fused_words=folded.bias + drain_words(machine, folded, convolution=True) if convolution else words,
        residual=epilogue.residual,
        pooling=epilogue.pooling,
        loaded_bits=operand_bits,
        stored_bits=max(stored_bits),
        ifmap_on_chip=kept.ifmap,
        ofmap_on_chip=kept.ofmap,
        requantizes=requantizes(machine, epilogue, convolution=convolution),
    )


def _second_phase(problem: MappingProblem, shape: ConvShape, kept: Residency) -> MappingProblem:
    return MappingProblem(
        machine=problem.machine,
        shape=streamed_shape(shape),
        parameter_words=problem.parameter_words,
        fused_words=problem.machine.bn.words,
        residual=problem.residual,
        loaded_bits=problem.machine.intermediate_bits,
        stored_bits=0 if kept.ofmap else problem.machine.array.operand_bits,
        ifmap_on_chip=kept.intermediate,
        ofmap_on_chip=kept.ofmap,
        requantizes=problem.requantizes,
    )
