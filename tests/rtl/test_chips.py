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
    assert {(8, 4), (4, 8), (8, 8), (16, 8)} < {(chip.operand_bits, chip.weight_bits) for chip in CHIPS}


def test_requantisers_are_in_every_dataflow_and_in_both_pipelines() -> None:
    with_one = [chip for chip in CHIPS if chip.requantizer]
    assert {chip.dataflow for chip in with_one} == {"ws", "is", "os"}
    assert {chip.function_unit for chip in with_one} == {True, False}
    assert {chip.bn_removed for chip in with_one} == {True, False}
    assert len(with_one) < len(CHIPS)


def test_the_rest_of_a_machine_is_drawn() -> None:
    machines = [random_machine(seeded(seed), CHIPS[0]) for seed in range(40)]
    assert {machine.array.rows for machine in machines} == {CHIPS[0].rows}
    assert {machine.bn.placement for machine in machines} == {"inline", "offchip"}
    assert {machine.array.ifmap_streaming for machine in machines} == {"raster", "im2col"}
    assert {machine.buffers.ifmap.halves for machine in machines} == {1, 2, 3}
