"""What pydantic finds wrong is told in the words of the file, with its line and key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from accelsim.documents.validation import validated
from accelsim.documents.wording import shortened
from accelsim.documents.yaml_document import YamlDocument, read_yaml
from accelsim.errors import InputError


def document_of(tmp_path: Path, content: str) -> YamlDocument:
    path = tmp_path / "some.yaml"
    path.write_text(content, encoding="utf-8")
    return read_yaml(path)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Tile(Strict):
    height: int | None = Field(None, ge=1)


class Array(Strict):
    rows: int = Field(ge=1, le=4096, description="physical rows")
    rate: float = Field(1.0, gt=0, le=1.5)
    flow: Literal["ws", "is", "os"] = "ws"
    only: Literal["ideal"] = "ideal"
    name: Annotated[str, Field(min_length=1, max_length=5)] = "a"
    shadow: bool = False


class Root(Strict):
    array: Array
    tiles: dict[str, Tile] = {}
    items: Annotated[list[int], Field(min_length=1)] = [1]

    @model_validator(mode="after")
    def _combination(self) -> Root:
        if self.array.shadow:
            raise ValueError("array.shadow: needs more than this array has")
        if self.items == [13]:
            raise ValueError("unlucky: numbers")
        return self


@pytest.mark.parametrize(
    ("content", "line", "key", "message"),
    [
        (
            "array:\n  rwos: 8\n",
            2,
            "array.rwos",
            "unknown key 'rwos'; did you mean 'rows'? (known keys: rows, rate, flow, only, name, shadow)",
        ),
        ("tiles: {}\n", 1, "array", "is missing"),
        ("\narray: {}\n", 2, "array.rows", "is missing (physical rows)"),
        ("array: {rows: abc}", 1, "array.rows", "must be a whole number, not the text 'abc'"),
        ("array: {rows: 1.5}", 1, "array.rows", "must be a whole number, not 1.5"),
        ("array: {rows: true}", 1, "array.rows", "must be a whole number, not true"),
        ("array: {rows: }", 1, "array.rows", "must be a whole number, not an empty value"),
        ("array: {rows: [1]}", 1, "array.rows", "must be a whole number, not a list"),
        ("array: {rows: {a: 1}}", 1, "array.rows", "must be a whole number, not a mapping"),
        ("array: {rows: 0}", 1, "array.rows", "must be at least 1, not 0"),
        ("array:\n  rows: 5000\n", 2, "array.rows", "must be at most 4096, not 5000"),
        ("array: {rows: 1, rate: 0}", 1, "array.rate", "must be more than 0, not 0"),
        ("array: {rows: 1, rate: 1.6}", 1, "array.rate", "must be at most 1.5, not 1.6"),
        ("array: {rows: 1, rate: x}", 1, "array.rate", "must be a number, not the text 'x'"),
        (
            "array: {rows: 1, flow: wss}",
            1,
            "array.flow",
            "must be one of 'ws', 'is', 'os', not 'wss'; did you mean 'ws'?",
        ),
        ("array: {rows: 1, flow: 3}", 1, "array.flow", "must be one of 'ws', 'is', 'os', not 3"),
        ("array: {rows: 1, only: other}", 1, "array.only", "must be 'ideal', not 'other'"),
        ("array: {rows: 1, name: 7}", 1, "array.name", "must be text, not 7"),
        ("array: {rows: 1, name: ''}", 1, "array.name", "must have at least 1 character"),
        ("array: {rows: 1, name: abcdef}", 1, "array.name", "must have at most 5 characters"),
        ("array: {rows: 1, shadow: 'on'}", 1, "array.shadow", "must be true or false, not the text 'on'"),
        ("array: [1]", 1, "array", "must be a mapping of keys to values, not a list"),
        ("tiles: 3\narray: {rows: 1}", 1, "tiles", "must be a mapping of keys to values, not 3"),
        ("array: {rows: 1}\nitems: 3", 2, "items", "must be a list, not 3"),
        ("array: {rows: 1}\nitems: []", 2, "items", "must have at least 1 item"),
        ("array: {rows: 1}\nitems:\n- 1\n- x", 4, "items[1]", "must be a whole number, not the text 'x'"),
        (
            "array: {rows: 1}\ntiles:\n  height:\n    hight: 2\n",
            4,
            "tiles.height.hight",
            "unknown key 'hight'; did you mean 'height'? (known keys: height)",
        ),
        (
            "array:\n  rows: 1\n  shadow: true\n",
            3,
            "array.shadow",
            "needs more than this array has",
        ),
        ("array: {rows: 1}\nitems: [13]", 1, None, "unlucky: numbers"),
    ],
)
def test_a_fault_is_told_with_line_key_and_words(
    tmp_path: Path, content: str, line: int, key: str | None, message: str
) -> None:
    document = document_of(tmp_path, content)
    with pytest.raises(InputError) as caught:
        validated(Root, document)
    assert (caught.value.line, caught.value.key or None, caught.value.message) == (line, key, message)


def test_not_a_number_is_out_of_every_range(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"array.rate: must be .*, not nan"):
        validated(Root, document_of(tmp_path, "array: {rows: 1, rate: .nan}"))


def test_a_part_is_validated_where_it_stands(tmp_path: Path) -> None:
    document = document_of(tmp_path, "parts:\n- rows: 1\n- rows: 0\n")
    first, second = document.data["parts"]
    assert validated(Array, document, first, ("parts", 0)).rows == 1
    with pytest.raises(InputError) as caught:
        validated(Array, document, second, ("parts", 1))
    assert str(caught.value) == f"{document.path}:3: parts[1].rows: must be at least 1, not 0"


def test_long_values_are_shortened_and_stay_on_one_line(tmp_path: Path) -> None:
    document = document_of(tmp_path, "array: {rows: 'many\\n" + "x" * 500 + "'}")
    with pytest.raises(InputError) as caught:
        validated(Root, document)
    assert len(caught.value.message) < 110
    assert shortened("a\nb") == "a b"
