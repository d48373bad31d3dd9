"""What stays on chip (docs/microarchitecture.md, §8), and the tilings of layers whose data does."""

from __future__ import annotations

import pytest

from accelsim.config.machine import MachineConfig
from accelsim.layers import Layer, layers_of
from accelsim.mapping.plan import map_layers
from accelsim.mapping.residency import Residency
from accelsim.program.layer import layer_program
from accelsim.workload.nodes import (
    Activation,
    Add,
    BatchNorm,
    Concat,
    Flatten,
    Linear,
    Node,
    Output,
    Pool,
    Unmodelled,
    View,
)
from accelsim.workload.shapes import Shape, Window
from tests.mapping.brute_force import assert_as_good, best_choice, choice_of, missing, tasks_of, traffic
from tests.mapping.small_networks import conv, machine, network
from tests.random_cases import random_machine, random_network, seeded

pytestmark = pytest.mark.slow

NOTHING = Residency()
STAYS = Residency(ofmap=True)
IS_THERE = Residency(ifmap=True)
BOTH = Residency(ifmap=True, ofmap=True)


def residencies(machine: MachineConfig, layers: list[Layer]) -> list[Residency]:
    return [mapping.residency for mapping in map_layers(machine, layers, {}).values()]


def test_in_a_chain_everything_but_the_ends_stays() -> None:
    # 8 channels of 4x4 bytes are 128 bytes of an ofmap half of 1,024.
    chain = network(conv("a", "input"), conv("b", "a"), conv("c", "b"))
    assert residencies(machine(keep_on_chip=True), chain) == [STAYS, BOTH, IS_THERE]


def test_nothing_stays_unless_asked_for_or_with_a_single_half() -> None:
    chain = network(conv("a", "input"), conv("b", "a"))
    assert residencies(machine(), chain) == [NOTHING, NOTHING]
    ofmap = {name: {"kib": 2, "halves": 1 if name == "ofmap" else 2} for name in machine().buffers.model_dump()}
    assert residencies(machine(keep_on_chip=True, buffers=ofmap), chain) == [NOTHING, NOTHING]


@pytest.mark.parametrize(("out", "kept"), [(64, [STAYS, IS_THERE]), (65, [NOTHING, NOTHING])])
def test_an_ofmap_stays_if_it_fits_one_half(out: int, kept: list[Residency]) -> None:
    # 64 channels of 16 bytes fill 1,024 bytes exactly.
    assert residencies(machine(keep_on_chip=True), network(conv("a", "input", out=out), conv("b", "a", out))) == kept


def test_what_two_layers_read_does_not_stay() -> None:
    # a is read by b and, two layers on, by the addition.
    layers = network(
        conv("a", "input"), conv("b", "a"), conv("c", "b"), Add(name="sum", inputs=("c", "a")), conv("d", "sum")
    )
    assert [layer.reads for layer in layers] == [("input",), ("a",), ("b", "a"), ("sum",)]
    assert residencies(machine(keep_on_chip=True), layers) == [NOTHING, STAYS, BOTH, IS_THERE]


def test_what_is_read_as_a_residual_does_not_stay() -> None:
    layers = network(conv("a", "input"), conv("b", "input"), Add(name="sum", inputs=("b", "a")))
    assert [layer.reads for layer in layers] == [("input",), ("input", "a")]
    assert residencies(machine(keep_on_chip=True), layers) == [NOTHING, NOTHING]


WHOLE = Shape(8, 4, 4)


@pytest.mark.parametrize(
    "free",
    [
        Concat(name="f", inputs=("a", "input")),
        View(name="f", inputs=("a",), shape=WHOLE),
        Output(name="f", inputs=("a",)),
        Flatten(name="f", inputs=("a",)),
        Unmodelled(name="f", inputs=("a",), what="LRN", shape=WHOLE),
    ],
)
def test_what_is_read_by_more_than_the_next_layer_does_not_stay(free: Node) -> None:
    layers = network(conv("a", "input"), free, conv("b", "a"))
    assert [layer.reads for layer in layers] == [("input",), ("a",)]
    assert residencies(machine(keep_on_chip=True), layers) == [NOTHING, NOTHING]


@pytest.mark.parametrize(
    "free",
    [
        Concat(name="f", inputs=("a", "input")),
        View(name="f", inputs=("a",), shape=WHOLE),
        Output(name="f", inputs=("a",)),
        Unmodelled(name="f", inputs=("a",), what="LRN", shape=WHOLE),
    ],
)
def test_what_the_next_layer_reads_as_something_else_does_not_stay(free: Node) -> None:
    layers = network(conv("a", "input"), free, Activation(name="b", inputs=("f",), kind="relu"))
    assert [layer.reads for layer in layers] == [("input",), ("f",)]
    assert residencies(machine(keep_on_chip=True), layers) == [NOTHING, NOTHING]


def test_a_flattened_map_stays_for_the_only_one_that_reads_it() -> None:
    linear = Linear(name="l", inputs=("f",), in_features=128, out_features=8)
    layers = network(conv("a", "input"), Flatten(name="f", inputs=("a",)), linear)
    assert residencies(machine(keep_on_chip=True), layers) == [STAYS, IS_THERE]


def test_an_intermediate_stays_if_it_fits_at_its_own_width() -> None:
    # 32 channels of 16 pixels: 1,024 bytes at 16 bits, 2,048 at 32 bits; the ofmap is 512 bytes in both cases.
    layers = network(conv("a", "input", out=32), BatchNorm(name="bn", inputs=("a",)), conv("b", "bn", 32))
    for bits, stays in ((16, True), (32, False)):
        offchip = machine(keep_on_chip=True, bn={"lanes": 8, "placement": "offchip", "intermediate_bits": bits})
        assert residencies(offchip, layers) == [Residency(intermediate=stays, ofmap=True), IS_THERE]


def test_streamed_layers_pass_on_what_stays() -> None:
    layers = network(
        conv("a", "input"),
        Pool(name="pool", inputs=("a",), kind="max", window=Window(kernel=(2, 2), stride=(2, 2))),
        conv("b", "pool"),
        Activation(name="relu", inputs=("b",), kind="relu"),
    )
    assert residencies(machine(keep_on_chip=True), layers) == [STAYS, BOTH, IS_THERE]


@pytest.mark.parametrize("seed", range(60))
def test_the_best_tilings_of_networks_that_stay_on_chip(seed: int) -> None:
    random = seeded(seed)
    settings = random_machine(random).model_dump() | {"keep_on_chip": True}
    settings["array"] |= {"operand_bits": random.choice([8, 16]), "weight_bits": random.choice([None, 8, 16])}
    settings["buffers"]["ofmap"] |= {"kib": 1, "halves": random.choice([2, 4])}
    cramped = MachineConfig.model_validate(settings)
    layers = layers_of(random_network(random, cramped), batch=1)
    mapped = map_layers(cramped, layers, {})
    for layer in layers:
        mapping = mapped[layer.name]
        tasks = tasks_of(cramped, layer, mapping.residency)
        for task, tiling in zip(tasks, (mapping.tiling, mapping.second_phase), strict=False):
            assert tiling is not None
            assert missing(task, tiling) == {}
            best = best_choice(task)
            assert best is not None
            assert_as_good(task, choice_of(task, tiling), best)
        if not layer.epilogue.batchnorm:
            program = layer_program(cramped, layer, mapping)
            moved = sum(operation.transfer.bytes for operation in program.transfers)
            assert moved == traffic(tasks[0], mapping.tiling)
