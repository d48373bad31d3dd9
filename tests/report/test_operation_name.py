"""Names of operations, taken apart."""

from __future__ import annotations

import pytest

from accelsim.report.operation_name import OperationName
from tests.results.runs import CASES, result_of


@pytest.mark.parametrize(
    ("operation", "kind", "tile"),
    [
        ("load ifmap g0 m3 k12", "load ifmap", "g0 m3 k12"),
        ("load parameters", "load parameters", ""),
        ("drain n0 m1", "drain", "n0 m1"),
        ("readout g0 m0 n0", "readout", "g0 m0 n0"),
    ],
)
def test_what_is_done_and_to_which_tile(operation: str, kind: str, tile: str) -> None:
    assert OperationName.read(operation) == (kind, tile)


@pytest.mark.parametrize("case", CASES)
def test_every_name_that_a_program_has_is_read(case: str) -> None:
    kinds = {OperationName.read(operation).kind for operation in result_of(case).events["operation"].unique()}
    loads = {f"load {tensor}" for tensor in ("ifmap", "weight", "residual", "parameters")}
    passes = {"accumulate", "batchnorm", "requantize", "residual_add", "pooling", "activation", "readout"}
    assert kinds <= {*loads, "store ofmap", "multiply", "drain", *passes}
