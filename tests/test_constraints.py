"""The versions that are installed hold what setup.cfg asks for: lower bounds are tried, and nothing is left open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def direct() -> dict[str, Requirement]:
    """What setup.cfg asks for, by name."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    lists = [config["options"]["install_requires"], *dict(config["options.extras_require"]).values()]
    asked = [Requirement(line) for text in lists for line in text.strip().splitlines()]
    return {canonical(each.name): each for each in asked if each.name != "accelsim"}


def canonical(name: str) -> str:
    """A name as packaging tools compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def constrained(name: str, python: str) -> Iterator[tuple[str, Version]]:
    """Yield the versions that a file of constraints names for a version of Python on Linux."""
    for line in (ROOT / "constraints" / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            found = Requirement(line)
            linux = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
            if found.marker is None or found.marker.evaluate(linux):
                (only,) = found.specifier
                assert only.operator == "=="
                yield canonical(found.name), Version(only.version)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", ["pinned", "lowest"])
def test_every_package_has_one_version(name: str, python: str) -> None:
    names = [package for package, _ in constrained(name, python)]
    assert len(set(names)) == len(names)
    assert direct().keys() | {"setuptools"} <= set(names)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", ["pinned", "lowest"])
def test_versions_are_within_what_setup_cfg_allows(name: str, python: str) -> None:
    versions = dict(constrained(name, python))
    outside = {package for package, asked in direct().items() if not asked.specifier.contains(versions[package])}
    assert not outside, "run `make constraints`"


def test_the_lowest_are_those_of_setup_cfg() -> None:
    # a bound of 5.30 may have 5.30.2 as its first release
    versions = dict(constrained("lowest", PYTHONS[0]))
    bounds = {
        package: only.version
        for package, asked in direct().items()
        for only in asked.specifier
        if only.operator == ">="
        and Version(only.version).release != versions[package].release[: len(Version(only.version).release)]
    }
    assert not bounds, "run `make constraints`"
