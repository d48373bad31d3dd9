from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.config import load_config
from accelsim.errors import InputError
from accelsim.rtl.config_cases import config_cases
from accelsim.rtl.validate import validate


def test_the_source_documents_machine_is_equal_at_its_full_size(repository: Path) -> None:
    config = load_config(repository / "configs" / "alpha5.yaml")
    comparisons = list(validate(config_cases(config, seed=1)))
    assert [comparison.case.name for comparison in comparisons] == ["conv, fused", "conv, unfused"]
    # as in tests/data/golden.csv
    assert [comparison.rtl_cycles for comparison in comparisons] == [670, 688]
    assert not any(comparison.differences for comparison in comparisons)


def test_a_network_has_each_of_its_layers_once(repository: Path) -> None:
    cases = list(config_cases(load_config(repository / "configs" / "resnet18.yaml"), seed=1))
    kinds = [(case.program.array[0].work if case.program.array else None, len(case.program.drains)) for case in cases]
    assert len(cases) < 2 * 21
    assert len(kinds) > 8
    # the machine for fused networks has no BN stage
    assert {case.parameters.has_bn for case in cases} == {0, 1}


def test_a_machine_that_keeps_data_on_chip_is_refused(repository: Path) -> None:
    config = load_config(repository / "configs" / "resnet18.yaml", ["machine.keep_on_chip=true"])
    with pytest.raises(InputError, match="RTL keeps nothing on chip"):
        list(config_cases(config, seed=1))
