"""Figures as files: the same bytes each time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from accelsim.errors import InputError
from accelsim.report.figures.image import image_bytes, image_format
from accelsim.report.figures.kinds import KINDS
from tests.report.figures.image_hashes import image_hashes
from tests.report.figures.runs import folded_ahead
from tests.results.runs import result_of

BEGINNINGS = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}


@pytest.mark.parametrize("image_format", BEGINNINGS)
def test_the_format_is_the_one_asked_for_and_has_no_date(image_format: str) -> None:
    image = image_bytes(KINDS["cycles"].draw(result_of("alpha5")), image_format)
    assert image.startswith(BEGINNINGS[image_format])
    assert b"dc:date" not in image
    assert b"CreationDate" not in image


def test_two_processes_write_the_same_bytes(repository: Path) -> None:
    command = [sys.executable, "-m", "tests.report.figures.image_hashes"]
    other = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=repository, text=True)  # noqa: S603
    here = list(image_hashes())
    printed, _ = other.communicate()
    assert len(here) == len(BEGINNINGS) * len(KINDS)
    assert printed.splitlines() == here


def test_drawing_twice_in_a_process_gives_the_same_bytes() -> None:
    images = {image_bytes(KINDS["timeline"].draw(result_of("resnet18")), "svg") for _ in range(2)}
    assert len(images) == 1


@pytest.mark.parametrize(("name", "expected"), [("a.svg", "svg"), ("a.b.PDF", "pdf"), ("a.png", "png")])
def test_the_name_says_the_format(name: str, expected: str) -> None:
    assert image_format(Path(name)) == expected


@pytest.mark.parametrize(("name", "suffix"), [("a.jpg", ".jpg"), ("a", ""), (".svg", "")])
def test_an_unknown_suffix_is_refused(name: str, suffix: str) -> None:
    with pytest.raises(InputError) as caught:
        image_format(Path(name))
    assert str(caught.value) == f"{name}: a figure's file must end in one of .svg, .pdf, .png, not in '{suffix}'"


def test_letters_that_the_font_lacks_are_no_warning(tmp_path: Path) -> None:
    # Warnings are errors here, and no font of matplotlib's has 层.
    assert image_bytes(KINDS["cycles"].draw(folded_ahead(tmp_path)), "svg")
