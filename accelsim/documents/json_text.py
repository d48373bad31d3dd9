"""Pydantic's models as JSON, by the standard library: how pydantic itself writes a float depends on its version."""

from __future__ import annotations

import json
from collections.abc import Set
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import BaseModel


def json_text(model: BaseModel, *, indent: int | None = None, include: Set[str] | None = None) -> str:
    """Write a model as JSON.

    Parameters
    ----------
    model
        The model; its numbers are finite.
    indent
        Spaces by which each level is indented; everything in one line, without spaces, if not given.
    include
        Names of the fields to write; all of them if not given.
    """
    data = model.model_dump(mode="json", include=None if include is None else set(include))
    separators = (",", ":") if indent is None else None
    return json.dumps(data, indent=indent, separators=separators, ensure_ascii=False, allow_nan=False)
