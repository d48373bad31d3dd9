"""Names give way where there is no room, and keep their ends."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from accelsim.report.terminal.name import Name


def shown(name: str, room: int) -> str:
    file = io.StringIO()
    Console(file=file, width=room).print(Name(name))
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "room", "text"),
    [
        ("layer1.0.conv2", 14, "layer1.0.conv2"),
        ("layer1.0.conv2", 13, "layer1….conv2"),
        ("layer1.0.conv2", 12, "layer….conv2"),
        ("[/bold]:smile:", 14, "[/bold]:smile:"),
        ("名前名前名前", 12, "名前名前名前"),
        # Characters that are two columns wide: five columns hold two of them, and the six that are left three.
        ("名前名前名前", 11, "名前…前名前"),
        ("名前名前名前", 10, "名前…名前"),
    ],
)
def test_what_is_shown_of_a_name(name: str, room: int, text: str) -> None:
    assert shown(name, room) == f"{text}\n"


@pytest.mark.parametrize(
    ("name", "least", "most"), [("conv1", 5, 5), ("layer1.0.conv2", 12, 14), ("two words", 9, 9), ("名" * 9, 12, 18)]
)
def test_how_narrow_a_name_may_become(name: str, least: int, most: int) -> None:
    assert tuple(Console(width=80).measure(Name(name))) == (least, most)
