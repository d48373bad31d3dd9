"""The model equals RTL to the cycle, and RTL computes what numpy computes; in hundreds of random cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from accelsim.config.run import TilingConfig
from accelsim.layers import ConvShape, Epilogue, Layer
from accelsim.mapping.plan import map_layers
from accelsim.program.operations import STAGES
from accelsim.rtl.build import complaints
from accelsim.rtl.case import RtlCase, rtl_case
from accelsim.rtl.chips import CHIPS, random_machine
from accelsim.rtl.cosimulation import RtlRun, cosimulate
from accelsim.rtl.random_cases import random_case
from accelsim.rtl.validate import differences, validate
from accelsim.simulation import simulate_program
from accelsim.workload.shapes import Shape, Window
from tests.conftest import SHOWN_AT_THE_END
from tests.random_cases import seeded
from tests.test_oracle_equality import EXPECTED, MUTATIONS, Run, features, one_more, table

pytestmark = pytest.mark.slow

FIXED_SEED = 6
FIXED_CASES = 240
SEED_CASES = 60

NOT_IN_RTL = {
    # nothing stays on chip from one layer to the next
    "ifmap on chip",
    "intermediate on chip",
    "ofmap on chip",
    *(feature for feature in EXPECTED if feature.startswith(("weights kept in blocks", "folds skipped"))),
    # parameters come before what is drained with them, unless that stayed on chip
    *(f"{unit} stalled on parameter_full" for unit in (*STAGES, "function_unit") if unit != "pooling"),
}


def different(case: RtlCase) -> list[str]:
    """Everything in which a case differs."""
    (comparison,) = validate([case])
    return [f"{case.name}: {difference}" for difference in comparison.differences]


def on_chip(chip: int, cases: int) -> range:
    """Numbers of the cases that run on a chip."""
    return range(chip, cases, len(CHIPS))


@pytest.mark.parametrize("chip", range(len(CHIPS)))
def test_fixed_cases_equal_rtl(chip: int) -> None:
    for number in on_chip(chip, FIXED_CASES):
        assert not different(random_case(FIXED_SEED, number)[1])


@pytest.mark.parametrize("chip", range(len(CHIPS)))
def test_cases_of_the_seed_equal_rtl(chip: int, seed: int, record_property: Callable[[str, object], None]) -> None:
    record_property(SHOWN_AT_THE_END, f"RTL, chip {chip}: cases of seed {seed}")
    for number in on_chip(chip, SEED_CASES):
        assert not different(random_case(seed, number)[1])


def test_rows_that_touch_are_stored_without_their_neighbours() -> None:
    # Tiles of one pixel and two channels, of an ofmap two pixels of 4 bits wide: a store is two bytes, half of each.
    machine = random_machine(seeded(1), next(chip for chip in CHIPS if chip.operand_bits == 4))
    shape = ConvShape(1, Shape(3, 1, 2), Shape(2, 1, 2), Window(), groups=1)
    layer = Layer("conv", "conv", shape, Epilogue(), ("conv",), ("input",))
    tiling = TilingConfig(out_width=1)
    case = rtl_case("case", machine, layer, map_layers(machine, [layer], {"conv": tiling})["conv"], has_bn=True, seed=1)
    stores = [each.transfer for each in case.program.transfers if each.transfer.direction == "write"]
    assert [(store.rows, store.row_bytes) for store in stores] == [(1, 2), (1, 2)]
    assert not different(case)


def test_the_fixed_cases_cover_the_machine(record_property: Callable[[str, object], None]) -> None:
    covered: Counter[str] = Counter()
    for number in range(FIXED_CASES):
        source, case = random_case(FIXED_SEED, number)
        record = simulate_program(case.machine, case.program)
        covered.update(features(Run(case.name, *source[:2], source.variant, source.mapping, case.program, record)))
    record_property(SHOWN_AT_THE_END, f"{FIXED_CASES} fixed cases equal RTL; among them:\n" + "".join(table(covered)))
    assert EXPECTED - covered.keys() == NOT_IN_RTL


@pytest.mark.parametrize("chip", range(len(CHIPS)))
def test_verilator_finds_no_fault_with_any_warning(chip: int) -> None:
    assert complaints(random_case(FIXED_SEED, chip)[1].parameters) == ""


@cache
def examples() -> list[tuple[RtlCase, RtlRun]]:
    """Return a few cases of every chip, and what RTL made of them."""
    cases = [random_case(FIXED_SEED, number)[1] for number in range(4 * len(CHIPS))]
    return [(case, cosimulate(case)) for case in cases]


def caught() -> int:
    """Examples in which the model now says something else than RTL."""
    return sum(any(differences(case, simulate_program(case.machine, case.program), run)) for case, run in examples())


@pytest.mark.parametrize(("owner", "name"), MUTATIONS)
def test_a_model_that_is_wrong_by_one_cycle_is_caught(owner: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert caught() == 0
    monkeypatch.setattr(owner, name, one_more(getattr(owner, name)))
    assert caught() > 0
