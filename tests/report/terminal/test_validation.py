"""The tables of ``accelsim validate``."""

from __future__ import annotations

from accelsim.report.terminal.validation import comparison_table, equality_line
from accelsim.validation.scalesim import LayerComparison
from tests.report.terminal.printing import printed

COMPARISONS = [LayerComparison("equal", 1234, 1234), LayerComparison("[more]", 10, 2010), LayerComparison("less", 5, 3)]


def test_every_layer_has_its_line() -> None:
    lines = [line.split() for line in printed(comparison_table(COMPARISONS)).splitlines() if line.strip()]
    assert lines[3:] == [
        ["equal", "1,234", "1,234", "0"],
        ["[more]", "10", "2,010", "+2,000"],
        ["less", "5", "3", "-2"],
    ]


def test_how_many_are_equal() -> None:
    assert equality_line(COMPARISONS) == "1 of 3 layers equal"
