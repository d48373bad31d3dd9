"""CSV files become rows of fields that know their lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.documents.csv_document import CsvRow, read_csv, whole_number
from accelsim.errors import InputError


def rows(folder: Path, text: str) -> list[CsvRow]:
    path = folder / "table.csv"
    path.write_bytes(text.encode())
    return read_csv(path)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a,b\n1,2\n", [CsvRow(1, ("a", "b")), CsvRow(2, ("1", "2"))]),
        ("\r\n a , b ,\r\n\r\n1,,2, ,\r\n", [CsvRow(2, ("a", "b")), CsvRow(4, ("1", "", "2"))]),
        ("a,b,#remark\n#another\nc", [CsvRow(1, ("a", "b")), CsvRow(3, ("c",))]),
        ("a#1,#b,c", [CsvRow(1, ("a#1", "#b", "c"))]),
        ('"a,b"\n"c\nd', [CsvRow(1, ('"a', 'b"')), CsvRow(2, ('"c',)), CsvRow(3, ("d",))]),
    ],
)
def test_rows_and_their_lines(tmp_path: Path, text: str, read: list[CsvRow]) -> None:
    assert rows(tmp_path, text) == read


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("a,b\n")
    assert read_csv(tmp_path / "table.csv", max_bytes=4) == [CsvRow(1, ("a", "b"))]
    with pytest.raises(InputError, match="is larger than 3 bytes"):
        read_csv(tmp_path / "table.csv", max_bytes=3)


def test_control_characters_are_refused_with_their_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"table\.csv:2: the character U\+001B is not allowed"):
        rows(tmp_path, "a\nb\x1bc\n")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("-12", -12),
        ("9" * 30, 10**30 - 1),
        ("9" * 31, "9" * 31),
        ("", None),
        ("-", "-"),
        ("--1", "--1"),
        ("1.0", "1.0"),
        ("1_0", "1_0"),
        ("²", "²"),
        ("٣", "٣"),
    ],
)
def test_whole_numbers(text: str, number: int | str | None) -> None:
    assert whole_number(text) == number
