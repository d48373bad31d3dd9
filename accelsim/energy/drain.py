"""Actions of the post-pipeline or the function unit (docs/energy.md; docs/microarchitecture.md, §4 and §5)."""

from __future__ import annotations

from accelsim.config.machine import MachineConfig
from accelsim.energy.action import Action, Component, action
from accelsim.energy.parameters import channel_changes, parameter_reads
from accelsim.energy.taps import taps_inside
from accelsim.energy.tiles import tile_classes
from accelsim.program.drain import uses_function_unit
from accelsim.program.phases import Phase

COMPARISONS_TO_SATURATE = 2
"""Conversion to a width compares with the largest and with the smallest that it holds."""


def drain_actions(machine: MachineConfig, phase: Phase, source: Component) -> list[Action]:
    """Count what happens to all outputs of a phase on their way to the ofmap buffer.

    Parameters
    ----------
    machine
        The machine.
    phase
        What is computed, or streamed.
    source
        The buffer that what is streamed comes from.
    """
    psum_bits, epilogue = machine.array.psum_bits, phase.epilogue
    outputs = phase.shape.batch * phase.shape.output.elements
    comparisons = (epilogue.activation is not None) + COMPARISONS_TO_SATURATE
    actions = [
        *_accumulator(machine, phase, outputs),
        action("residual_add", "add", psum_bits, outputs * epilogue.residual),
        action("residual_buffer", "read", machine.array.operand_bits, outputs * epilogue.residual),
        action("pooling", "compare", psum_bits, outputs * (phase.shape.window.positions - 1) * epilogue.pooling),
        action("activation", "compare", psum_bits, outputs * comparisons),
        action("ofmap_buffer", "write", phase.stored_bits, outputs),
    ]
    if phase.conv_tiles is None:
        actions.append(action(source, "read", phase.source_bits, phase.shape.input.channels * taps_inside(phase.shape)))
    if epilogue.batchnorm:
        actions.extend(_batchnorm(machine, phase, outputs))
    if phase.requantizes:
        actions.extend(_requantization(machine, phase, outputs))
    return actions


def _accumulator(machine: MachineConfig, phase: Phase, outputs: int) -> list[Action]:
    """Count psums on their way out, and where a function unit makes passes, back and forth between two of them."""
    width = machine.array.psum_bits
    streamed = phase.conv_tiles is None
    written = _passes_before_readout(phase) if uses_function_unit(machine) else 0
    # every pass and the read-out take psums, but for the first of a streamed layer
    read = written + (not streamed)
    return [
        action("accumulator", "read", width, outputs * read),
        action("accumulator", "write", width, outputs * written),
    ]


def _passes_before_readout(phase: Phase) -> int:
    epilogue = phase.epilogue
    passes = (epilogue.batchnorm, phase.requantizes, epilogue.residual, epilogue.pooling)
    return sum(passes) + (epilogue.activation is not None)


def _requantization(machine: MachineConfig, phase: Phase, outputs: int) -> list[Action]:
    """Count the multiplier's product, the half that rounds it (the shift is wiring), and the clipping."""
    psum_bits, parameter_bits = machine.array.psum_bits, machine.bn.parameter_bits
    lanes = machine.stage("requantizer").lanes
    reads = phase.multiplier_words and parameter_reads(machine, tile_classes(machine, phase), lanes)
    return [
        action("parameter_buffer", "read", parameter_bits, reads),
        action("requantizer", "multiply", psum_bits, outputs, by_bits=parameter_bits),
        action("requantizer", "add", psum_bits, outputs),
        action("requantizer", "compare", psum_bits, outputs * COMPARISONS_TO_SATURATE),
    ]


def _batchnorm(machine: MachineConfig, phase: Phase, outputs: int) -> list[Action]:
    """Count BatchNorm as the machine computes it, and the parameter words that it takes."""
    bn, psum_bits = machine.bn, machine.array.psum_bits
    classes = tile_classes(machine, phase)
    words = bn.words * parameter_reads(machine, classes, bn.lanes)
    actions = [
        action("parameter_buffer", "read", bn.parameter_bits, words),
        action("bn_stage", "add", psum_bits, outputs),  # the shift, or beta
    ]
    if bn.parameters == "scale_shift":
        return [*actions, action("bn_stage", "multiply", psum_bits, outputs, by_bits=bn.parameter_bits)]
    return [*actions, *_raw_steps(machine, outputs, channel_changes(machine, classes, bn.lanes))]


def _raw_steps(machine: MachineConfig, outputs: int, roots: int) -> list[Action]:
    """Count γ · (x − μ) / ⌊√(σ² + 1)⌋ but for the β: a root as a lane turns to a channel, the rest for every output.

    A division is a subtraction of the divisor for every bit of what is divided, a root a subtraction for every bit of
    its result: the rows of an array that does either without a clock, as the RTL has it.
    """
    parameter_bits = machine.bn.parameter_bits
    difference_bits = max(machine.array.psum_bits, parameter_bits) + 1
    square_bits = parameter_bits + 2  # even where the words are, and with room for the sum
    root_bits = square_bits // 2
    return [
        action("bn_stage", "add", difference_bits, outputs),
        action("bn_stage", "multiply", difference_bits, outputs, by_bits=parameter_bits),
        action("bn_stage", "add", root_bits + 1, outputs * (difference_bits + parameter_bits)),
        action("bn_stage", "add", square_bits, roots * root_bits),
    ]
