"""Text in figures: titles, and names that others have given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelsim.documents.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accelsim.results.records import Records

MAX_NAME_CHARACTERS = 24
"""So much of a layer's name is shown: an inch and a half of 7 pt."""

MAX_SUBJECT_CHARACTERS = 36
"""So much is said of what was simulated: two inches of 8 pt, which axes in a column have."""


def subject(records: Records) -> str:
    """Say what was simulated on what."""
    summary = records.summary
    batch = f", batch {summary.batch}" if summary.batch > 1 else ""
    text = f"{summary.network} on {summary.machine}, BN {summary.bn_placement}{batch}"
    return plain(shortened(text, MAX_SUBJECT_CHARACTERS))


def of_layers(layers: Sequence[str]) -> str:
    """Say of which layers something is shown that were chosen, ahead of which a title goes on; nothing if of all."""
    if not layers:
        return ""
    return f" in {layer_name(layers[0])}" if len(set(layers)) == 1 else f" in {len(set(layers))} layers"


def layer_name(name: str) -> str:
    """Return a layer's name, without its middle if it is long: names begin with their block, and differ at the end."""
    line = " ".join(name.split())
    if len(line) > MAX_NAME_CHARACTERS:
        half = MAX_NAME_CHARACTERS // 2
        line = f"{line[:half]}…{line[1 - half :]}"
    return plain(line)


def plain(text: str) -> str:
    """Return text that matplotlib shows as it is: it takes what stands between two dollars for mathematics."""
    return text.replace("$", r"\$")
