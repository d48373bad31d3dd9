"""Hashes of all figures in all formats. ``python -m tests.report.figures.image_hashes`` prints them."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator

from accelsim.report.figures.image import UNDATED, image_bytes
from accelsim.report.figures.kinds import KINDS
from tests.results.runs import result_of


def image_hashes() -> Iterator[str]:
    """Draw each kind of figure and save it in each format; yield a line for each file."""
    for kind in KINDS.values():
        figure = kind.draw(result_of("alpha5"))
        for image_format in UNDATED:
            yield f"{kind.name} {image_format} {hashlib.sha256(image_bytes(figure, image_format)).hexdigest()}"


if __name__ == "__main__":
    sys.stdout.write("\n".join(image_hashes()))
