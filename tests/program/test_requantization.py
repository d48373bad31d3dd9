"""Who passes the requantiser and takes its words, against the contract as tests/oracle/words.py tells it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from accelsim.config.machine import MachineConfig
from accelsim.layers import ConvShape, Epilogue, Layer
from accelsim.mapping.plan import map_layers
from accelsim.program.layer import layer_program
from accelsim.program.operations import AccumulateOperation, Program, Token
from accelsim.workload.shapes import Shape, Window
from tests.hand_built import machine
from tests.oracle.words import Phase, phases_of
from tests.random_cases import random_case, random_mapping, seeded


class WayOut(NamedTuple):
    """The kinds of the passes of one tile, or the stages of its drain, and those that take and give parameters."""

    steps: list[str]
    take: list[str]
    give: list[str]


def ways_out(program: Program) -> Iterator[WayOut]:
    """Yield what every tile passes."""
    for drain in program.drains:
        steps: list[str] = [*drain.stages]
        takes, gives = Token.PARAMETER_FULL in drain.takes, Token.PARAMETER_FREE in drain.gives
        yield WayOut(steps, ["drain"] if takes else [], ["drain"] if gives else [])
    found = WayOut([], [], [])
    for operation in program.function_unit:
        if isinstance(operation, AccumulateOperation):
            continue
        found.steps.append(operation.kind)
        found.take.extend([operation.kind] if Token.PARAMETER_FULL in operation.takes else [])
        found.give.extend([operation.kind] if Token.PARAMETER_FREE in operation.gives else [])
        if operation.kind == "readout":
            yield found
            found = WayOut([], [], [])


def phase_of(way: WayOut, phases: list[Phase]) -> Phase:
    """Tell the second phase of an off-chip BN by its BN stage."""
    return phases[-1] if "bn_stage" in way.steps else phases[0]


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_random_layers(first: int) -> None:
    for seed in range(first, first + 50):
        random = seeded(seed)
        case = random_case(random)
        mapping = random_mapping(random, case)
        for layer, program in zip(case.layers, case.programs(mapping), strict=True):
            phases = phases_of(case.machine, layer)
            for way in ways_out(program):
                check_way_out(way, phase_of(way, phases))
            check_loads(program, phases)
            array_gives = any(Token.PARAMETER_FREE in operation.gives for operation in program.array)
            assert array_gives == (phases[0].bias > 0 and phases[0].words == phases[0].bias)


def check_way_out(way: WayOut, phase: Phase) -> None:
    requantizer = {"requantizer", "requantize"} & set(way.steps)
    assert bool(requantizer) == phase.requantizes
    behind_bn = [step for step in way.steps if step not in ("bn_stage", "batchnorm")]
    assert not requantizer or behind_bn[0] in requantizer
    takes = phase.batchnorm + phase.multipliers > 0
    allowed = {"drain", "batchnorm" if phase.batchnorm else "requantize"} if takes else set()
    assert {*way.take, *way.give} <= allowed


def check_loads(program: Program, phases: list[Phase]) -> None:
    expected = {
        tokens
        for phase in phases
        if (tokens := (Token.BIAS_FULL,) * (phase.bias > 0) + (Token.PARAMETER_FULL,) * (phase.words > phase.bias))
    }
    loads = [operation for operation in program.transfers if operation.transfer.buffer == "parameter"]
    assert {operation.gives for operation in loads} == expected


def programs(config: MachineConfig) -> list[Program]:
    """A 1×1 convolution of 2 to 6 channels without a bias: with a BN, folded, and folded into the requantiser."""
    shape = ConvShape(1, Shape(2, 4, 4), Shape(6, 4, 4), Window(), 1)
    epilogues = (Epilogue(batchnorm=True), Epilogue(bias=True), Epilogue(bias=True, folded_scale=True))
    layers = [Layer("conv", "conv", shape, epilogue, ("conv",), ("input",)) for epilogue in epilogues]
    mapping = map_layers(config, layers[:1], {})["conv"]
    return [layer_program(config, layer, mapping) for layer in layers]


def parameter_bytes(program: Program) -> int:
    return sum(operation.transfer.bytes for operation in program.transfers if operation.transfer.buffer == "parameter")


@pytest.mark.parametrize(
    ("placement", "weight_scales", "words"),
    [
        # scale and shift; bias; and in words a multiplier
        ("inline", "per_channel", (2, 2, 2)),
        ("inline", "per_tensor", (2, 1, 2)),
        ("pass", "per_channel", (2, 2, 2)),
        ("pass", "per_tensor", (2, 1, 2)),
        # the first phase converts to the intermediate width: a multiplier of its own
        ("offchip", "per_channel", (1 + 2, 2, 2)),
        ("offchip", "per_tensor", (2, 1, 2)),
    ],
)
def test_words_of_each_variant(placement: str, weight_scales: str, words: tuple[int, int, int]) -> None:
    config = machine(bn={"placement": placement}, requantization={"lanes": 2, "weight_scales": weight_scales})
    found = programs(config)
    assert [parameter_bytes(program) for program in found] == [count * 6 * 4 for count in words]
    assert (found[1] == found[2]) == (weight_scales == "per_channel")


def test_without_a_requantiser_a_folded_scale_is_nothing() -> None:
    _, fused, into_requantizer = programs(machine())
    assert fused == into_requantizer
    assert all(drain.stages == ("activation",) for drain in fused.drains)
