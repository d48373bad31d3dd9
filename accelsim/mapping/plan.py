"""The mapping of a whole network: what stays on chip, and a tiling for every layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from accelsim.config.machine import MachineConfig
from accelsim.config.run import TilingConfig
from accelsim.errors import MappingError, did_you_mean
from accelsim.layers import ConvShape, Epilogue, Layer, StreamShape
from accelsim.layout import FeatureMap
from accelsim.mapping.problem import MappingProblem
from accelsim.mapping.search import check_tiling, choose_tiling
from accelsim.mapping.tiling import Tiling
from accelsim.workload.graph import INPUT, Window


class Residency(NamedTuple):
    """What of a layer's data does not travel (docs/microarchitecture.md, §8)."""

    ifmap: bool = False
    intermediate: bool = False
    ofmap: bool = False


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
    machine: MachineConfig, layers: Sequence[Layer], fixed: Mapping[str, TilingConfig]
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

    Raises
    ------
    MappingError
        If a layer fits in no way or not in the way asked for, or a fixed tiling names no layer.
    """
    names = [layer.name for layer in layers]
    for name in fixed:
        if name not in names:
            raise MappingError(f"no layer has this name{did_you_mean(name, names)}", key=f"run.tiling.{name}")
    mapped = {}
    _refuse_strides_under_raster(machine, layers)
    for layer, kept in zip(layers, _residencies(machine, layers), strict=True):
        try:
            mapped[layer.name] = _map(machine, layer.shape, layer.epilogue, kept, fixed.get(layer.name))
        except MappingError as error:
            key = f"run.tiling.{layer.name}" if layer.name in fixed else None
            raise MappingError(f"layer '{layer.name}': {error.message}", key=key) from None
    return mapped


def _refuse_strides_under_raster(machine: MachineConfig, layers: Sequence[Layer]) -> None:
    for layer in layers:
        stride = layer.shape.window.stride
        if machine.array.ifmap_streaming == "raster" and isinstance(layer.shape, ConvShape) and stride != (1, 1):
            raise MappingError(
                f"layer '{layer.name}': a convolution of stride {stride[0]}x{stride[1]} cannot run with "
                "machine.array.ifmap_streaming 'raster', which streams every input position and needs stride 1; "
                "use 'im2col'"
            )


def streamed_shape(shape: ConvShape) -> StreamShape:
    """Return the second phase of a convolution with an off-chip BN: its output, streamed element by element."""
    return StreamShape(shape.batch, shape.output, shape.output, Window())


@cache
def _map(
    machine: MachineConfig,
    shape: ConvShape | StreamShape,
    epilogue: Epilogue,
    kept: Residency,
    fixed: TilingConfig | None,
) -> LayerMapping:
    problem = problem_of(machine, shape, epilogue, kept)
    tiling = choose_tiling(problem) if fixed is None else _fixed_tiling(problem, fixed)
    if not (isinstance(shape, ConvShape) and _has_second_phase(machine, shape, epilogue)):
        return LayerMapping(kept, tiling, problem.parameters_at_once)
    second_phase = choose_tiling(_second_phase(problem, shape, kept))
    return LayerMapping(kept, tiling, problem.parameters_at_once, second_phase)


def problem_of(
    machine: MachineConfig, shape: ConvShape | StreamShape, epilogue: Epilogue, kept: Residency
) -> MappingProblem:
    """Return what the mapper is asked about a layer of the unfused network."""
    operand_bits = machine.array.operand_bits
    words = machine.bn.words if epilogue.batchnorm else 0
    stored_bits = [0 if kept.ofmap else operand_bits]
    if _has_second_phase(machine, shape, epilogue) and not kept.intermediate:
        stored_bits.append(machine.intermediate_bits)
    return MappingProblem(
        machine=machine,
        shape=shape,
        parameter_words=epilogue.bias + words,
        fused_words=int(epilogue.bias or epilogue.batchnorm) if isinstance(shape, ConvShape) else words,
        residual=epilogue.residual,
        loaded_bits=operand_bits,
        stored_bits=max(stored_bits),
        ifmap_on_chip=kept.ifmap,
        ofmap_on_chip=kept.ofmap,
    )


def _has_second_phase(machine: MachineConfig, shape: ConvShape | StreamShape, epilogue: Epilogue) -> bool:
    return machine.bn.placement == "offchip" and epilogue.batchnorm and isinstance(shape, ConvShape)


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
    )


def _fixed_tiling(problem: MappingProblem, fixed: TilingConfig) -> Tiling:
    shape, groups = problem.shape, problem.groups
    n, k = shape.output.channels // groups, shape.input.channels // groups
    out_height = _size("out_height", fixed.out_height, shape.output.height)
    out_width = _size("out_width", fixed.out_width, shape.output.width)
    cut = (out_height, out_width) != (shape.output.height, shape.output.width)
    out_channels = _size("out_channels", fixed.out_channels, n)
    convolution = isinstance(shape, ConvShape)
    in_channels = _size("in_channels", fixed.in_channels, k) if convolution else out_channels
    partial = (out_channels, in_channels) != (n, k) if convolution else False
    tiling = Tiling(
        images=_size("images", fixed.images, shape.batch, default=1 if cut else None),
        out_height=out_height,
        out_width=out_width,
        groups=_size("groups", fixed.groups, groups, default=1 if partial else None),
        out_channels=out_channels,
        in_channels=in_channels,
        reuse=fixed.reuse,
    )
    if cut and tiling.images != 1:
        raise MappingError(f"images must be 1, not {tiling.images}, where out_height or out_width cut the image")
    if out_width < shape.output.width and out_height != 1:
        raise MappingError(f"out_height must be 1, not {out_height}, where out_width cuts the rows")
    if tiling.groups > 1 and partial:
        raise MappingError(f"groups must be 1, not {tiling.groups}, where out_channels or in_channels cut a group")
    check_tiling(problem, tiling)
    return tiling


def _size(key: str, asked: int | None, whole: int, default: int | None = None) -> int:
    if asked is None:
        return whole if default is None else default
    if asked > whole:
        raise MappingError(f"{key} is {asked}, but the layer has only {whole}")
    return asked


def _residencies(machine: MachineConfig, layers: Sequence[Layer]) -> list[Residency]:
    """Decide what stays on chip: an ofmap that fits one half, and that only the next layer reads, as its ifmap."""
    if not machine.keep_on_chip or machine.buffers.ofmap.halves < 2:
        return [Residency()] * len(layers)
    reads = [name for layer in layers for name in layer.reads if name != INPUT]
    kept = []
    ifmap_there = False
    for index, layer in enumerate(layers):
        is_read_next = index + 1 < len(layers) and layers[index + 1].reads[0] == layer.writes
        ofmap_stays = is_read_next and reads.count(layer.writes) == 1 and _fits(machine, layer)
        intermediate_stays = _has_second_phase(machine, layer.shape, layer.epilogue) and _fits(
            machine, layer, machine.intermediate_bits
        )
        kept.append(Residency(ifmap_there, intermediate_stays, ofmap_stays))
        ifmap_there = ofmap_stays
    return kept


def _fits(machine: MachineConfig, layer: Layer, bits: int | None = None) -> bool:
    ofmap = FeatureMap(layer.shape.batch, layer.shape.output, bits or machine.array.operand_bits)
    return ofmap.bytes <= machine.buffers.ofmap.half_bytes
