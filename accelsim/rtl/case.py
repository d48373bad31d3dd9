"""A layer on a machine, as RTL runs it: operations as descriptors, tensors in memory, and what must come out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from accelsim.config.machine import MachineConfig
from accelsim.errors import InputError
from accelsim.layers import Layer
from accelsim.layout import FeatureMap
from accelsim.mapping.plan import LayerMapping
from accelsim.program.layer import layer_program
from accelsim.program.operations import AccumulateOperation, DrainOperation, Program, TransferOperation
from accelsim.program.phases import OutputTile, Phase, layer_phases
from accelsim.rtl.descriptors import accumulate_words, drain_words, product_words, psum_rows, transfer_words
from accelsim.rtl.machine_parameters import (
    BUFFERS,
    MAX_OPERATIONS,
    MAX_PSUM_ROWS,
    MachineParameters,
    machine_parameters,
    psum_rows_of_half,
    settings_words,
)
from accelsim.rtl.memory_image import MemoryImage, located
from accelsim.rtl.operands import Operands, random_feature_map, random_operands
from accelsim.rtl.reference import converted, fitting_shift, phase_psums
from accelsim.rtl.words import Words
from accelsim.workload.nodes import ActivationKind

if TYPE_CHECKING:
    from accelsim.rtl.packing import Bytes, Integers

FUNCTIONS: tuple[ActivationKind | None, ...] = (None, "relu", "relu6")
"""Activation functions that RTL computes."""

DMA, CONV_ARRAY, DRAIN_UNIT, SETTINGS = range(4)
"""Where RTL loads descriptors to."""


class Load(NamedTuple):
    """A descriptor, and the program memory that it is loaded to."""

    unit: int
    words: Words


class Expected(NamedTuple):
    """A feature map that must lie in memory at the end."""

    tensor: FeatureMap
    values: Integers


class RtlCase(NamedTuple):
    """What RTL needs to run a layer."""

    name: str
    machine: MachineConfig
    parameters: MachineParameters
    program: Program
    loads: tuple[Load, ...]
    memory: Bytes
    expected: tuple[Expected, ...]


def rtl_case(
    name: str, machine: MachineConfig, layer: Layer, mapping: LayerMapping, *, has_bn: bool, seed: int
) -> RtlCase:
    """Prepare a layer with random integers for RTL.

    Parameters
    ----------
    name
        What to call it.
    machine, layer, mapping
        What is run on what, in which tiles.
    has_bn
        Whether the machine has a BN stage.
    seed
        Seed of the integers.

    Raises
    ------
    InputError
        If the machine or the layer is more than what RTL is simulated for.
    """
    parameters = machine_parameters(machine, has_bn=has_bn)
    _check_layer(layer, mapping)
    program = layer_program(machine, layer, mapping)
    _check_size(program)
    return _CaseWriter(name, machine, parameters, program, layer_phases(machine, layer, mapping), seed).case()


def _check_layer(layer: Layer, mapping: LayerMapping) -> None:
    if any(mapping.residency):
        raise InputError(f"layer '{layer.name}': RTL keeps nothing on chip between layers (machine.keep_on_chip)")
    if layer.epilogue.activation not in FUNCTIONS:
        raise InputError(
            f"layer '{layer.name}': RTL computes 'relu' and 'relu6', not the activation '{layer.epilogue.activation}'"
        )


def _check_size(program: Program) -> None:
    longest = max(map(len, (program.transfers, program.array, program.drains, program.function_unit)))
    if longest > MAX_OPERATIONS:
        raise InputError(f"RTL runs up to {MAX_OPERATIONS} operations of a unit, not {longest}")


def _transfers_of(program: Program, buffer: str) -> list[TransferOperation]:
    return [operation for operation in program.transfers if operation.transfer.buffer == buffer]


class _CaseWriter:
    def __init__(
        self,
        name: str,
        machine: MachineConfig,
        parameters: MachineParameters,
        program: Program,
        phases: Sequence[Phase],
        seed: int,
    ) -> None:
        self.name = name
        self.machine = machine
        self.parameters = parameters
        self.program = program
        self.phases = phases
        self.random = np.random.default_rng(seed)
        self.image = MemoryImage([operation.transfer for operation in program.transfers], self.random)
        self.loads = [Load(SETTINGS, settings_words(machine))]
        self.expected: list[Expected] = []
        # What a phase uses comes in the order in which it uses it, and phases follow one another.
        self.transfers = {buffer: iter(_transfers_of(program, buffer)) for buffer in BUFFERS}
        self.products = iter(program.array)
        self.drains = iter(program.drains or program.function_unit)
        self.stores: dict[int, Words] = {}

    def case(self) -> RtlCase:
        """Write all phases."""
        first = self.phases[0]
        ifmap = random_feature_map(self.random, (first.shape.batch, *first.shape.input), first.source_bits)
        for phase in self.phases:
            ifmap = self._phase(phase, ifmap)
        for operation in self.program.transfers:
            self.loads.append(Load(DMA, self.stores.get(id(operation)) or transfer_words(operation)))
        return RtlCase(
            self.name,
            self.machine,
            self.parameters,
            self.program,
            tuple(self.loads),
            self.image.bytes,
            tuple(self.expected),
        )

    def _phase(self, phase: Phase, ifmap: Integers) -> Integers:
        """Write one phase and return its result, which the next one reads."""
        operands = random_operands(self.random, self.machine, phase)
        psums = phase_psums(self.machine, phase, operands, ifmap)
        shift = fitting_shift(psums, phase.stored_bits)
        result = converted(psums, shift, phase.stored_bits)
        self._place(phase, operands, ifmap)
        self._expect(phase, result)
        if phase.conv_tiles:
            for index in phase.order:
                words = product_words(self.machine, phase, phase.conv_tiles, next(self.products), index)
                self.loads.append(Load(CONV_ARRAY, words))
        for tile in phase.tiles:
            self._drain(phase, tile, operands, shift)
        return result

    def _place(self, phase: Phase, operands: Operands, ifmap: Integers) -> None:
        shape, operand_bits = phase.shape, self.machine.array.operand_bits
        pixels, channels = phase.ifmap_loads[0]
        load = self._next("ifmap", len(phase.ifmap_loads))[0]
        source = FeatureMap(shape.batch, shape.input, phase.source_bits)
        self.image.place_map(located(source, load, pixels.input_region(shape.window, shape.input), channels), ifmap)
        if phase.epilogue.residual:
            first = phase.tiles[0]
            load = self._next("residual", len(phase.tiles))[0]
            added = FeatureMap(shape.batch, shape.output, operand_bits)
            placed = located(added, load, first.pixels.output_region, first.channels)
            self.image.place_map(placed, operands.residual)
        weights = self._next("weight", len(phase.weight_loads))
        self.image.place_weights([load.transfer for load in weights], phase, operands, self.machine.weight_bits)
        parameters = self._next("parameter", len(phase.parameter_loads))
        bits = self.machine.bn.parameter_bits
        self.image.place_parameters([load.transfer for load in parameters], phase, operands, bits)

    def _expect(self, phase: Phase, result: Integers) -> None:
        stores = self._next("ofmap", len(phase.tiles))
        first = phase.tiles[0]
        ofmap = FeatureMap(phase.shape.batch, phase.shape.output, phase.stored_bits)
        placed = located(ofmap, stores[0], first.pixels.output_region, first.channels)
        self.expected.append(Expected(placed, result))
        for store, tile in zip(stores, phase.tiles, strict=True):
            self.stores[id(store)] = transfer_words(store, tile.pixels.output_region, phase.stored_bits)

    def _drain(self, phase: Phase, tile: OutputTile, operands: Operands, shift: int) -> None:
        """Write the drain of a tile; of a function unit its accumulates, and its passes up to the read-out."""
        rows = psum_rows(self.machine, tile)
        most = psum_rows_of_half(self.machine) if phase.conv_tiles else MAX_PSUM_ROWS
        if rows > most:
            raise InputError(f"RTL has {most} rows of psums in a half of the accumulator, and a tile takes {rows}")
        for operation in self.drains:
            if isinstance(operation, AccumulateOperation):
                self.loads.append(Load(DRAIN_UNIT, accumulate_words(operation)))
                continue
            words = drain_words(self.machine, phase, operation, tile, operands, shift)
            self.loads.append(Load(DRAIN_UNIT, words))
            if isinstance(operation, DrainOperation) or operation.kind == "readout":
                return

    def _next(self, buffer: str, count: int) -> list[TransferOperation]:
        return list(islice(self.transfers[buffer], count))
