"""What one action takes, by a table in which it can be seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.config.machine import MachineConfig
from accelsim.energy.action import Action, Component, Verb, action
from accelsim.energy.price import action_pj, memory_kib
from accelsim.energy.table import read_energy_table
from tests.energy.cases import TABLE, machine

ON = machine(
    buffers={
        "ifmap": {"kib": 8, "halves": 2},
        "weight": {"kib": 1, "halves": 1},
        "parameter": {"kib": 3, "halves": 3},
        "residual": {"kib": 2, "halves": 2},
        "ofmap": {"kib": 1, "halves": 4},
    },
    accumulator={"psums": 256, "halves": 3},
)


@pytest.mark.parametrize(
    ("done", "energy_pj"),
    [
        (action("conv_array", "add", 32, 5), 32),
        (action("activation", "compare", 7, 5), 3.5),
        (action("conv_array", "multiply", 8, 5, by_bits=8), 64),
        (action("bn_stage", "multiply", 32, 5, by_bits=2), 64),  # as two operands of 8 bits
        (action("weight_buffer", "read", 8, 5), 8 * 2),
        (action("weight_buffer", "write", 8, 5), 8 * 3),
        (action("ifmap_buffer", "read", 4, 5), 4 * 4),  # a half of 4 KiB
        (action("ofmap_buffer", "write", 16, 5), 16 * 1.5),  # a quarter
        (action("accumulator", "read", 32, 5), 32 * 2),  # 256 psums of 4 bytes
        (action("dram", "read", 8, 5), 50),
        (action("dram", "write", 8, 5), 100),
    ],
)
def test_price(done: Action, energy_pj: float) -> None:
    assert action_pj(ON, TABLE, done) == pytest.approx(energy_pj, rel=1e-12)


@pytest.mark.parametrize(
    ("component", "kib"),
    [("ifmap_buffer", 4), ("parameter_buffer", 1), ("ofmap_buffer", 0.25), ("accumulator", 1)],
)
def test_a_memory_is_one_half(component: Component, kib: float) -> None:
    assert memory_kib(ON, component) == kib


def test_the_rule_of_the_shipped_table_at_4_and_16_bits(repository: Path) -> None:
    # as its comments and docs/energy.md say
    table = read_energy_table(repository / "configs" / "energy" / "45nm.yaml")

    def pj(verb: Verb, bits: int) -> float:
        return round(action_pj(machine(), table, action("conv_array", verb, bits, 1, by_bits=bits)), 3)

    assert [pj("add", bits) for bits in (4, 8, 16, 32)] == [0.016, 0.03, 0.055, 0.1]
    assert [pj("multiply", bits) for bits in (4, 8, 16, 32)] == [0.051, 0.2, 0.787, 3.1]


def test_a_bit_of_sram_by_the_shipped_table(repository: Path) -> None:
    # 20 pJ for 64 bits of 32 KiB; half of that at a quarter of the size
    table = read_energy_table(repository / "configs" / "energy" / "45nm.yaml")

    def byte_pj(on: MachineConfig) -> float:
        return action_pj(on, table, action("weight_buffer", "read", 8, 1))

    sizes = [machine(buffers={"weight": {"kib": kib, "halves": 1}} | OTHERS) for kib in (2, 8, 32, 1024)]
    assert [byte_pj(on) for on in sizes] == pytest.approx([5 / 8, 10 / 8, 20 / 8, 100 / 8], rel=1e-12)


OTHERS = {name: {"kib": 1} for name in ("ifmap", "parameter", "residual", "ofmap")}
