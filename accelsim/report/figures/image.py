"""Figures as the bytes of a file, the same each time."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

from accelsim.errors import InputError
from accelsim.report.figures.style import house_style

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

DOTS_PER_INCH = 300
"""Of a PNG, as papers want it."""

UNDATED: dict[str, dict[str, str | None]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
"""The formats, and what keeps the date out of each."""


def image_format(path: Path) -> str:
    """Return the format that a file's name asks for.

    Raises
    ------
    InputError
        If there is no such format.
    """
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in UNDATED:
        known = ", ".join(f".{known}" for known in UNDATED)
        raise InputError(f"a figure's file must end in one of {known}, not in '{path.suffix}'", path=path)
    return suffix


def image_bytes(figure: Figure, image_format: str) -> bytes:
    """Return a figure as an ``svg``, ``pdf`` or ``png``, without date."""
    file = io.BytesIO()
    with house_style(), warnings.catch_warnings():
        # A layer may be named in letters that the font lacks: they are drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(file, format=image_format, dpi=DOTS_PER_INCH, metadata=UNDATED[image_format])
    return file.getvalue()
