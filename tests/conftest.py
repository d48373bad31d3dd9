"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter
from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("ci")

SHOWN_AT_THE_END = "shown at the end"
"""Name under which a test records (`record_property`) what the run is to print, also from another process."""


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print what tests have recorded to be shown."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, text in report.user_properties:
            if name == SHOWN_AT_THE_END and report.when == "call":
                terminalreporter.write_line("")
                terminalreporter.write_line(str(text))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds configs/ and workloads/."""
    return Path(__file__).parents[1]
