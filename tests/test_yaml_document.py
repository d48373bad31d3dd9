"""Any file becomes plain data with line numbers, or one clear InputError."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, model_validator

from accelsim.errors import InputError
from accelsim.yaml_document import (
    MAX_DEPTH,
    YamlDocument,
    dotted,
    fault_of_file,
    parse_yaml,
    read_yaml,
    reads_as_text,
    shortened,
    validated,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "some.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(tmp_path: Path, content: str | bytes) -> InputError:
    path = written(tmp_path, content)
    with pytest.raises(InputError) as caught:
        read_yaml(path)
    assert caught.value.path == path
    return caught.value


# --- what a file becomes ---------------------------------------------------------------------------------


def test_data_is_plain_and_every_key_path_has_its_line(tmp_path: Path) -> None:
    document = read_yaml(
        written(tmp_path, "# comment\na:\n  b: 1\n  c:\n    - x\n    - {y: [1, 2]}\nd: text\n")
    )
    assert document.data == {"a": {"b": 1, "c": ["x", {"y": [1, 2]}]}, "d": "text"}
    assert document.lines == {
        (): 2,
        ("a",): 2,
        ("a", "b"): 3,
        ("a", "c"): 4,
        ("a", "c", 0): 5,
        ("a", "c", 1): 6,
        ("a", "c", 1, "y"): 6,
        ("a", "c", 1, "y", 0): 6,
        ("a", "c", 1, "y", 1): 6,
        ("d",): 7,
    }


def test_line_of_an_absent_key_is_that_of_the_nearest_enclosing_one(tmp_path: Path) -> None:
    document = read_yaml(written(tmp_path, "\na:\n  b: 1\n"))
    assert document.line_of(("a", "missing", "deeper")) == 2
    assert document.line_of(("missing",)) == 2
    assert YamlDocument(tmp_path, {}, {}).line_of(("a",)) is None


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e9", 1e9),
        ("12.8", 12.8),
        (".5e3", 500.0),
        ("-.inf", -math.inf),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("on", "on"),
        ("yes", "yes"),
        ("1_000", "1_000"),
        ("64/5", "64/5"),
        ("2001-12-14", "2001-12-14"),
        ("1:30", "1:30"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("_", "_"),
        ("-_", "-_"),
        ("=", "="),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(scalar: str, value: Any) -> None:
    data, _ = parse_yaml(f"key: {scalar}")
    assert data == {"key": value}
    assert type(data["key"]) is type(value)


def test_not_a_number_is_read_as_such() -> None:
    data, _ = parse_yaml("key: .nan")
    assert math.isnan(data["key"])


def test_text_that_reads_as_text_is_told_from_the_rest() -> None:
    assert reads_as_text("on")
    assert not any(map(reads_as_text, ("", "1", ".5e3", ".inf", "null", "True")))


def test_aliases_are_expanded_and_the_copies_have_lines(tmp_path: Path) -> None:
    document = read_yaml(written(tmp_path, "a: &x\n  b: 1\nc: *x\nd: [*x]\n"))
    assert document.data == {"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}]}
    assert document.data["a"] is not document.data["c"]
    assert document.lines["c",] == 3
    assert document.lines["c", "b"] == 2
    assert document.lines["d", 0] == 4


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(tmp_path: Path) -> None:
    document = read_yaml(written(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: 2\r\n"))
    assert document.data == {"a": 1, "b": 2}
    assert document.lines["b",] == 2


# --- what is refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("", None, "is empty"),
        ("# nothing\n", None, "is empty"),
        ("---\n", None, "is empty"),
        ("null", None, "is empty"),
        ("\n- 1\n", 2, "must be a mapping of keys to values, not a list"),
        ("just text", 1, "must be a mapping of keys to values, not the text 'just text'"),
        ("a: 1\n---\nb: 2\n", 2, "a second document begins here; one file holds one"),
        ("a: 1\nb: [1,\n2\n", 4, "is not valid YAML: while parsing a flow sequence"),
        ("a: 1\n\tb: 2\n", 2, "is not valid YAML"),
        ("a: b: c\n", 1, "is not valid YAML: mapping values are not allowed here"),
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' is already given in line 1"),
        ("x: {a: 1, a: 1}", 1, "the key 'a' is already given in line 1"),
        ("a: 1\n404: 2\n", 2, "a key must be text, in quotes if need be, not 404"),
        ("true: 2\n", 1, "a key must be text, in quotes if need be, not true"),
        ("? [a, b]\n: 2\n", 1, "a key must be text, in quotes if need be, not a list"),
        ("a: !!python/object/apply:os.system ['true']\n", 1, "tags such as 'tag:yaml.org,2002:python/"),
        ("a: 1\nb: !foo 2\n", 2, "tags such as '!foo' are not allowed"),
        ("a: !!str 2\n", 1, "tags such as 'tag:yaml.org,2002:str' are not allowed"),
        ("a: 1\nb: *nowhere\n", 2, "alias '*nowhere' refers to no earlier anchor"),
        ("a: &x\n  b: *x\n", 2, "alias '*x' refers to a value that it is part of"),
        ("a: &x 1\nb: &x [*x]\n", 2, "alias '*x' refers to a value that it is part of"),
        ("a: 1\nb: " + "9" * 5000, 2, "a number of 5000 characters is not allowed"),
        ("a: 0x" + "f" * 5000, 1, "a number of 5002 characters is not allowed"),
        ("a: 1\nb: \0\n", 2, "the character U+0000 is not allowed"),
        ("a: \x1b[31m\n", 1, "the character U+001B is not allowed"),
        ('a: 1\nb: "x\\0"\n', 2, "the character U+0000 is not allowed"),
        ('\na: "\\n\\n\\0"\n', 2, "the character U+0000 is not allowed"),
        ('a: "\\ud800"\n', 1, "the character U+D800 is not allowed"),
        ('a: "\\UFFFFFFFF"\n', None, "is not valid YAML"),
        ("%YAML 1.20\n---\na: 1\n", None, "is not valid YAML"),
        ("%YAML 9.9\n---\na: 1\n", 1, "is not valid YAML"),
        (b"a: 1\nb: \xff\n", 2, "is not UTF-8 text"),
        ("a: 1".encode("utf-16"), 1, "is not UTF-8 text"),
        ("a: " + "[" * 100_000, 1, f"is nested more than {MAX_DEPTH} levels deep"),
        ("- " * 100_000, 1, f"is nested more than {MAX_DEPTH} levels deep"),
    ],
)
def test_a_bad_file_is_refused_with_line_and_reason(
    tmp_path: Path, content: str | bytes, line: int | None, words: str
) -> None:
    error = refusal(tmp_path, content)
    assert error.line == line
    assert words in error.message
    assert len(str(error)) < 300 + len(str(tmp_path))


def test_values_are_counted_without_aliases_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accelsim.yaml_document.MAX_VALUES", 5)
    assert read_yaml(written(tmp_path, "a: [1, 2, 3]")).data == {"a": [1, 2, 3]}
    assert refusal(tmp_path, "a:\n [1, 2, 3, 4]").message == "holds more than 5 values, aliases expanded"


def test_an_alias_bomb_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    levels = ["l0: &l0 [1, 2, 3, 4, 5, 6, 7, 8, 9]"]
    levels += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert "aliases expanded" in refusal(tmp_path, "\n".join(levels)).message


def test_aliases_cannot_nest_deeper_than_brackets_can(tmp_path: Path) -> None:
    levels = ["l0: &l0 1"] + [f"l{n}: &l{n} [*l{n - 1}]" for n in range(1, 2000)]
    assert "levels deep, aliases expanded" in refusal(tmp_path, "\n".join(levels)).message


def test_a_missing_file_is_named_with_its_nearest_neighbour(tmp_path: Path) -> None:
    (tmp_path / "resnet18.yaml").touch()
    with pytest.raises(InputError) as caught:
        read_yaml(tmp_path / "resnt18.yaml")
    assert str(caught.value) == f"{tmp_path}/resnt18.yaml: no such file; did you mean 'resnet18.yaml'?"


@pytest.mark.parametrize("name", ["absent/some.yaml", "some.yaml/below"])
def test_a_path_through_nothing_or_through_a_file_is_a_missing_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "some.yaml").touch()
    assert fault_of_file(tmp_path / name) == "no such file"


def test_a_folder_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder, not a file"):
        read_yaml(tmp_path)


@pytest.mark.parametrize("name", ["x" * 5000, "\0"])
def test_impossible_file_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_yaml(tmp_path / name)


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "a: 1")

    def denied(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", denied)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        read_yaml(path)


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "a: 12345")
    assert read_yaml(path, max_bytes=8).data == {"a": 12345}
    with pytest.raises(InputError, match="is larger than 7 bytes"):
        read_yaml(path, max_bytes=7)


def outcome(read: Callable[[Any], Any], source: Any) -> Any:
    """What reading gives: its result, or the InputError; anything else fails the test."""
    try:
        return read(source)
    except InputError as error:
        return error


VALID = """\
name: &n net
layers:
  - {name: conv1, kernel: [1, 7], stride: 2.5}
  - name: "a\\tb"
    text: >-
      folded
      text
