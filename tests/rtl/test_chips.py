from __future__ import annotations

from itertools import product

from accelsim.rtl.chips import CHIPS, random_machine
from tests.random_cases import seeded


def test_chips_differ_in_all_that_is_built_in() -> None:
    assert {(chip.dataflow, chip.shadow) for chip in CHIPS} == {*product(("ws", "is"), (True, False)), ("os", False)}
    assert {(chip.dataflow, chip.function_unit) for chip in CHIPS} == set(product(("ws", "is", "os"), (True, False)))
    assert {chip.parameters for chip in CHIPS} == {"scale_shift", "raw"}
    assert {chip.bn_removed for chip in CHIPS} == {True, False}
    assert {chip.operand_bits for chip in CHIPS} == {1, 4, 8, 16}


def test_the_rest_of_a_machine_is_drawn() -> None:
    machines = [random_machine(seeded(seed), CHIPS[0]) for seed in range(40)]
    assert {machine.array.rows for machine in machines} == {CHIPS[0].rows}
    assert {machine.bn.placement for machine in machines} == {"inline", "offchip"}
    assert {machine.array.ifmap_streaming for machine in machines} == {"raster", "im2col"}
    assert {machine.buffers.ifmap.halves for machine in machines} == {1, 2, 3}
