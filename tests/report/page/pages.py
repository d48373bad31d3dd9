"""Pages that several tests look at, made once: most of the time goes into their figures."""

from __future__ import annotations

from functools import cache

import pytest

from accelsim.report.page import pictures
from accelsim.report.page.page import report_page
from tests.report.page.hostile import hostile_result
from tests.results.runs import result_of


@cache
def page_of(case: str) -> str:
    """Return the page of one of the cases of tests/results/runs.py."""
    return report_page(result_of(case))


@cache
def hostile_page() -> str:
    """Return the page of :func:`tests.report.page.hostile.hostile_result`."""
    return report_page(hostile_result())


def leave_out_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pages be made with one of their figures, for a test that looks at something else."""
    monkeypatch.setattr(pictures, "DESCRIPTIONS", {"cycles": pictures.DESCRIPTIONS["cycles"]})
