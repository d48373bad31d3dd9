"""The recurrence comes to what the simulation comes to, wherever that is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from accelsim import recurrence
from accelsim.config.machine import MachineConfig
from accelsim.hardware import conv_array
from accelsim.program.layer import layer_program
from accelsim.program.operations import Program, Token
from accelsim.program.outline import outline_of
from accelsim.recurrence import layer_totals
from accelsim.simulation import DeadlockError, simulate_program
from accelsim.totals import totals_of
from tests.hand_built import changed, convolve, machine, program, read, work
from tests.random_cases import (
    random_case,
    random_machine,
    random_mapping,
    random_sparse_case,
    seeded,
    variants_of_network,
)

pytestmark = pytest.mark.slow

MANY_OPERATIONS = 3000


def random_programs(seed: int) -> Iterator[tuple[MachineConfig, Program]]:
    """Both variants of a random layer, and of a random network that may keep data on chip."""
    random = seeded(seed)
    case = random_sparse_case(random) if seed % 4 == 3 else random_case(random)
    for layer_of_variant in case.programs(random_mapping(random, case)):
        yield case.machine, layer_of_variant
    keeping = random_machine(random).model_copy(update={"keep_on_chip": True})
    keeping = changed(keeping, pooling={"lanes": 1}, buffers={"ofmap": {"kib": 4, "halves": 2}})
    for _, layers, mappings in variants_of_network(random, keeping):
        for layer in layers:
            yield keeping, layer_program(keeping, layer, mappings[layer.name])


@pytest.mark.parametrize("first", range(0, 300, 25))
def test_it_is_equal_to_the_simulation(first: int) -> None:
    for seed in range(first, first + 25):
        for on, written in random_programs(seed):
            if len(written.transfers) < MANY_OPERATIONS:
                assert layer_totals(on, outline_of(written)) == totals_of(simulate_program(on, written)), seed


def test_the_simulation_is_asked_only_where_data_stays_on_chip(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Program] = []

    def simulated(on: MachineConfig, written: Program) -> Any:
        asked.append(written)
        return simulate_program(on, written)

    monkeypatch.setattr(recurrence, "simulate_program", simulated)
    programs = [written for seed in range(60) for written in random_programs(seed)]
    for on, written in programs:
        layer_totals(on, outline_of(written))
    assert 0 < len(asked) < len(programs) / 20
    halves_of_this = {written.tokens[Token.OFMAP_FREE] for written in asked}
    assert halves_of_this == {1}  # the other half holds the ifmap


def test_a_closed_form_that_is_wrong_is_wrong_here_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    outline = outline_of(program(array=(convolve(work(pixels=5, kc=4, n=3)),)))
    assert layer_totals(machine(), outline).cycles == 14  # tests/test_simulation.py
    monkeypatch.setattr(conv_array, "array_cycles", lambda *_: 15)
    assert layer_totals(machine(), outline).cycles == 15


def test_a_deadlock_is_told_as_by_the_simulation() -> None:
    load = read("ifmap", 8, gives=(Token.IFMAP_FULL,))
    waiting = program(transfers=(load,), array=(convolve(work(pixels=5, kc=4, n=3), (Token.WEIGHT_FULL,)),))
    with pytest.raises(DeadlockError, match="waits for weight_full"):
        layer_totals(machine(), outline_of(waiting))
