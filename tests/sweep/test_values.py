"""Lists and ranges of values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accelsim.documents.yaml_document import read_yaml
from accelsim.sweep.values import MAX_VALUES, axis_values
from tests.sweep.tiny_sweeps import refusal


def values(folder: Path, written: str) -> list[Any]:
    path = folder / "axis.yaml"
    path.write_text(f"axis: {written}\n")
    document = read_yaml(path)
    return axis_values(document, ("axis",), document.data["axis"])


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[8, inline, true]", [8, "inline", True]),
        ("{from: 16, to: 256, factor: 2}", [16, 32, 64, 128, 256]),
        ("{from: 64, to: 8, factor: 0.5}", [64, 32, 16, 8]),
        ("{from: 4, to: 16, step: 4}", [4, 8, 12, 16]),
        ("{from: 3, to: 1, step: -1}", [3, 2, 1]),
        ("{from: 0.1, to: 0.3, step: 0.1}", [0.1, 0.2, 0.3]),  # floats would miss the end: 0.1 + 0.1 + 0.1 > 0.3
        ("{from: 5, to: 5, step: 1}", [5]),
    ],
)
def test_ranges_include_both_ends_and_are_exact(tmp_path: Path, written: str, expected: list[Any]) -> None:
    found = values(tmp_path, written)
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("[]", "axis: has no values"),
        ("12", "axis: must be a list of values, or a range such as {from: 16, to: 256, factor: 2}, not 12"),
        ("{from: 1, to: 8}", "axis: must have either 'step' or 'factor'"),
        ("{from: 1, to: 8, step: 1, factor: 2}", "axis: must have either 'step' or 'factor'"),
        ("{from: 1, step: 1}", "axis.to: is missing (the last value)"),
        ("{from: 1, to: 8, steps: 1}", "axis.steps: unknown key 'steps'; did you mean 'step'?"),
        ("{from: 1, to: .inf, step: 1}", "axis.to: must be a finite number, not inf"),
        ("{from: 1, to: true, step: 1}", "axis.to: must be a number, not true"),
        ("{from: 1, to: 8, step: 0}", "axis.step: never gets from 1 to 8"),
        ("{from: 1, to: 8, step: -1}", "axis.step: never gets from 1 to 8"),
        ("{from: 1, to: 8, factor: 1}", "axis.factor: never gets from 1 to 8"),
        ("{from: 1, to: 8, factor: 0.5}", "axis.factor: never gets from 1 to 8"),
        ("{from: 0, to: 8, factor: 2}", "axis.factor: never gets from 0 to 8"),
        ("{from: 1, to: -8, factor: -2}", "axis.factor: never gets from 1 to -8"),
        ("{from: 4, to: 15, step: 4}", "axis.to: the range does not end in 15: it goes from 12 to 16"),
        ("{from: 1, to: 1000000, step: 1}", f"axis: has more than {MAX_VALUES:,} values"),
    ],
)
def test_what_is_no_list_and_has_no_end_is_refused(tmp_path: Path, written: str, message: str) -> None:
    assert f"axis.yaml:1: {message}" in refusal(values, tmp_path, written)
