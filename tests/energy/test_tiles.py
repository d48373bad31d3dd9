from __future__ import annotations

from collections import Counter

import pytest

from accelsim.energy.tiles import tile_classes
from accelsim.program.operations import DrainOperation, PassOperation
from accelsim.program.phases import layer_phases
from tests.random_cases import random_case, random_mapping, seeded


@pytest.mark.parametrize("seed", range(30))
def test_tiles_are_those_that_the_program_drains(seed: int) -> None:
    random = seeded(seed)
    case = random_case(random)
    mapping = random_mapping(random, case)
    program = case.programs(mapping)[0]
    drained: Counter[object] = Counter()
    operations: list[DrainOperation | PassOperation] = list(program.drains)
    operations += [done for done in program.function_unit if isinstance(done, PassOperation) and done.kind == "readout"]
    for operation in operations:
        drained[operation.blocks] += 1
    found: Counter[object] = Counter()
    for phase in layer_phases(case.machine, case.unfused, mapping):
        for tiles, blocks in tile_classes(case.machine, phase):
            found[blocks] += tiles
    assert found == drained
