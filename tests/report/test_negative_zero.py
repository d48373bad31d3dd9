"""No number is shown as minus nothing, such as -0.0: a difference of floats can come out as that."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import accelsim

SOURCES = Path(accelsim.__file__).parent
ROUNDED = re.compile(r":(?P<flags>[^{}:\"']*)\.\d+[fg](?=[}\"'])")
"""A format of a number that is rounded, in an f-string or for ``format``."""


def unguarded(text: str) -> list[str]:
    """Return the formats in a source that write -0.0 for what is a little less than 0."""
    return [found.group() for found in ROUNDED.finditer(text) if "z" not in found["flags"]]


@pytest.mark.parametrize("path", sorted(SOURCES.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCES)))
def test_rounded_numbers_have_no_negative_zero(path: Path) -> None:
    assert not unguarded(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", ['f"{share:.1f} %"', '"{:,.2f}".format', 'f"{change:+.2f}"', 'f"{value:.4g}"'])
def test_a_format_without_the_option_is_found(text: str) -> None:
    assert unguarded(text)


@pytest.mark.parametrize("text", ['f"{share:z.1f} %"', '"{:z,.2f}".format', 'f"{count:,}"', 'f"{error:.0e}"'])
def test_other_formats_are_left_alone(text: str) -> None:
    assert not unguarded(text)
