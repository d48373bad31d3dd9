"""A stream that says that it is a terminal, and remembers what it is sent."""

from __future__ import annotations

import io
import time

PATIENCE_SECONDS = 20.0
"""A bar is drawn by a thread of its own, which a busy machine may keep waiting."""


class FakeTerminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def wait_for(self, text: str) -> None:
        """Return when the text has been sent."""
        end = time.monotonic() + PATIENCE_SECONDS
        while text not in self.getvalue():
            assert time.monotonic() < end, f"'{text}' is not in {self.getvalue()!r}"
            time.sleep(0.01)
