"""The JSON Schema of a configuration file."""

from __future__ import annotations

from typing import Any

from accelsim.config.machine import MachineConfig
from accelsim.config.run import Config


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a configuration file, for editors."""
    schema = Config.model_json_schema(ref_template="#/$defs/{model}")
    machine = schema["properties"]["machine"]
    overriding = _overriding_schema()
    definitions = {**schema.pop("$defs"), **overriding.pop("$defs"), "OverridingMachineConfig": overriding}
    schema["properties"]["machine"] = {
        "description": "the machine, or the path of a file that holds it, or a base and what differs from it",
        "anyOf": [machine, {"type": "string"}, {"$ref": "#/$defs/OverridingMachineConfig"}],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "accelsim configuration",
        "description": "A CNN accelerator, and what to simulate on it.",
        "$defs": definitions,
    }


def _overriding_schema() -> dict[str, Any]:
    """Describe a machine with a ``base``: nothing else is required, at any depth."""
    schema = MachineConfig.model_json_schema(ref_template="#/$defs/Overriding{model}")
    sections = schema.pop("$defs")
    for section in (schema, *sections.values()):
        section.pop("required", None)
    schema["properties"]["base"] = {
        "type": "string",
        "description": "path of the machine that this one varies",
    }
    return {
        **schema,
        "required": ["base"],
        "$defs": {f"Overriding{name}": section for name, section in sections.items()},
    }
