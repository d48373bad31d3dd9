"""What is waited for."""

from __future__ import annotations

import pytest

from accelsim.program.operations import STAGES, Token
from accelsim.report.figures.style import WAITS
from accelsim.report.figures.waits import awaited


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        ("ifmap_full", "ifmap"),
        ("ifmap_free", "ifmap"),
        ("bias_full", "parameter"),
        ("accumulator_free", "accumulator"),
        ("function_unit_ready", "unit"),
        ("array_stream", "unit"),
        ("post_pipeline", "unit"),
        ("conv_array", "unit"),
        ("residual_add", "unit"),
        ("pipeline_latency", "latency"),
    ],
)
def test_a_cause_is_the_buffer_or_unit_waited_for(cause: str, expected: str) -> None:
    assert awaited(cause) == expected


@pytest.mark.parametrize("cause", [*Token, *STAGES])
def test_every_cause_has_a_look(cause: str) -> None:
    assert awaited(cause) in WAITS
