"""What operations do."""

from __future__ import annotations

import pandas as pd
import pytest

from accelsim.report.figures.style import WORK
from accelsim.report.figures.work import work_of
from tests.results.runs import CASES, result_of


@pytest.mark.parametrize(
    ("unit", "operation", "expected"),
    [
        ("dma", "load ifmap g0 m0 k0", "load"),
        ("dma", "load parameters", "load"),
        ("dma", "store ofmap g0 m0 n0", "store"),
        ("conv_array", "multiply g0 m0 n0 k0", "convolution"),
        ("bn_stage", "drain g0 m0 n0", "batchnorm"),
        ("activation", "drain g0 m0 n0", "activation"),
        ("function_unit", "accumulate g0 m0 n0 k0", "convolution"),
        ("function_unit", "batchnorm g0 m0 n0", "batchnorm"),
        ("function_unit", "readout g0 m0 n0", "activation"),
    ],
)
def test_work_is_told_by_unit_and_operation(unit: str, operation: str, expected: str) -> None:
    assert list(work_of(pd.DataFrame({"unit": [unit], "operation": [operation]}))) == [expected]


def test_nothing_done_is_no_work() -> None:
    assert work_of(result_of("alpha5").events.iloc[:0]).empty


@pytest.mark.parametrize("case", CASES)
def test_every_operation_has_a_look(case: str) -> None:
    assert set(work_of(result_of(case).events)) <= set(WORK)
