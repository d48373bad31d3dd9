"""CSV files as SCALE-Sim writes them: every row may end in a comma, no field is quoted."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from accelsim.documents.files import read_text
from accelsim.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

COMMENT = "#"
"""Begins a remark behind the last comma of a row."""

MAX_DIGITS = 30
"""Longer numbers stay text: Python converts those of thousands of digits slowly, or not at all."""


class CsvRow(NamedTuple):
    """One row: its 1-based line and its fields, without the blanks around them."""

    line: int
    fields: tuple[str, ...]


def read_csv(path: Path, *, max_bytes: int = 1 << 20) -> list[CsvRow]:
    """Read the rows that hold anything; empty fields at the end of a row, and a remark there, are left out.

    Parameters
    ----------
    path
        The file.
    max_bytes
        Larger files are refused.

    Raises
    ------
    InputError
        If the file cannot be read, is no text, or holds control characters or nothing at all.
    """
    # A comma always parts two fields and a line break two rows: SCALE-Sim splits at them, whatever quotes there are.
    reader = csv.reader(StringIO(read_text(path, max_bytes), newline=""), quoting=csv.QUOTE_NONE)
    rows = []
    try:
        for fields in reader:
            row = CsvRow(reader.line_num, _trimmed(fields))
            _check_printable(row, path)
            if row.fields:
                rows.append(row)
    except csv.Error as error:
        raise InputError(f"is not valid CSV: {error}", path=path, line=reader.line_num) from None
    if not rows:
        raise InputError("is empty", path=path)
    return rows


def _trimmed(fields: list[str]) -> tuple[str, ...]:
    trimmed = [field.strip() for field in fields]
    if trimmed and trimmed[-1].startswith(COMMENT):
        trimmed.pop()
    while trimmed and not trimmed[-1]:
        trimmed.pop()
    return tuple(trimmed)


def _check_printable(row: CsvRow, path: Path) -> None:
    forbidden = next((character for field in row.fields for character in field if not character.isprintable()), None)
    if forbidden:
        raise InputError(f"the character U+{ord(forbidden):04X} is not allowed", path=path, line=row.line)


def whole_number(text: str) -> int | str | None:
    """Return the number that a field holds, None for an empty field, and other text as it is, to be named as wrong."""
    digits = text.removeprefix("-")
    is_number = digits.isascii() and digits.isdecimal() and len(digits) <= MAX_DIGITS
    return int(text) if is_number else text or None
