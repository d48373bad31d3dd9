"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter
from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("fresh", derandomize=False, deadline=None, print_blob=True)
settings.load_profile("fixed")

SHOWN_AT_THE_END = "shown at the end"
"""Name under which a test records (`record_property`) what the run is to print, also from another process."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run look at other random cases than the one before."""
    parser.addoption("--seed", type=int, default=1, help="of random cases beside the fixed ones (default: 1)")


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print what tests have recorded to be shown."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, text in report.user_properties:
            if name == SHOWN_AT_THE_END and report.when == "call":
                terminalreporter.write_line("")
                terminalreporter.write_line(str(text))


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """The seed of cases that may differ from run to run."""
    return int(request.config.getoption("seed"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds configs/ and workloads/."""
    return Path(__file__).parents[1]
