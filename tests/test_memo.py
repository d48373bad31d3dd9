"""What is remembered is what would be computed anew, on machines that differ in any field."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

import pytest

from accelsim import memo as memo_module
from accelsim.config.machine import MachineConfig
from accelsim.config.run import Objective
from accelsim.energy.action import Action
from accelsim.energy.layer import layer_actions
from accelsim.errors import MappingError
from accelsim.layers import Layer
from accelsim.mapping.plan import LayerMapping, map_layers
from accelsim.memo import Memo
from accelsim.program.layer import layer_program
from accelsim.recurrence import layer_totals
from accelsim.simulation import simulate_program
from accelsim.totals import LayerTotals, totals_of
from tests.hand_built import changed
from tests.mapping.tiny_layers import tiny_case
from tests.random_cases import Case, random_case, random_machine, random_sparse_case, seeded

pytestmark = pytest.mark.slow

FURTHER_VALUES: dict[str, list[Any]] = {
    "name": ["other"],
    "clock_mhz": [123.0],
    "keep_on_chip": [True],
    "array.psum_bits": [40, 64],
    "array.sparsity": ["1:2", "2:4"],
    "array.skip_zero_folds": [False, True],
    "bn.placement": ["inline", "pass", "offchip"],
    "buffers.parameter.kib": [1, 2],
    "requantization": [None, {"lanes": 1, "weight_scales": "per_tensor"}, {"lanes": 3, "latency_cycles": 7}],
    "dma.burst_bytes": [3, 4096],
}
"""What random machines do not vary, or seldom."""

MANY_OPERATIONS = 1000


def fields(section: dict[str, Any], above: str = "") -> dict[str, Any]:
    """All values of a machine by dotted key."""
    found: dict[str, Any] = {}
    for name, value in section.items():
        key = f"{above}{name}"
        found |= fields(value, f"{key}.") if isinstance(value, dict) else {key: value}
    return found


def with_field(machine: MachineConfig, key: str, value: Any) -> MachineConfig | None:
    """Return the machine with one field changed, if it can exist and pool."""
    written = machine.model_dump()
    *path, name = key.split(".")
    section = written
    for part in path:
        section = section[part]
        if section is None:
            return None
    section[name] = value
    try:
        other = MachineConfig.model_validate(written)
    except ValueError:
        return None
    return other if other.can_pool else None


def machines_beside(random: Random, machine: MachineConfig) -> list[MachineConfig]:
    """Return machines that differ from this one in one field each, one of them for every field."""
    values = fields(random_machine(random).model_dump())
    values |= {key: random.choice(further) for key, further in FURTHER_VALUES.items()}
    beside = (with_field(machine, key, value) for key, value in values.items())
    return [other for other in beside if other is not None and other != machine]


class Remembered(NamedTuple):
    """What a memo knows of a layer in both variants."""

    mapping: LayerMapping
    totals: list[LayerTotals]
    actions: list[tuple[Action, ...]]


def fresh(machine: MachineConfig, case: Case, objective: Objective) -> Remembered | str:
    """Return mapping, totals and actions without a memo, or why there are none."""
    try:
        mapping = map_layers(machine, [case.unfused], {}, objective)[case.unfused.name]
    except MappingError as error:
        return error.message
    totals = [totals_of(simulate_program(machine, layer_program(machine, each, mapping))) for each in case.layers]
    return Remembered(mapping, totals, [layer_actions(machine, each, mapping) for each in case.layers])


def remembered(memo: Memo, machine: MachineConfig, case: Case, objective: Objective) -> Remembered | str:
    """The same with one."""
    try:
        mapping = map_layers(machine, [case.unfused], {}, objective, memo.choose_tiling)[case.unfused.name]
    except MappingError as error:
        return error.message
    return Remembered(
        mapping,
        [memo.layer_totals(machine, layer, mapping) for layer in case.layers],
        [memo.layer_actions(machine, layer, mapping) for layer in case.layers],
    )


SPARSE_SEEDS = range(120, 160)


@pytest.mark.parametrize("seed", [*range(120), *SPARSE_SEEDS])
def test_a_memo_changes_nothing_whichever_field_of_the_machine_differs(seed: int) -> None:
    random = seeded(seed)
    objective: Objective = random.choice(["traffic", "cycles"])
    case = random_case(random) if seed % 2 else Case(*tiny_case(seed))  # on a machine where hardly anything fits
    if seed in SPARSE_SEEDS:
        case = random_sparse_case(random)
    mapped = fresh(case.machine, case, objective)
    if not isinstance(mapped, str):
        program = layer_program(case.machine, case.unfused, mapped.mapping)
        if len(program.transfers) > MANY_OPERATIONS:
            return
    memo = Memo()
    beside = machines_beside(random, case.machine)
    assert len(beside) > 10
    for machine in (case.machine, *beside, case.machine):
        assert remembered(memo, machine, case, objective) == fresh(machine, case, objective), machine


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> list[MachineConfig]:
    """Machines of which a memo did not know the totals."""
    machines: list[MachineConfig] = []

    def counted(machine: MachineConfig, outline: Any) -> LayerTotals:
        machines.append(machine)
        return layer_totals(machine, outline)

    monkeypatch.setattr(memo_module, "layer_totals", counted)
    return machines


def inline_case() -> tuple[MachineConfig, Layer, Layer]:
    """A convolution with BN and nothing else, on a machine that is 8 columns wide; and the same fused."""
    random = seeded(0)
    while True:
        case = random_case(random, changed(random_machine(random), array={"cols": 8}, bn={"lanes": 4}))
        epilogue = case.unfused.epilogue
        if case.machine.bn.placement == "inline" and epilogue.batchnorm and not epilogue.residual:
            return case.machine, case.unfused, case.fused


def test_only_what_a_layer_uses_makes_it_new(simulated: list[MachineConfig]) -> None:
    machine, unfused, fused = inline_case()
    mapping = map_layers(machine, [unfused], {})[unfused.name]
    memo = Memo()
    for layer in (unfused, fused):
        memo.layer_totals(machine, layer, mapping)
    assert len(simulated) == 2
    more = machine.bn.latency_cycles + 1
    # (what differs, layers that it concerns)
    for changes, concerned in (
        ({"residual_add": {"lanes": 99}, "pooling": {"lanes": 99}}, 0),
        ({"accumulator": {"psums": 2**20, "kib": None}}, 0),
        ({"bn": {"when_fused": "bypassed"}}, 0),
        ({"bn": {"latency_cycles": more}}, 1),
        ({"bn": {"lanes": 8, "latency_cycles": more}}, 1),
        ({"bn": {"lanes": 64, "latency_cycles": more}}, 0),  # as good as 8
        ({"dram": {"read_latency_cycles": 77}}, 2),
    ):
        simulated.clear()
        for layer in (unfused, fused):
            memo.layer_totals(changed(machine, **changes), layer, mapping)
        assert len(simulated) == concerned, changes


def test_a_memo_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch, simulated: list[MachineConfig]) -> None:
    monkeypatch.setattr(memo_module, "_MAX_TOTALS", 3)
    machine, layer, _ = inline_case()
    mapping = map_layers(machine, [layer], {})[layer.name]
    memo = Memo()
    latencies = [1000, 1001, 1002, 1003, 1003, 1000]
    for latency in latencies:
        memo.layer_totals(changed(machine, dram={"read_latency_cycles": latency}), layer, mapping)
    assert [machine.dram.read_latency_cycles for machine in simulated] == [1000, 1001, 1002, 1003, 1000]
