"""What an operation does, whatever unit does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelsim.report.operation_name import OperationName

if TYPE_CHECKING:
    import pandas as pd

_OF_UNIT = {
    "conv_array": "convolution",
    "bn_stage": "batchnorm",
    "requantizer": "requantize",
    "residual_add": "residual_add",
    "pooling": "pooling",
    "activation": "activation",
}

_OF_KIND = {"accumulate": "convolution", "readout": "activation"}
"""Operations of the function unit that are named otherwise than what they belong to."""


def work_of(events: pd.DataFrame) -> pd.Series[str]:
    """Return for every event what was done, a key of :data:`accelsim.report.figures.style.WORK`."""
    of_unit = events["unit"].map(_OF_UNIT)
    of_operation = {operation: _of_operation(operation) for operation in events["operation"].unique()}
    return of_unit.where(of_unit.notna(), events["operation"].map(of_operation))


def _of_operation(operation: str) -> str:
    # Loads and stores are named with what they move: `load ifmap`.
    kind, _, _ = OperationName.read(operation).kind.partition(" ")
    return _OF_KIND.get(kind, kind)