again: *n
"""
FRAGMENTS = [
    "\0",
    "\t",
    "\n",
    "---\n",
    "...",
    "%YAML 1.3\n",
    "!!x ",
    "!<",
    "&a ",
    "*n",
    "<<: ",
    "? ",
    ": ",
    "- ",
]
FRAGMENTS += [
    "[",
    "]",
    "{",
    "}",
    ",",
    "'",
    '"',
    "|",
    ">2\n",
    "#",
    "\\U99999999",
    "\\x",
    "\ufeff",
    "\x85",
    "9" * 99,
]


@st.composite
def mutations(draw: st.DrawFn) -> str:
    text = VALID
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 4)))
        text = text[:start] + draw(st.sampled_from(FRAGMENTS)) + text[end:]
    return text


def is_plain(data: Any) -> bool:
    if isinstance(data, dict):
        return all(type(key) is str and is_plain(value) for key, value in data.items())
    if isinstance(data, list):
        return all(map(is_plain, data))
    return data is None or type(data) in (str, int, float, bool)


@settings(max_examples=400, deadline=None)
@given(st.one_of(mutations(), st.text(), st.text(alphabet="[]{}:,-?!&*|>%@'\"#\n\t \\a0")))
@example('"\\U99999999"')
@example("%YAML 1.20\n---\n")
def test_no_text_gives_anything_but_plain_data_or_an_input_error(text: str) -> None:
    result = outcome(parse_yaml, text)
    possible = range(1, len(text.splitlines()) + 2)
    if isinstance(result, InputError):
        assert result.message
        assert result.line is None or result.line in possible
    else:
        data, lines = result
        assert is_plain(data)
        assert set(lines.values()) <= set(possible)


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=200))
def test_no_bytes_give_anything_but_a_mapping_or_an_input_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = written(tmp_path_factory.mktemp("bytes"), content)
    result = outcome(read_yaml, path)
    assert result.path == path
    assert isinstance(result, InputError) or isinstance(result.data, dict)


# --- validation ------------------------------------------------------------------------------------------


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
    document = read_yaml(written(tmp_path, content))
    with pytest.raises(InputError) as caught:
        validated(Root, document)
    assert (caught.value.line, caught.value.key or None, caught.value.message) == (line, key, message)


def test_not_a_number_is_out_of_every_range(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"array.rate: must be .*, not nan"):
        validated(Root, read_yaml(written(tmp_path, "array: {rows: 1, rate: .nan}")))


def test_a_part_is_validated_where_it_stands(tmp_path: Path) -> None:
    document = read_yaml(written(tmp_path, "parts:\n- rows: 1\n- rows: 0\n"))
    first, second = document.data["parts"]
    assert validated(Array, document, first, ("parts", 0)).rows == 1
    with pytest.raises(InputError) as caught:
        validated(Array, document, second, ("parts", 1))
    assert str(caught.value) == f"{document.path}:3: parts[1].rows: must be at least 1, not 0"


def test_long_values_are_shortened_and_stay_on_one_line(tmp_path: Path) -> None:
    document = read_yaml(written(tmp_path, "array: {rows: 'many\\n" + "x" * 500 + "'}"))
    with pytest.raises(InputError) as caught:
        validated(Root, document)
    assert len(caught.value.message) < 110
    assert shortened("a\nb") == "a b"


def test_paths_are_written_with_dots_and_brackets() -> None:
    assert dotted(("layers", 3, "kernel", 0)) == "layers[3].kernel[0]"
    assert dotted(()) == ""
