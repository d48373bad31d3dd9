"""Actions in the format of Accelergy (Wu, Emer and Sze, ICCAD 2019), version 0.4, for its own energies."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from accelsim.documents.yaml_text import yaml_text
from accelsim.energy.action import Action, summed

FORMAT_VERSION = 0.4

ROOT = "accelerator"
"""Name of the design's root in an architecture description: components are ``accelerator.ifmap_buffer`` and so on."""


def action_counts_yaml(actions: Iterable[Action]) -> str:
    """Write actions, of one layer or of many, as an ``action_counts.yaml``.

    Widths are arguments of an action: ``width_bits``, and ``by_bits`` of a multiplication.
    """
    by_component = groupby(summed(actions), key=lambda action: action.component)
    local = [{"name": name, "action_counts": [_entry(action) for action in of_it]} for name, of_it in by_component]
    return yaml_text({"action_counts": {"version": FORMAT_VERSION, "subtree": [{"name": ROOT, "local": local}]}})


def _entry(action: Action) -> dict[str, Any]:
    arguments = {"width_bits": action.width_bits}
    if action.by_bits:
        arguments["by_bits"] = action.by_bits
    return {"name": action.action, "arguments": arguments, "counts": action.count}
