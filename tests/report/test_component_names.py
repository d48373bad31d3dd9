"""Every component and part of the energy has a name."""

from __future__ import annotations

from accelsim.energy.action import COMPONENTS
from accelsim.energy.estimate import PARTS
from accelsim.report.component_names import COMPONENT_NAMES, PART_NAMES


def test_every_component_and_part_has_a_name_in_its_place() -> None:
    assert tuple(COMPONENT_NAMES) == COMPONENTS
    assert tuple(PART_NAMES) == PARTS
