"""An outline says everything of a program but names and places."""

from __future__ import annotations

import pytest

from accelsim.program.operations import Program
from accelsim.program.outline import outline_of
from tests.random_cases import random_case, random_mapping, seeded


def without_names(program: Program) -> list[list[tuple[object, ...]]]:
    transfers: list[tuple[object, ...]] = [
        (operation.transfer.direction, operation.transfer.runs, operation.transfer.row_bytes, *operation[2:])
        for operation in program.transfers
    ]
    array: list[tuple[object, ...]] = [operation[1:] for operation in program.array]
    drains: list[tuple[object, ...]] = [operation[1:] for operation in program.drains]
    function_unit: list[tuple[object, ...]] = [operation[1:] for operation in program.function_unit]
    return [transfers, array, drains, function_unit]


@pytest.mark.parametrize("seed", range(60))
def test_a_program_made_from_its_outline_does_the_same(seed: int) -> None:
    random = seeded(seed)
    case = random_case(random)
    for program in case.programs(random_mapping(random, case)):
        outline = outline_of(program)
        assert without_names(outline.program()) == without_names(program)
        assert outline.program().tokens == program.tokens
        for operations in without_names(outline.kinds):
            assert len(set(operations)) == len(operations)  # each kind is told once
