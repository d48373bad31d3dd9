"""Text as a wide console would show it."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType


def printed(*parts: RenderableType) -> str:
    file = io.StringIO()
    console = Console(file=file, width=250)
    for part in parts:
        console.print(part)
    return file.getvalue()
