"""Models as JSON, in bytes that do not depend on pydantic's version."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from accelsim.documents.json_text import json_text


class _Model(BaseModel):
    small: float = 1e-5
    large: float = 1e22
    name: str = "µ"
    inner: dict[str, int | None] = {"a": 1, "b": None}


def test_floats_are_written_as_python_writes_them() -> None:
    assert json_text(_Model()) == '{"small":1e-05,"large":1e+22,"name":"µ","inner":{"a":1,"b":null}}'


def test_indented() -> None:
    assert json_text(_Model(), indent=2, include={"small"}) == '{\n  "small": 1e-05\n}'


def test_it_can_be_read_back() -> None:
    assert _Model.model_validate_json(json_text(_Model(small=0.1))) == _Model(small=0.1)


def test_what_json_has_no_number_for_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text(_Model(small=float("nan")))
