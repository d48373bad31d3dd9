"""Plain data as the text of a YAML file."""

from __future__ import annotations

import io
from typing import Any

from accelsim.documents.core_yaml import core_yaml

UNBROKEN = 2**16
"""Lines that are shorter are not broken: a text in a file of accelsim is one line."""


def yaml_text(data: Any) -> str:
    """Write dicts, lists and scalars, a value a line, in the order that they are in."""
    yaml = core_yaml()
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # declared by its default, None
    yaml.width = UNBROKEN
    text = io.StringIO()
    yaml.dump(data, text)
    return text.getvalue()
