"""Values in messages: named so that they can be found again, and short enough to read."""

from __future__ import annotations

from typing import Any

MAX_SHOWN_CHARACTERS = 60


def described(value: Any) -> str:
    """Name a value in a message: "the text 'abc'", "12", "a list"."""
    match value:
        case None:
            return "an empty value"
        case bool():
            return str(value).lower()
        case str():
            return f"the text '{shortened(value)}'"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return shortened(str(value))


def counted(count: int, what: str) -> str:
    """Say how many there are of something: "1 point", "10,560 points"."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def shortened(text: str, most: int = MAX_SHOWN_CHARACTERS) -> str:
    """Cut what would make a message unreadable: long texts and line breaks."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
