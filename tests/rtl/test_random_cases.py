from __future__ import annotations

from itertools import islice

from accelsim.rtl.chips import CHIPS
from accelsim.rtl.machine_parameters import MachineParameters
from accelsim.rtl.random_cases import LONGEST_CYCLES, random_case, random_cases
from accelsim.simulation import simulate_program


def test_a_case_is_the_same_whatever_the_count() -> None:
    few, many = list(random_cases(3, 2)), list(islice(random_cases(3, 5), 2))
    assert [case.loads for case in few] == [case.loads for case in many]
    assert [case.name for case in few] == ["3/0", "3/1"]


def test_another_seed_makes_other_cases() -> None:
    assert random_case(3, 0)[1].loads != random_case(4, 0)[1].loads


def test_every_chip_is_one_binary() -> None:
    built: dict[int, set[MachineParameters]] = {}
    for number in range(5 * len(CHIPS)):
        built.setdefault(number % len(CHIPS), set()).add(random_case(7, number)[1].parameters)
    assert [len(binaries) for binaries in built.values()] == [1] * len(CHIPS)


def test_no_case_takes_long() -> None:
    # the 347th case of this seed is one whose first draw takes 11 million cycles
    case = random_case(3, 347)[1]
    assert simulate_program(case.machine, case.program).cycles <= LONGEST_CYCLES
