"""The keys of a configuration that a sweep may vary."""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, get_args

from accelsim.config.run import Config, TilingConfig
from accelsim.config.settings import key_path
from accelsim.documents.wording import shortened
from accelsim.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from pydantic import BaseModel

_ELSEWHERE = {
    "machine": "name a key in it, such as machine.array.rows",
    "run": "name a key in it, such as run.batch",
    "run.workload": "list networks under 'workloads'",
    "run.variants": "list variants under 'variants'",
    "run.input_shape": "a network has the same shape at all points; list networks under 'workloads'",
    "run.strict": "it changes no result; set it in the base",
    "run.energy": "all points have the same table of energies; name it in the base",
    "run.output": "it changes no result; results go where -o says",
}
"""Keys that cannot be varied, and what to do instead."""

_TILINGS = ("run", "tiling")


@cache
def config_keys() -> tuple[str, ...]:
    """All keys of a configuration that have a name of their own, dotted; sections too."""
    return tuple(_keys_below(Config, ""))


def fault_of_key(key: str, value: Any) -> str | None:
    """Say why ``key`` cannot be varied; ``None`` if it can.

    Parameters
    ----------
    key
        A dotted key.
    value
        One of its values: a mapping or not decides what a key below ``run.tiling`` names.
    """
    if key in _ELSEWHERE:
        return f"cannot be varied: {_ELSEWHERE[key]}"
    if key in config_keys() or _names_tiling(key_path(key, value)):
        return None
    return f"unknown key '{shortened(key)}'{did_you_mean(key, config_keys())}"


def _names_tiling(keys: tuple[str, ...]) -> bool:
    layer, *field = keys[len(_TILINGS) :] or ("",)
    return (
        keys[: len(_TILINGS)] == _TILINGS and bool(layer) and all(name in TilingConfig.model_fields for name in field)
    )


def _keys_below(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield prefix + name
        # a section may be optional: the section, or None
        choices = get_args(field.annotation) if isinstance(field.annotation, UnionType) else (field.annotation,)
        for section in choices:
            if isinstance(section, type) and hasattr(section, "model_fields"):
                yield from _keys_below(section, f"{prefix}{name}.")
