"""The JSON Schema admits every way to write a configuration."""

from __future__ import annotations

import json
import re

from jsonschema import Draft202012Validator

from accelsim.config import config_schema


def test_the_schema_describes_every_way_to_write_a_machine() -> None:
    schema = config_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["machine", "run"]
    whole, path, overriding = schema["properties"]["machine"]["anyOf"]
    assert path == {"type": "string"}
    assert "array" in schema["$defs"][whole["$ref"].removeprefix("#/$defs/")]["required"]
    variant = schema["$defs"][overriding["$ref"].removeprefix("#/$defs/")]
    assert variant["required"] == ["base"]
    assert "base" in variant["properties"]
    assert "required" not in schema["$defs"]["OverridingArrayConfig"]


def test_every_reference_of_the_schema_leads_somewhere() -> None:
    schema = config_schema()
    references = set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(schema)))
    assert references == set(schema["$defs"])


def test_every_default_is_what_its_schema_allows() -> None:
    schema = config_schema()
    checked = 0
    for section in (schema, *schema["$defs"].values()):
        for name, key in section["properties"].items():
            if "default" in key:
                Draft202012Validator({**key, "$defs": schema["$defs"]}).validate(key["default"])
                checked += 1
                assert isinstance(key["default"], str) or name != "sparsity"
    assert checked > 50
